#include "bench/applications.hpp"

#include <fmt/format.h>

#include <fstream>
#include <stdexcept>

#include "bench/measure.hpp"

namespace muster::bench {
namespace {

constexpr const char* kApplication = R"(apiVersion: v1
kind: ServiceAccount
metadata:
  name: {0}
automountServiceAccountToken: false
---
apiVersion: v1
kind: Service
metadata:
  name: {0}
  labels:
    app.kubernetes.io/name: {0}
spec:
  selector:
    app.kubernetes.io/name: {0}
  ports:
    - name: http
      port: 8080
      targetPort: http
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {0}
  labels:
    app.kubernetes.io/name: {0}
spec:
  replicas: 0
  selector:
    matchLabels:
      app.kubernetes.io/name: {0}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {0}
    spec:
      serviceAccountName: {0}
      containers:
        - name: app
          image: registry.example/team/app:1.0.0
          args: ["--listen=:8080", "--level=info"]
          env:
            - name: NUMBER
              value: "{1}"
          ports:
            - name: http
              containerPort: 8080
          resources:
            requests: {{ cpu: 100m, memory: 128Mi }}
            limits: {{ memory: 128Mi }}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {0}
  labels:
    app.kubernetes.io/name: {0}
spec:
  rules:
    - host: {0}.shop.example
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: {0}
                port:
                  name: http
)";

constexpr const char* kOverlay = R"(apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - ../plain
namespace: shop
labels:
  - pairs:
      fleet: shop
images:
  - name: registry.example/team/app
    newTag: 2.0.0
patches:
  - target:
      kind: Deployment
    patch: |-
      - op: replace
        path: /spec/replicas
        value: 3
)";

void write_file(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary);
  out << text;
  if (!out.flush()) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace

std::string application_name(std::size_t index) { return fmt::format("app-{:04}", index); }

std::string application_yaml(std::size_t index) { return fmt::format(kApplication, application_name(index), index); }

void write_applications(const std::filesystem::path& folder, std::size_t count) {
  std::string plain = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n";
  for (std::size_t i = 0; i < count; ++i) {
    write_file(folder / "apps" / application_name(i) / "app.yaml", application_yaml(i));
    write_file(folder / "apps" / application_name(i) / "kustomization.yaml", "resources:\n  - app.yaml\n");
    plain += fmt::format("  - ../apps/{}\n", application_name(i));
  }
  write_file(folder / "plain" / "kustomization.yaml", plain);
  write_file(folder / "overlay" / "kustomization.yaml", kOverlay);
  shell(
      fmt::format("cd '{}' && git init -q -b main . && git add -A && git -c user.name=bench -c user.email=bench@localhost commit -q -m "
                  "applications && git repack -q -a -d",
                  folder.string()));
}

}  // namespace muster::bench

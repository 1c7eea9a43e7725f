#include "render/files.hpp"

#include <gmock/gmock.h>

namespace muster::render {
namespace {

TEST(FileUse, TakesYamlAndJsonButNothingHiddenOrIgnored) {
  EXPECT_EQ(use_of("a.yaml", {}), FileUse::manifest);
  EXPECT_EQ(use_of("deep/er/a.yml", {}), FileUse::manifest);
  EXPECT_EQ(use_of("a.json", {}), FileUse::manifest);
  EXPECT_EQ(use_of("a.yaml.bak", {}), FileUse::none);
  EXPECT_EQ(use_of("README.md", {}), FileUse::none);
  EXPECT_EQ(use_of(".yaml", {}), FileUse::none);
  EXPECT_EQ(use_of(".github/workflows/build.yml", {}), FileUse::none);
  EXPECT_EQ(use_of("a/.hidden.yaml", {}), FileUse::none);
  EXPECT_EQ(use_of("docs/x/a.yaml", {"docs/*"}), FileUse::none);
  EXPECT_EQ(use_of("values.yaml", {"docs/*", "values.yaml"}), FileUse::none);
}

TEST(FileUse, KnowsKustomizationsByName) {
  EXPECT_EQ(use_of("base/kustomization.yaml", {}), FileUse::kustomization);
  EXPECT_EQ(use_of("Kustomization", {}), FileUse::kustomization);
  EXPECT_EQ(use_of("kustomization.yaml", {"kustomization.yaml"}), FileUse::none);
}

TEST(Kustomization, IsHarmlessWhileItOnlyListsFiles) {
  EXPECT_EQ(
      changes_objects(Object{{"apiVersion", "kustomize.config.k8s.io/v1beta1"}, {"kind", "Kustomization"}, {"resources", Array{"a.yaml"}}}),
      std::nullopt);
  EXPECT_EQ(changes_objects(Object{{"resources", Array{}}, {"namePrefix", "x-"}}), "namePrefix");
}

TEST(Likeness, SaysWhatAForeignFileIs) {
  EXPECT_THAT(looks_like("chart/templates/deployment.yaml", "kind: {{ .Values.kind }}"), testing::HasSubstr("template"));
  EXPECT_THAT(looks_like("docker-compose.yml", "services:\n  web: {}\n"), testing::HasSubstr("Compose"));
  EXPECT_THAT(looks_like("chart/values.yaml", "replicas: 1"), testing::HasSubstr("Helm"));
  EXPECT_EQ(looks_like("a.yaml", "x: 1"), "");
}

}  // namespace
}  // namespace muster::render

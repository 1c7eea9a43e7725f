// `<service>/release.yaml`: what an instance's descriptor was made from. People read it in reviews, so it is sorted and
// small; whoever knows it can make the same objects again. Plain values; parsing fails with invalid.
//
//   format: 1
//   service: cart
//   environment: production
//   release: sha256:…            # over the content of the inputs: sources, images, declaration; never commits
//   objects: sha256:…            # over the objects beside this file
//   bundle: sha256:…             # over sources and images
//   inputs:
//     declaration: {digest: sha256:…, cause: fleet}
//     image.main: {reference: ghcr.io/shop/cart:1.4.2, literal: true, cause: image}
//     source: {commit: …, tree: …, branch: main, path: deploy, repository: github.com/shop/cart, cause: push}
//     from: {environment: staging, record: …, bundle: sha256:…, cause: promotion}
//   fleet: {name: shop, revision: …, edition: "1.0"}
//   muster: 0.1.0
//   kinds: [std.web, std.workload]
//   renderer: manifests/1
//   namespace: shop
//   needs: [payments, idp@prod-eu]
//   together: [schema]
//   renamed_from: [basket]
//   job: {rerun: once, run: sha256:…}
//   identities:                  # in the order in which they are applied
//     - Service shop/cart
//     - Deployment.apps shop/cart
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/digest.hpp"
#include "muster/base/result.hpp"
#include "muster/manifest/object.hpp"
#include "muster/record/inputs.hpp"

namespace muster::record {

/// One input as it stands, and how it came there.
struct StandingInput {
  InputValue value;
  Cause cause = Cause::manual;
  friend bool operator==(const StandingInput&, const StandingInput&) = default;
};

struct ReleaseNeed {
  std::string service;
  std::string environment;
  friend bool operator==(const ReleaseNeed&, const ReleaseNeed&) = default;
};

struct ReleaseJob {
  bool always = false;  ///< `rerun = always`
  Digest run;           ///< Of the bundle and what the job runs: success is kept under this.
  friend bool operator==(const ReleaseJob&, const ReleaseJob&) = default;
};

struct Release {
  std::string service;
  std::string environment;
  Digest release;
  Digest objects;
  std::map<std::string, StandingInput> inputs;
  std::string fleet;
  FleetStamp made_by;
  std::vector<std::string> kinds;
  std::string renderer;
  std::string namespace_name;
  std::vector<ReleaseNeed> needs;
  std::vector<std::string> together;
  std::vector<std::string> renamed_from;
  std::optional<ReleaseJob> job;
  std::vector<manifest::ObjectId> identities;

  [[nodiscard]] Inputs values() const;
  [[nodiscard]] Bundle bundle() const;
  friend bool operator==(const Release&, const Release&) = default;
};

/// Over the contents of the inputs, whatever order and commits: equal exactly when the release is the same.
Digest release_digest(const Inputs& inputs);

std::string print(const Release& release);
/// Reason::unsupported where a newer muster wrote it.
Result<Release> parse_release(std::string_view bytes, std::string_view path);

}  // namespace muster::record

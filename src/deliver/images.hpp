// Images: what registries say in one run. A repository is listed once, and a tag resolved once, however many instances and
// environments ask; what is pinned already is not asked at all.
//
// Thread-safety: one thread; it asks on `jobs` threads. Failures are kept as answers.
#pragma once

#include <map>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/record/inputs.hpp"
#include "muster/registry/registry.hpp"

namespace muster::deliver {

class Images {
 public:
  Images() = default;
  Images(registry::Registries* registries, std::span<const model::Registry> declared, unsigned jobs)
      : registries_(registries), declared_(declared), jobs_(jobs) {}

  /// Lists the repositories that these policies choose from.
  void list(std::span<const model::ImagePolicy* const> policies, const std::stop_token& stop);
  /// Asks for the digests that these references have now.
  void pin(const std::set<model::ImageReference>& references, const std::stop_token& stop);

  /// The tag that a policy chooses; what was not listed before is a failure.
  Result<registry::Choice> choose(const model::ImagePolicy& policy);
  /// nullptr: it was not asked for.
  [[nodiscard]] const Result<std::string>* digest(const model::ImageReference& reference) const;
  /// Was what this reference names by digest signed with one of the keys? Asked once.
  const Result<void>& signature(const model::ImageReference& reference, std::span<const std::string> keys, const std::stop_token& stop);
  /// Without registries every reference stays text.
  [[nodiscard]] bool asks() const { return registries_ != nullptr; }
  /// Does the fleet say how to reach this registry? Literal references are pinned only where it does.
  [[nodiscard]] bool reaches(const model::ImageReference& reference) const;

 private:
  registry::Registries* registries_ = nullptr;
  std::span<const model::Registry> declared_;
  unsigned jobs_ = 1;
  std::map<std::string, Result<std::vector<std::string>>, std::less<>> tags_;  ///< By ImageReference::where.
  std::map<std::string, registry::Choice> choices_;                            ///< By repository and rule.
  std::map<model::ImageReference, Result<std::string>> digests_;
  std::map<std::string, Result<void>> signatures_;  ///< By reference and keys.
};

/// What is written in place of a reference once its digest is known: "ghcr.io/shop/cart@sha256:…".
std::string pinned(std::string_view reference, std::string_view digest);
/// Is what was recorded an image of this repository?
bool is_of(const record::ImageValue& recorded, const model::ImageReference& repository);
/// Do both name the same tag of the same repository, whether pinned or not?
bool names_same(const record::ImageValue& recorded, std::string_view reference);

}  // namespace muster::deliver

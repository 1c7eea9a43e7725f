#include "deliver/images.hpp"

#include <fmt/core.h>

#include "muster/base/parallel.hpp"
#include "muster/base/text.hpp"
#include "muster/registry/signature.hpp"

namespace muster::deliver {
namespace {

Failure no_registries() { return stalled(Reason::unsupported, "registries are not asked here"); }

}  // namespace

void Images::list(std::span<const model::ImagePolicy* const> policies, const std::stop_token& stop) {
  std::vector<const model::ImageReference*> wanted;
  std::set<std::string> seen;
  for (const model::ImagePolicy* policy : policies) {
    if (!policy->tag.empty()) continue;  // A moving tag needs no list.
    std::string where = policy->repository.where();
    if (!tags_.contains(where) && seen.insert(std::move(where)).second) wanted.push_back(&policy->repository);
  }
  std::vector<Result<std::vector<std::string>>> answers(wanted.size(), no_registries());
  if (registries_ != nullptr) {
    for_each_index(wanted.size(), jobs_,
                   [&](std::size_t i) { answers[i] = registries_->tags(registry::access_of(declared_, *wanted[i]), *wanted[i], stop); });
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) tags_.emplace(wanted[i]->where(), std::move(answers[i]));
}

void Images::pin(const std::set<model::ImageReference>& references, const std::stop_token& stop) {
  std::vector<model::ImageReference> wanted;
  for (const model::ImageReference& reference : references) {
    if (!digests_.contains(reference)) wanted.push_back(reference);
  }
  std::vector<Result<std::string>> answers(wanted.size(), no_registries());
  if (registries_ != nullptr) {
    for_each_index(wanted.size(), jobs_,
                   [&](std::size_t i) { answers[i] = registries_->digest(registry::access_of(declared_, wanted[i]), wanted[i], stop); });
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) digests_.emplace(wanted[i], std::move(answers[i]));
}

Result<registry::Choice> Images::choose(const model::ImagePolicy& policy) {
  const std::string where = policy.repository.where();
  const auto tags = tags_.find(where);
  if (tags == tags_.end()) return retry(Reason::unreachable, fmt::format("{} was not listed", where));
  if (!tags->second.ok()) return tags->second.failure();
  const std::string key = where + " " + policy.rule();
  auto known = choices_.find(key);
  if (known == choices_.end()) known = choices_.emplace(key, registry::choose(policy, *tags->second)).first;
  return known->second;
}

const Result<std::string>* Images::digest(const model::ImageReference& reference) const {
  const auto found = digests_.find(reference);
  return found == digests_.end() ? nullptr : &found->second;
}

const Result<void>& Images::signature(const model::ImageReference& reference, std::span<const std::string> keys,
                                      const std::stop_token& stop) {
  const std::string about = reference.text() + " " + join({keys.begin(), keys.end()}, "\n");
  auto known = signatures_.find(about);
  if (known != signatures_.end()) return known->second;
  Result<void> answer = no_registries();
  if (registries_ != nullptr) {
    const auto signer = registry::signer_of(*registries_, registry::access_of(declared_, reference), reference, keys, stop);
    answer = signer.ok() ? Result<void>() : Result<void>(signer.failure());
  }
  return signatures_.emplace(about, std::move(answer)).first->second;
}

bool Images::reaches(const model::ImageReference& reference) const {
  return registries_ != nullptr && registry::registry_of(declared_, reference) != nullptr;
}

std::string pinned(std::string_view reference, std::string_view digest) {
  std::string_view name = reference.substr(0, reference.find('@'));
  const std::size_t colon = name.rfind(':');
  const std::size_t slash = name.rfind('/');
  if (colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash)) name = name.substr(0, colon);
  return fmt::format("{}@{}", name, digest);
}

bool is_of(const record::ImageValue& recorded, const model::ImageReference& repository) {
  const auto reference = model::parse_image_reference(recorded.reference);
  return reference.ok() && reference->where() == repository.where();
}

bool names_same(const record::ImageValue& recorded, std::string_view reference) {
  if (recorded.reference == reference) return true;
  const auto named = model::parse_image_reference(reference);
  if (!named.ok() || !is_of(recorded, *named)) return false;
  if (!named->digest.empty()) return recorded.digest == named->digest;
  return !recorded.digest.empty() && recorded.tag == (named->tag.empty() ? "latest" : named->tag);
}

}  // namespace muster::deliver

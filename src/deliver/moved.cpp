#include "deliver/moved.hpp"

#include <fmt/core.h>

#include "deliver/images.hpp"

namespace muster::deliver {
namespace {

using record::ImageValue;
using record::SourceValue;

Judged same() { return {}; }
Judged moved() { return {Judged::Verdict::moved, {}}; }
Judged held(Obstacle obstacle, std::string_view input) {
  obstacle.input = input;
  return {Judged::Verdict::held, std::move(obstacle)};
}

/// Whatever the fleet files say moves only forward with them.
Judged moved_by_fleet(std::string_view input, const Base& base, const FleetOrder& order) {
  auto obstacle = order(base.made_by);
  return obstacle ? held(std::move(*obstacle), input) : moved();
}

std::optional<git::Oid> commit_of(const ImageValue& image) { return git::Oid::parse(image.commit); }

/// Under one rule only the same tag with a new digest, or a higher tag, is newer.
Judged judge_watched(const std::string& input, const ImageValue& base, const ImageValue& observed, const model::ImagePolicy& policy) {
  if (policy.order(observed.tag, base.tag) >= 0) return moved();
  Obstacle obstacle;
  obstacle.why = Why::list_shrank;
  obstacle.text = fmt::format("the list of tags shrank: `{}` selects {} now, {} was recorded", observed.rule, observed.tag, base.tag);
  obstacle.lift = "put the tag back, or `muster resume` to take the lower one";
  return held(std::move(obstacle), input);
}

}  // namespace

Base base_of(const record::ServiceLedger* ledger, const std::string& input) {
  Base base;
  if (ledger == nullptr) return base;
  if (const auto* entry = ledger->input(input)) {
    base.made_by = entry->made_by;
    if (!std::holds_alternative<record::Absent>(entry->value)) base.value = &entry->value;
  }
  if (ledger->resume) {
    const auto accepted = ledger->resume->accepted.find(input);
    if (accepted != ledger->resume->accepted.end()) base.value = &accepted->second;
  }
  return base;
}

Result<Judged> judge_source(const Base& base, const SourceValue& observed, const Descends& descends, const FleetOrder& order) {
  const auto* known = base.value == nullptr ? nullptr : std::get_if<SourceValue>(base.value);
  if (known == nullptr) return moved();
  if (known->tree == observed.tree) return same();
  if (!known->same_key(observed)) return moved_by_fleet(record::kSource, base, order);
  MUSTER_TRY(const bool newer, descends(known->commit, observed.commit));
  if (newer) return moved();
  Obstacle obstacle;
  obstacle.why = Why::rewound;
  obstacle.text = fmt::format("the branch {} of {} was rewound: {} was recorded, and {} does not descend from it", observed.branch,
                              observed.repository, known->commit.short_text(), observed.commit.short_text());
  obstacle.lift = "put the branch right, or `muster resume` to take it as it is";
  return held(std::move(obstacle), record::kSource);
}

Result<Judged> judge_image(const std::string& input, const Base& base, const ImageValue& observed, const model::ImagePolicy* policy,
                           const Descends& descends, const FleetOrder& order) {
  const auto* known = base.value == nullptr ? nullptr : std::get_if<ImageValue>(base.value);
  if (known == nullptr) return moved();
  if (record::same_content(*known, observed)) return same();
  if (observed.literal || known->literal) return moved_by_fleet(input, base, order);
  if (observed.rule != known->rule) return moved_by_fleet(input, base, order);
  if (policy != nullptr && !is_of(*known, policy->repository)) return moved_by_fleet(input, base, order);
  if (policy != nullptr) return judge_watched(input, *known, observed, *policy);
  // From CI: a build of something older than what is recorded has nothing to say.
  const auto known_commit = commit_of(*known);
  const auto observed_commit = commit_of(observed);
  if (known_commit && observed_commit && *known_commit != *observed_commit) {
    MUSTER_TRY(const bool older, descends(*observed_commit, *known_commit));
    if (older) return same();
  }
  return moved();
}

Judged judge_declaration(const Base& base, const record::DeclarationValue& observed, const FleetOrder& order) {
  const auto* known = base.value == nullptr ? nullptr : std::get_if<record::DeclarationValue>(base.value);
  if (known != nullptr && known->digest == observed.digest) return same();
  // Also where the service was removed: an older fleet that still has it does not bring it back.
  return moved_by_fleet(record::kDeclaration, base, order);
}

}  // namespace muster::deliver

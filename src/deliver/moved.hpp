// When an input moves: what is observed against what the ledger says, never against what stands. Pure: whatever must be
// asked of a repository comes in as a function.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "muster/base/result.hpp"
#include "muster/deliver/outcome.hpp"
#include "muster/model/image.hpp"
#include "muster/record/inputs.hpp"
#include "muster/record/ledger.hpp"

namespace muster::deliver {

/// Is the first commit equal to, or an ancestor of, the second, in the repository that is asked about? A commit that is
/// not there is no ancestor.
using Descends = std::function<Result<bool>(const git::Oid& ancestor, const git::Oid& descendant)>;
/// May what comes from the fleet files replace something that was recorded from `made_by`? nullopt: yes.
using FleetOrder = std::function<std::optional<Obstacle>(const record::FleetStamp& made_by)>;

struct Judged {
  enum class Verdict : std::uint8_t { same, moved, held } verdict = Verdict::same;
  Obstacle obstacle;
};

/// What is compared: the ledger's entry, or what a person accepted by `resume` in its place.
struct Base {
  const record::InputValue* value = nullptr;  ///< nullptr: nothing was recorded, or it was removed.
  record::FleetStamp made_by;
};
Base base_of(const record::ServiceLedger* ledger, const std::string& input);

Result<Judged> judge_source(const Base& base, const record::SourceValue& observed, const Descends& descends, const FleetOrder& order);
/// `policy`: the rule by which it is watched; nullptr: by none.
Result<Judged> judge_image(const std::string& input, const Base& base, const record::ImageValue& observed, const model::ImagePolicy* policy,
                           const Descends& descends, const FleetOrder& order);
Judged judge_declaration(const Base& base, const record::DeclarationValue& observed, const FleetOrder& order);

}  // namespace muster::deliver

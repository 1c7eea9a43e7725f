// Approvals: which of those that stand on the branch count for a value, and for which gate.
#pragma once

#include <string>
#include <vector>

#include "deliver/pass.hpp"

namespace muster::deliver {

/// Approvers whose word counts for exactly this value of an input, under a gate's `from`; distinct, sorted.
std::vector<std::string> approvers_of(Pass& pass, const Item& item, const std::string& input, const record::InputValue& value,
                                      const std::vector<std::string>& teams);
/// Was this input of the instance approved with a value that is not the one that waits?
bool approves_another(const Pass& pass, const Item& item, const std::string& input, const record::InputValue& value);
/// Did somebody whose word counts say that this gate need not hold for exactly these values?
bool skips(Pass& pass, const Item& item, const MovedInputs& moved, std::string_view gate);
/// All gates of an instance: the environment's and its own.
std::vector<const model::Gate*> gates_of(const Pass& pass, const Item& item);

}  // namespace muster::deliver

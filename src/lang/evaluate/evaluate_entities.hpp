// Evaluates fleet, teams, targets, repositories, forges, registries, environments, groups and freezes, from one thread.
// Failure: an error in one of them poisons it; in most of them it is a barrier (2-language ★7).
#pragma once

#include "lang/evaluate/ladder.hpp"
#include "lang/program.hpp"

namespace muster::lang {

void evaluate_entities(Program& program, Ladders& ladders, diag::Diagnostics& out);

}  // namespace muster::lang

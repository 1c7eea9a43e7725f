// What a Compilation keeps.
#pragma once

#include "lang/evaluate/ladder.hpp"
#include "lang/program.hpp"
#include "muster/lang/compile.hpp"

namespace muster::lang {

struct Compilation::State {
  Program program;
  Ladders ladders{program, program.arena};
  diag::Diagnostics diagnostics;
  model::Fleet fleet;
};

}  // namespace muster::lang

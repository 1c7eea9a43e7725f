#include "cli/verbs.hpp"

#include <algorithm>
#include <array>

#include "cli/reference.hpp"
#include "cli/session.hpp"

namespace muster::cli {
namespace {

constexpr Option kGlobal[] = {
    {"-C", "DIR", "start looking for the fleet in DIR instead of the working directory"},
    {"--state", "DIR", "keep mirrors, caches and the embedded environment repository in DIR instead of .muster at the fleet's root"},
    {"--jobs", "N", "at most N instances at a time; the result is the same for any N"},
    {"--json", "", "print the result as JSON (long work: one JSON object a line, the last one is the result)"},
    {"--verbose", "", "say more on standard error"},
    {"--help", "", "explain the verb, with an example"},
};

}  // namespace

std::span<const Option> global_options() { return kGlobal; }

std::span<const Verb> verbs() {
  static const std::array kVerbs = {
      kInit,    kCheck,  kPlan,   kApply, kBuild,   kDeliver, kReconcile, kServe, kPromote, kRollback, kHold,    kResume,
      kApprove, kRetire, kStatus, kWhy,   kHistory, kDiff,    kGraph,     kEval,  kDump,    kExplain,  kVersion,
  };
  return kVerbs;
}

const Verb* find_verb(std::string_view name) {
  if (name == kReference.name) return &kReference;  // For packagers; not in the list that people read.
  const auto all = verbs();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Verb& verb) { return verb.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace muster::cli

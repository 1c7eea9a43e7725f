// The constants that the verb table (verbs.cpp) lists; each is defined in the file of its name.
#pragma once

#include "cli/verb.hpp"

namespace muster::cli {

extern const Verb kApply;
extern const Verb kApprove;
extern const Verb kCheck;
extern const Verb kBuild;
extern const Verb kDeliver;
extern const Verb kDiff;
extern const Verb kDump;
extern const Verb kEval;
extern const Verb kExplain;
extern const Verb kGraph;
extern const Verb kHistory;
extern const Verb kHold;
extern const Verb kInit;
extern const Verb kPlan;
extern const Verb kPromote;
extern const Verb kReconcile;
extern const Verb kReference;
extern const Verb kResume;
extern const Verb kRetire;
extern const Verb kRollback;
extern const Verb kServe;
extern const Verb kStatus;
extern const Verb kVersion;
extern const Verb kWhy;

}  // namespace muster::cli

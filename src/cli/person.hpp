// Who asks: the name that stands in holds, approvals and rollbacks.
#pragma once

#include "cli/session.hpp"
#include "muster/deliver/verbs.hpp"

namespace muster::cli {

/// GIT_AUTHOR_NAME/_EMAIL, else what `git config` says, else the login name at this machine.
deliver::Person person(Session& session);

}  // namespace muster::cli

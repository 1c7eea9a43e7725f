#include "cli/session.hpp"
#include "cli/verbs.hpp"

namespace muster::cli {
namespace {

int run(Session& session) {
  if (session.json()) return session.finish(Object{{"version", MUSTER_VERSION}, {"language", "1.0"}}, kDone);
  session.out().print("muster {} (language 1.0)", MUSTER_VERSION);
  return kDone;
}

}  // namespace

const Verb kVersion = {"version",
                       "print the version",
                       "Prints the version of the program and of the language it reads.",
                       "",
                       {},
                       "$ muster version",
                       "version, language.",
                       run};

}  // namespace muster::cli

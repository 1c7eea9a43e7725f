#include <array>

#include "cli/reference.hpp"
#include "cli/session.hpp"
#include "cli/verbs.hpp"

namespace muster::cli {
namespace {

struct Page {
  std::string_view name;
  std::string (*make)();
};
constexpr std::array<Page, 4> kPages = {
    {{"man", manual_page}, {"bash", bash_completion}, {"zsh", zsh_completion}, {"fish", fish_completion}}};

int run(Session& session) {
  const auto& operands = session.arguments().operands;
  for (const Page& page : kPages) {
    if (operands.size() != 1 || operands.front() != page.name) continue;
    session.out().raw(page.make());
    return kDone;
  }
  return session.misuse("takes man, bash, zsh or fish");
}

}  // namespace

const Verb kReference = {"reference",
                         "print the manual page or a shell completion",
                         "Prints muster(1), or the completion of a shell, made from the table of verbs.",
                         "man|bash|zsh|fish",
                         {},
                         "$ muster reference bash > /etc/bash_completion.d/muster",
                         "",
                         run};

}  // namespace muster::cli

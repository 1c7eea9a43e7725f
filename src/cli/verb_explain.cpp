#include "cli/session.hpp"
#include "cli/verbs.hpp"
#include "muster/base/text.hpp"
#include "muster/diag/catalogue.hpp"

namespace muster::cli {
namespace {

int list(Session& session) {
  if (session.json()) {
    Array codes;
    for (const diag::Page& code : diag::pages()) codes.emplace_back(Object{{"code", code.code}, {"title", code.title}});
    return session.finish(Object{{"codes", std::move(codes)}}, kDone);
  }
  for (const diag::Page& code : diag::pages()) session.out().print("{}  {}", code.code, code.title);
  return kDone;
}

int run(Session& session) {
  const auto& operands = session.arguments().operands;
  if (operands.empty()) return list(session);
  if (operands.size() != 1) return session.misuse("takes one code");
  const diag::Page* code = diag::find_page(operands.front());
  if (code == nullptr) return session.misuse(fmt::format("there is no code `{}`; `muster explain` lists them", operands.front()));
  if (session.json()) return session.finish(Object{{"code", code->code}, {"title", code->title}, {"page", code->text}}, kDone);
  session.out().raw(code->text);
  return kDone;
}

}  // namespace

const Verb kExplain = {"explain",
                       "print the page about a diagnostic code",
                       "Prints what a code means, with a wrong and a right example. Without a code: the list of all.",
                       "[CODE]",
                       {},
                       "$ muster explain F0201",
                       "code, title, page; without a code: codes ([{code, title}]).",
                       run};

}  // namespace muster::cli

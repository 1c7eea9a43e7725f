#include "lang/check/later.hpp"

#include <algorithm>

namespace muster::lang {
namespace {

struct LaterWord {
  EntityWord word;
  std::string_view code;
  std::string_view message;
  std::string_view help;
  bool barrier;
};

// A rule that nobody holds a fleet against protects nothing, so it stops everything.
constexpr LaterWord kWords[] = {
    {EntityWord::rule, "F0902", "rules come with a later version of muster", "a kind's `require` holds its own services to a condition",
     true},
    {EntityWord::notify, "F0905", "notifications come with a later version of muster", "`muster status --json` can be asked by a script",
     false},
};

struct LaterKind {
  std::string_view kind;
  std::string_view code;
  std::string_view message;
};

constexpr LaterKind kKinds[] = {
    {"std.kustomize", "F0909", "kustomize overlays come with a later version of muster"},
    {"std.helm", "F0909", "charts come with a later version of muster"},
};

void refuse(diag::Diagnostics& out, diag::Span span, std::string_view code, std::string_view message, std::string_view help) {
  out.error(span, code, "{}", message).label("not in this version").help(std::string(help));
}

}  // namespace

bool later_declaration(Program& program, const File& file, const syntax::Decl& declaration, diag::Diagnostics& out) {
  const syntax::Tree& tree = file.tree();
  const diag::Span keyword = tree.span(declaration.keyword);
  switch (declaration.kind) {
    case syntax::DeclKind::import_:
      refuse(out, keyword, "F0901", "imports come with a later version of muster", "copy the kinds that are used into a file of the fleet");
      if (!declaration.alias.empty()) program.import_names.insert(tree.text(declaration.alias), 0);
      return true;
    case syntax::DeclKind::waive:
      refuse(out, keyword, "F0903", "waivers come with a later version of muster", "change what is locked where it is locked");
      return true;
    case syntax::DeclKind::test:
      refuse(out, keyword, "F0904", "tests in fleet files come with a later version of muster", "`muster check` evaluates the whole fleet");
      return true;
    case syntax::DeclKind::entity: break;
    default: return false;
  }
  const auto* found =
      std::find_if(std::begin(kWords), std::end(kWords), [&](const LaterWord& one) { return one.word == declaration.word; });
  if (found == std::end(kWords)) return false;
  refuse(out, keyword, found->code, found->message, found->help);
  program.barrier = program.barrier || found->barrier;
  return true;
}

bool later_kind(const Kind& kind, const Program& program, diag::Span span, diag::Diagnostics& out) {
  for (const LaterKind& one : kKinds) {
    const auto is = [&](KindId id) { return program.kind(id).qualified == one.kind; };
    if (!std::any_of(kind.chain.begin(), kind.chain.end(), is)) continue;
    refuse(out, span, one.code, one.message, "commit what it renders, and use `std.manifests`");
    return true;
  }
  return false;
}

}  // namespace muster::lang

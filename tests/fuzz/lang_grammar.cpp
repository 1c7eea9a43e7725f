// Fleet files: any text gives a tree with ranges inside the file, its dump and its diagnostics can be shown, and parsing it
// again gives the same.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "lang/syntax/parse.hpp"
#include "muster/base/text.hpp"
#include "muster/diag/render.hpp"

namespace {

using namespace muster;

void require(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "%.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

void check_ranges(const lang::Parsed& parsed, std::size_t size) {
  const auto inside = [size](std::uint32_t begin, std::uint32_t end) {
    require(begin <= end && end <= size, "a range outside of the text");
  };
  for (const lang::syntax::Expr& expr : parsed.tree.exprs) inside(expr.range.begin, expr.range.end);
  for (const lang::syntax::Stmt& statement : parsed.tree.stmts) inside(statement.range.begin, statement.range.end);
  for (const lang::syntax::Decl& decl : parsed.tree.decls) inside(decl.range.begin, decl.range.end);
  for (const diag::Diagnostic& diagnostic : parsed.diagnostics.all()) {
    for (const diag::Fix& fix : diagnostic.fixes) inside(fix.span.begin, fix.span.end);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (!is_valid_utf8(text)) return 0;  // diag::read_fleet_files lets no other through
  diag::Sources sources;
  const diag::SourceId id = sources.add("fuzz.fleet", std::string(text));
  const lang::Parsed parsed = lang::parse(id, sources.text(id));
  check_ranges(parsed, size);
  const std::string dump = lang::syntax::dump_syntax(parsed.tree);
  const std::string shown = diag::render_terminal(parsed.diagnostics, sources);
  require(shown.find('\x1b') == std::string::npos, "an escape sequence reached the terminal");
  require(lang::syntax::dump_syntax(lang::parse(id, sources.text(id)).tree) == dump, "parsed twice, two trees");
  static_cast<void>(lang::parse_expression(id, sources.text(id)));
  return 0;
}

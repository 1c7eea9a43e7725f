#include "lang/syntax/docs.hpp"

#include <algorithm>
#include <map>

#include "grammar/scan.hpp"
#include "muster/base/text.hpp"

namespace muster::lang {
namespace {

using Offset = std::uint32_t;

/// Where each item that can be documented begins, sorted.
std::vector<Offset> item_starts(const syntax::Tree& tree) {
  std::vector<Offset> starts;
  for (const syntax::Decl& decl : tree.decls) {
    starts.push_back(decl.range.begin);
    if (decl.kind != syntax::DeclKind::enum_) continue;
    for (const syntax::Range value : tree.name_list(decl.parts)) starts.push_back(value.begin);
  }
  for (const syntax::Stmt& statement : tree.stmts) starts.push_back(statement.range.begin);
  for (const syntax::TypedField& field : tree.typed_fields) starts.push_back(field.range.begin);
  std::sort(starts.begin(), starts.end());
  return starts;
}

}  // namespace

void attach_documentation(syntax::Tree& tree, const std::vector<Offset>& comments) {
  const std::vector<Offset> starts = item_starts(tree);
  std::map<Offset, std::string> found;
  for (const Offset comment : comments) {
    const std::size_t newline = comment == 0 ? std::string_view::npos : tree.input.rfind('\n', comment - 1);
    const auto line = static_cast<Offset>(newline == std::string_view::npos ? 0 : newline + 1);
    const std::string_view before = tree.input.substr(line, comment - line);
    const bool alone = before.find_first_not_of(" \t") == std::string_view::npos;
    auto item = std::lower_bound(starts.begin(), starts.end(), alone ? comment : line);
    if (!alone && (item == starts.end() || *item > comment)) {
      // Behind the last line of an item that began above.
      if (item == starts.begin()) continue;
      --item;
    }
    if (item == starts.end()) continue;
    const char* const text = tree.input.data() + comment + 2;
    const char* const end = grammar::line_end(text, tree.input.data() + tree.input.size());
    std::string& documentation = found[*item];
    if (!documentation.empty()) documentation.push_back('\n');
    documentation.append(trim({text, static_cast<std::size_t>(end - text)}));
  }
  tree.docs.assign(found.begin(), found.end());
}

}  // namespace muster::lang

#include "lang/check/literal_fields.hpp"

#include <algorithm>

namespace muster::lang {

using syntax::ExprKind;

namespace {

bool read(const syntax::Tree& tree, const syntax::Stmt& one, LiteralField& out) {
  if (one.kind != syntax::StmtKind::field || one.op != syntax::Assign::set) return false;
  const auto key = tree.key(one.parts);
  if (key.size() != 1 || key.front().kind != syntax::KeyPart::Kind::word || !is_literal(tree, one.value)) return false;
  out.name = tree.text(key.front());
  out.range = one.range;
  out.values.clear();
  const syntax::Expr& value = tree[one.value];
  if (value.kind != ExprKind::list) {
    out.values.push_back(tree.text(value));
    return true;
  }
  for (const syntax::ExprId item : tree.items(value)) out.values.push_back(tree.text(item));
  return true;
}

}  // namespace

bool is_literal(const syntax::Tree& tree, syntax::ExprId id) {
  const syntax::Expr& expr = tree[id];
  if (expr.kind == ExprKind::name || expr.kind == ExprKind::string) return true;
  if (expr.kind != ExprKind::list) return false;
  const auto items = tree.items(expr);
  return std::all_of(items.begin(), items.end(),
                     [&](syntax::ExprId item) { return tree[item].kind == ExprKind::name || tree[item].kind == ExprKind::string; });
}

std::vector<LiteralField> literal_fields(const syntax::Tree& tree, syntax::BodyId body) {
  std::vector<LiteralField> fields;
  LiteralField field;
  for (const syntax::Stmt& one : tree.statements(body)) {
    if (read(tree, one, field)) fields.push_back(field);
  }
  return fields;
}

bool find_literal_field(const syntax::Tree& tree, syntax::BodyId body, std::string_view name, LiteralField& out) {
  for (const syntax::Stmt& one : tree.statements(body)) {
    if (read(tree, one, out) && out.name == name) return true;
  }
  return false;
}

}  // namespace muster::lang

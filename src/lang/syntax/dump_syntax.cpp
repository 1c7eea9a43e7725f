#include <fmt/format.h>

#include <array>

#include "lang/syntax/syntax.hpp"
#include "muster/base/value.hpp"

namespace muster::lang::syntax {
namespace {

constexpr std::array<std::string_view, 3> kAssigns = {"=", "+=", "-="};

class Dump {
 public:
  explicit Dump(const Tree& tree) : tree_(tree) {}

  std::string whole() {
    for (const DeclId id : tree_.top) declaration(tree_[id]);
    if (tree_.root != kNoExpr) line(expr(tree_.root));
    return std::move(out_);
  }

 private:
  void line(std::string_view text) { out_.append(2 * depth_, ' ').append(text).push_back('\n'); }

  void documentation(Range range) {
    const std::string_view text = tree_.documentation(range.begin);
    if (!text.empty()) line(fmt::format("## {}", quoted(text)));
  }

  static std::string quoted(std::string_view text) {
    std::string result;
    append_json_string(result, text);
    return result;
  }

  [[nodiscard]] std::string_view text(Range range) const { return tree_.text(range); }

  // ---- expressions, on one line ----

  [[nodiscard]] std::string all(std::span<const ExprId> ids, std::string_view open) const {
    std::string result(open);
    for (const ExprId id : ids) result.append(" ").append(expr(id));
    return result + ")";
  }

  [[nodiscard]] std::string key(Slice parts) const {
    std::string result;
    for (const KeyPart& part : tree_.key(parts)) {
      const bool bracket = part.kind == KeyPart::Kind::index;
      if (!result.empty() && !bracket) result.push_back('.');
      switch (part.kind) {
        case KeyPart::Kind::word: result.append(tree_.text(part)); break;
        case KeyPart::Kind::string: result.append(quoted(tree_.text(part))); break;
        case KeyPart::Kind::index: result.append("[" + expr(part.index) + "]"); break;
        case KeyPart::Kind::computed: result.append(expr(part.index)); break;
      }
    }
    return result;
  }

  [[nodiscard]] std::string braces(const Expr& node) const {
    std::string result = Tree::flag(node) ? "(damaged-braces" : "(braces";
    for (const Entry& entry : tree_.entries(node)) result.append(fmt::format(" {} = {};", key(entry.key), expr(entry.value)));
    return result + ")";
  }

  [[nodiscard]] std::string comprehension(const Expr& node) const {
    const Comprehension& loop = tree_.comprehension(node);
    std::string result = fmt::format("({} {}", node.kind == ExprKind::list_for ? "list-for" : "braces-for", text(loop.first));
    if (!loop.second.empty()) result.append(fmt::format(", {}", text(loop.second)));
    result.append(" in ").append(expr(loop.source));
    if (loop.condition != kNoExpr) result.append(" if ").append(expr(loop.condition));
    if (loop.key != kNoExpr) return fmt::format("{}: {} = {})", result, expr(loop.key), expr(loop.value));
    return fmt::format("{}: {})", result, expr(loop.value));
  }

  [[nodiscard]] std::string call(const Expr& node) const {
    std::string result = "(call " + expr(Tree::base(node));
    for (const Arg& arg : tree_.args(node)) {
      result.append(arg.name.empty() ? " " : fmt::format(" {} = ", text(arg.name))).append(expr(arg.value));
    }
    return result + ")";
  }

  [[nodiscard]] std::string expr(ExprId id) const {
    const Expr& node = tree_[id];
    switch (node.kind) {
      case ExprKind::bad: return "<bad>";
      case ExprKind::string: return quoted(tree_.text(node));
      case ExprKind::interpolated: return all(tree_.items(node), "(text");
      case ExprKind::number: return fmt::format("{}{}", tree_.number(node), tree_.unit(node));
      case ExprKind::boolean: return Tree::flag(node) ? "true" : "false";
      case ExprKind::none: return "none";
      case ExprKind::null: return "null";
      case ExprKind::date:
      case ExprKind::name: return std::string(tree_.text(node));
      case ExprKind::list: return all(tree_.items(node), "(list");
      case ExprKind::list_for:
      case ExprKind::braces_for: return comprehension(node);
      case ExprKind::braces: return braces(node);
      case ExprKind::member: return fmt::format("(. {} {})", expr(Tree::base(node)), text(Tree::word(node)));
      case ExprKind::at: return fmt::format("(@ {} {})", expr(Tree::base(node)), text(Tree::word(node)));
      case ExprKind::call: return call(node);
      case ExprKind::index: return fmt::format("(index {} {})", expr(Tree::base(node)), expr(Tree::right(node)));
      case ExprKind::unary: return fmt::format("({} {})", to_string(node.op), expr(Tree::base(node)));
      case ExprKind::binary: return fmt::format("({} {} {})", to_string(node.op), expr(Tree::base(node)), expr(Tree::right(node)));
      case ExprKind::conditional:
        return fmt::format("(if {} {} {})", expr(Tree::condition(node)), expr(Tree::right(node)), expr(Tree::otherwise(node)));
    }
    return {};
  }

  [[nodiscard]] std::string type(TypeId id) const {
    const TypeExpr& node = tree_[id];
    std::string result;
    const bool one_of = node.kind == TypeExpr::Kind::one_of;
    for (const TypeId part : tree_.parts(node)) result.append(result.empty() ? "" : one_of ? " | " : ", ").append(type(part));
    if (node.kind == TypeExpr::Kind::named)
      result = result.empty() ? std::string(text(node.path)) : fmt::format("{}({})", text(node.path), result);
    return node.optional ? result + "?" : result;
  }

  // ---- statements and declarations ----

  [[nodiscard]] std::string with_type(std::string result, TypeId id) const { return id == kNoType ? result : result + ": " + type(id); }
  [[nodiscard]] std::string with_value(std::string result, std::string_view word, ExprId id) const {
    if (id == kNoExpr) return result;
    return fmt::format("{}{}{} {}", result, word.empty() ? "" : " ", word, expr(id));
  }
  [[nodiscard]] std::string names(Slice parts) const {
    std::string result;
    for (const Range name : tree_.name_list(parts)) result.append(result.empty() ? "" : ", ").append(text(name));
    return result;
  }
  [[nodiscard]] std::string clauses(Slice parts) const {
    std::string result;
    for (const ForClause& clause : tree_.clauses(parts)) {
      result.append(fmt::format("{}{} in {}", result.empty() ? "" : ", ", text(clause.name), expr(clause.source)));
    }
    return result;
  }

  [[nodiscard]] std::string head(const Stmt& statement) const {
    const std::string name(text(statement.name));
    switch (statement.kind) {
      case StmtKind::in: return "in " + names(statement.parts);
      case StmtKind::param: return with_value(with_type("param " + name, statement.type), "=", statement.value);
      case StmtKind::let: return with_value(with_type("let " + name, statement.type), "=", statement.value);
      case StmtKind::output: return with_value(with_type("output " + name, statement.type), "=", statement.value);
      case StmtKind::require: return with_value(with_value("require", "", statement.value), "else", statement.other);
      case StmtKind::for_each: return with_value("for " + clauses(statement.parts), "if", statement.value);
      case StmtKind::object: return with_value(with_value("object " + name, "named", statement.other), "when", statement.value);
      case StmtKind::patch: return with_value(with_value("patch", "", statement.other), "when", statement.value);
      case StmtKind::expect_error: return "expect error " + name;
      case StmtKind::expect: return with_value("expect", "", statement.value);
      case StmtKind::entity: return {};
      case StmtKind::field:
        return with_value("field " + key(statement.parts), kAssigns.at(static_cast<std::size_t>(statement.op)), statement.value);
      case StmtKind::block: return "block " + key(statement.parts);
    }
    return {};
  }

  void body(BodyId id) {
    if (id == kNoBody) return;
    ++depth_;
    if (tree_[id].damaged) line("<damaged>");
    for (const Stmt& statement : tree_.statements(id)) {
      if (statement.kind == StmtKind::entity) {
        declaration(tree_[statement.decl]);
        continue;
      }
      documentation(statement.range);
      line((statement.locked ? "locked " : "") + head(statement));
      body(statement.body);
    }
    --depth_;
  }

  void fields(Slice parts) {
    ++depth_;
    for (const TypedField& field : tree_.fields(parts)) {
      documentation(field.range);
      line(with_value(with_type(std::string(text(field.name)), field.type), "=", field.value));
    }
    --depth_;
  }

  void enum_values(Slice parts) {
    ++depth_;
    for (const Range value : tree_.name_list(parts)) {
      documentation(value);
      line(text(value));
    }
    --depth_;
  }

  [[nodiscard]] std::string head(const Decl& decl) const {
    const std::string name(text(decl.name));
    const auto path = [&](std::string_view before) {
      return decl.path.empty() ? std::string() : fmt::format(" {} {}", before, text(decl.path));
    };
    const std::string word(to_string(decl.word));
    switch (decl.kind) {
      case DeclKind::import_:
        return with_value(with_value("import", "", decl.text), "version", decl.version) +
               (decl.alias.empty() ? "" : fmt::format(" as {}", text(decl.alias)));
      case DeclKind::const_: return with_value(with_type("const " + name, decl.type), "=", decl.value);
      case DeclKind::fn:
        return with_value(fmt::format("fn {} -> {}", name, decl.type == kNoType ? "<bad>" : type(decl.type)), "=", decl.value);
      case DeclKind::record: return "type " + name;
      case DeclKind::alias:
        return with_value(fmt::format("type {} = {}", name, decl.type == kNoType ? "<bad>" : type(decl.type)), "where", decl.value);
      case DeclKind::enum_: return "enum " + name;
      case DeclKind::kind: return fmt::format("kind {} for {}{}", name, word, path("extends"));
      case DeclKind::entity: return fmt::format("{} {}{}", word, name, path(":"));
      case DeclKind::defaults:
        return fmt::format("defaults {}{}{}", word, path(":"), decl.alias.empty() ? "" : fmt::format(" for {}", text(decl.alias)));
      case DeclKind::waive: return fmt::format("waive {} for {} {}", text(decl.path), word, name);
      case DeclKind::test: return with_value("test", "", decl.text);
    }
    return {};
  }

  void declaration(const Decl& decl) {
    documentation(decl.range);
    line(head(decl) + (decl.damaged ? " <damaged>" : ""));
    if (decl.kind == DeclKind::enum_) {
      enum_values(decl.parts);
    } else {
      fields(decl.fields);
    }
    body(decl.body);
  }

  const Tree& tree_;
  std::string out_;
  std::size_t depth_ = 0;
};

}  // namespace

std::string dump_syntax(const Tree& tree) { return Dump(tree).whole(); }

}  // namespace muster::lang::syntax

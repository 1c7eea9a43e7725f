#include "lang/syntax/build.hpp"

#include <algorithm>
#include <limits>

namespace muster::lang {

using syntax::Expr;
using syntax::ExprId;
using syntax::ExprKind;
using syntax::KeyPart;
using syntax::kNoBody;
using syntax::kNoExpr;
using syntax::kNoType;
using syntax::Operator;
using syntax::Slice;

namespace {

constexpr std::uint32_t number_of(ExprId id) { return static_cast<std::uint32_t>(id); }

/// `not` binds looser than a comparison: `not a == b` reads as `not (a == b)`.
constexpr std::uint8_t kNotPrecedence = 3;
constexpr std::uint8_t kComparison = 4;
constexpr std::uint8_t kNegatePrecedence = 8;

constexpr std::uint8_t precedence_of(Operator op) {
  switch (op) {
    case Operator::logical_or: return 1;
    case Operator::logical_and: return 2;
    case Operator::logical_not: return kNotPrecedence;
    case Operator::coalesce: return 5;
    case Operator::add:
    case Operator::subtract: return 6;
    case Operator::multiply:
    case Operator::divide:
    case Operator::modulo: return 7;
    case Operator::negate: return kNegatePrecedence;
    default: return kComparison;
  }
}

}  // namespace

template <typename T>
Slice Builder::move_from(Stack<T>& stack, std::uint32_t mark, std::vector<T>& to) {
  const Slice slice{count(to), stack.size() - mark};
  to.insert(to.end(), stack.begin() + mark, stack.end());
  stack.cut(mark);
  return slice;
}

void Builder::reset(syntax::Tree& tree) {
  tree_ = &tree;
  heights_.clear();
  roll_back({});
}

// ---- expressions ----

void Builder::push(const Expr& expr, Range outer, std::uint32_t height) {
  operands_.push({ExprId{count(tree_->exprs)}, outer});
  tree_->exprs.push_back(expr);
  heights_.push_back(static_cast<std::uint16_t>(std::min<std::uint32_t>(height, std::numeric_limits<std::uint16_t>::max())));
}

void Builder::leaf(ExprKind kind, Range range, bool flag) { push({kind, Operator::none, flag, range, 0, 0, 0}, range, 1); }

void Builder::bad(Range range) { leaf(ExprKind::bad, range); }

void Builder::number(Range range, std::uint32_t unit_begin) {
  push({ExprKind::number, Operator::none, false, range, unit_begin, 0, 0}, range, 1);
}

void Builder::string(Range range, Range content) {
  push({ExprKind::string, Operator::none, false, range, content.begin, content.end, 0}, range, 1);
}

void Builder::member(Range word) {
  const Operand base = take();
  const Range range{base.outer.begin, word.end};
  push({ExprKind::member, Operator::none, false, range, number_of(base.id), word.begin, 0}, range, height(base.id) + 1);
}

void Builder::at(Range name) {
  const Operand base = take();
  const Range range{base.outer.begin, name.end};
  push({ExprKind::at, Operator::none, false, range, number_of(base.id), name.begin, 0}, range, height(base.id) + 1);
}

void Builder::call(std::uint32_t end) {
  const std::uint32_t mark = marks_.pop();
  const Operand callee = take();
  std::uint32_t tallest = height(callee.id);
  for (std::uint32_t i = mark; i < args_.size(); ++i) tallest = std::max(tallest, height(args_[i].value));
  const Slice slice = move_from(args_, mark, tree_->arg_nodes);
  const Range range{callee.outer.begin, end};
  push({ExprKind::call, Operator::none, false, range, number_of(callee.id), slice.first, slice.count}, range, tallest + 1);
}

void Builder::index(std::uint32_t end) {
  const Operand which = take();
  const Operand base = take();
  const Range range{base.outer.begin, end};
  push({ExprKind::index, Operator::none, false, range, number_of(base.id), number_of(which.id), 0}, range,
       std::max(height(base.id), height(which.id)) + 1);
}

void Builder::conditional(Range range) {
  const Operand otherwise = take();
  const Operand then = take();
  const Operand condition = take();
  range.end = otherwise.outer.end;
  push({ExprKind::conditional, Operator::none, false, range, number_of(condition.id), number_of(then.id), number_of(otherwise.id)}, range,
       std::max({height(condition.id), height(then.id), height(otherwise.id)}) + 1);
}

void Builder::set_range(Range range) {
  operands_.top().outer = range;
  tree_->exprs[static_cast<std::size_t>(operands_.top().id)].range = range;
}

void Builder::list(Range range) {
  const std::uint32_t mark = marks_.pop();
  std::uint32_t tallest = 0;
  const Slice slice{count(tree_->expr_ids), operands_.size() - mark};
  for (std::uint32_t i = mark; i < operands_.size(); ++i) {
    tallest = std::max(tallest, height(operands_[i].id));
    tree_->expr_ids.push_back(operands_[i].id);
  }
  operands_.cut(mark);
  push({ExprKind::list, Operator::none, false, range, 0, slice.first, slice.count}, range, tallest + 1);
}

void Builder::entry(Range range) {
  const Operand value = take();
  range.end = value.outer.end;
  entries_.push({take_key(), value.id, range});
}

void Builder::braces(Range range) {
  const std::uint32_t mark = marks_.pop();
  const bool damaged = damaged_.pop() != 0;
  std::uint32_t tallest = 0;
  for (std::uint32_t i = mark; i < entries_.size(); ++i) tallest = std::max(tallest, height(entries_[i].value));
  const Slice slice = move_from(entries_, mark, tree_->entry_nodes);
  push({ExprKind::braces, Operator::none, damaged, range, 0, slice.first, slice.count}, range, tallest + 1);
}

void Builder::close_comprehension(ExprKind kind, Range range) {
  const syntax::Comprehension done = comprehensions_.pop();
  const std::uint32_t tallest = std::max({height(done.source), height(done.condition), height(done.key), height(done.value)});
  push({kind, Operator::none, false, range, count(tree_->comprehensions), 0, 0}, range, tallest + 1);
  tree_->comprehensions.push_back(done);
}

// ---- operators ----

void Builder::reduce_one() {
  const Pending pending = operators_.pop();
  const Operand right = take();
  if (pending.prefix) {
    const Range range{pending.where.begin, right.outer.end};
    push({ExprKind::unary, pending.op, false, range, number_of(right.id), 0, 0}, range, height(right.id) + 1);
    return;
  }
  const Operand left = take();
  const Range range{left.outer.begin, right.outer.end};
  push({ExprKind::binary, pending.op, false, range, number_of(left.id), number_of(right.id), pending.where.begin}, range,
       std::max(height(left.id), height(right.id)) + 1);
}

void Builder::reduce(std::uint32_t floor, std::uint8_t precedence) {
  while (operators_.size() > floor && operators_.top().precedence >= precedence) reduce_one();
}

std::optional<syntax::Range> Builder::binary(Operator op, Range where) {
  const std::uint8_t precedence = precedence_of(op);
  std::optional<Range> chained;
  if (precedence == kComparison) {
    reduce(chain_floor_, kComparison + 1);
    if (operators_.size() > chain_floor_ && operators_.top().precedence == kComparison) chained = operators_.top().where;
  }
  reduce(chain_floor_, precedence);
  operators_.push({op, precedence, false, where});
  return chained;
}

void Builder::prefix(Operator op, std::uint32_t begin) { operators_.push({op, precedence_of(op), true, {begin, begin}}); }

// ---- texts ----

void Builder::piece(std::string_view decoded) {
  const std::uint32_t begin = static_cast<std::uint32_t>(tree_->decoded.size());
  tree_->decoded.append(decoded);
  pieces_.push({Piece::Kind::decoded, {begin, begin + static_cast<std::uint32_t>(decoded.size())}, kNoExpr});
}

void Builder::replace_pieces(const std::vector<Piece>& pieces) {
  pieces_.cut(strings_.top().first_piece);
  for (const Piece& piece : pieces) pieces_.push(piece);
}

void Builder::close_string(std::uint32_t end) {
  const OpenString open = strings_.pop();
  const Range range{open.begin, end};
  const std::uint32_t first = open.first_piece;
  const bool interpolated =
      std::any_of(pieces_.begin() + first, pieces_.end(), [](const Piece& piece) { return piece.kind == Piece::Kind::value; });

  // Neighbouring texts become one node; a single piece of the source needs no copy.
  std::vector<ExprId> parts;
  std::uint32_t tallest = 0;
  for (std::size_t i = first; i < pieces_.size();) {
    if (pieces_[i].kind == Piece::Kind::value) {
      parts.push_back(pieces_[i].value);
      tallest = std::max(tallest, height(pieces_[i].value));
      ++i;
      continue;
    }
    std::size_t last = i;
    while (last < pieces_.size() && pieces_[last].kind != Piece::Kind::value) ++last;
    Expr text{ExprKind::string, Operator::none, false, range, pieces_[i].text.begin, pieces_[i].text.end, 0};
    if (last - i > 1 || pieces_[i].kind == Piece::Kind::decoded) {
      const auto begin = static_cast<std::uint32_t>(tree_->decoded.size());
      for (; i < last; ++i) {
        const Range part = pieces_[i].text;
        // A copy: appending a string's own part to it would read what it moves.
        const std::string copy(pieces_[i].kind == Piece::Kind::source
                                   ? tree_->text(part)
                                   : std::string_view(tree_->decoded).substr(part.begin, part.end - part.begin));
        tree_->decoded.append(copy);
      }
      text.a = begin;
      text.b = static_cast<std::uint32_t>(tree_->decoded.size());
      text.flag = true;
    } else if (interpolated) {
      text.range = pieces_[i].text;
    }
    i = last;
    push(text, text.range, 1);
    parts.push_back(take().id);
  }
  pieces_.cut(first);
  if (!interpolated) {
    if (parts.empty()) {
      string(range, {range.begin, range.begin});
    } else {
      operands_.push({parts.front(), range});
    }
    return;
  }
  const Slice slice{count(tree_->expr_ids), static_cast<std::uint32_t>(parts.size())};
  tree_->expr_ids.insert(tree_->expr_ids.end(), parts.begin(), parts.end());
  push({ExprKind::interpolated, Operator::none, false, range, 0, slice.first, slice.count}, range, tallest + 1);
}

// ---- keys ----

void Builder::key_string(Range range) {
  const ExprId id = take().id;
  const Expr& expr = (*tree_)[id];
  if (expr.kind == ExprKind::string) {
    key_parts_.push({KeyPart::Kind::string, expr.flag, range, {expr.a, expr.b}, kNoExpr});
  } else {
    key_parts_.push({KeyPart::Kind::computed, false, range, {}, id});
  }
}

void Builder::close_key() {
  const std::uint32_t mark = marks_.pop();
  keys_.push(move_from(key_parts_, mark, tree_->key_parts));
}

// ---- types ----

void Builder::type_path(Range path) {
  types_.push(syntax::TypeId{count(tree_->types)});
  tree_->types.push_back({syntax::TypeExpr::Kind::named, false, path, path, {}});
}

void Builder::type_arguments(std::uint32_t end) {
  const Slice slice = move_from(types_, marks_.pop(), tree_->type_ids);
  syntax::TypeExpr& type = tree_->types[static_cast<std::size_t>(types_.top())];
  type.parts = slice;
  type.range.end = end;
}

void Builder::type_optional(std::uint32_t end) {
  syntax::TypeExpr& type = tree_->types[static_cast<std::size_t>(types_.top())];
  type.optional = true;
  type.range.end = end;
}

void Builder::alternatives() {
  const std::uint32_t mark = marks_.pop();
  if (types_.size() - mark < 2) return;
  const Range range{(*tree_)[types_[mark]].range.begin, (*tree_)[types_.top()].range.end};
  const Slice slice = move_from(types_, mark, tree_->type_ids);
  types_.push(syntax::TypeId{count(tree_->types)});
  tree_->types.push_back({syntax::TypeExpr::Kind::one_of, false, range, {}, slice});
}

// ---- statements and bodies ----

void Builder::open_statement(std::uint32_t begin) {
  syntax::Stmt statement;
  statement.range = {begin, begin};
  open_statements_.push(statement);
}

void Builder::close_statement(std::uint32_t end) {
  open_statements_.top().range.end = end;
  statements_.push(open_statements_.pop());
}

void Builder::take_names(Slice& into) { into = move_from(names_, 0, tree_->names); }

void Builder::take_clauses(Slice& into) { into = move_from(clauses_, 0, tree_->for_clauses); }

void Builder::body(Range range) {
  const Slice slice = move_from(statements_, marks_.pop(), tree_->stmts);
  bodies_.push(syntax::BodyId{count(tree_->bodies)});
  tree_->bodies.push_back({slice, range, damaged_.pop() != 0});
}

void Builder::damage() {
  if (!damaged_.empty()) {
    damaged_.top() = 1;
  } else if (!open_decls_.empty()) {
    open_decls_.top().damaged = true;
  }
}

// ---- declarations ----

void Builder::open_declaration(std::uint32_t begin) {
  syntax::Decl decl;
  decl.range = {begin, begin};
  open_decls_.push(decl);
}

void Builder::take_fields(Slice& into) { into = move_from(fields_, 0, tree_->typed_fields); }

void Builder::close_declaration(std::uint32_t end) {
  open_decls_.top().range.end = end;
  const syntax::DeclId id{count(tree_->decls)};
  tree_->decls.push_back(open_decls_.pop());
  if (open_statements_.empty()) {
    tree_->top.push_back(id);
  } else {
    open_statements_.top().kind = syntax::StmtKind::entity;
    open_statements_.top().decl = id;
  }
}

void Builder::salvage_declaration(std::uint32_t end) {
  if (open_decls_.empty() || open_decls_[0].name.empty()) return;
  open_decls_[0].damaged = true;
  open_decls_[0].range.end = end;
  tree_->top.push_back(syntax::DeclId{count(tree_->decls)});
  tree_->decls.push_back(open_decls_[0]);
}

}  // namespace muster::lang

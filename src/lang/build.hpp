// Builds a syntax tree from what the grammar matches, innermost first. The parser's actions call it; the pieces of what
// is still open wait on stacks, and roll_back() forgets those of a construct that could not be read.
//
// Ownership: writes into the Tree that it was given. Thread-safety: one Builder a thread; reset() keeps its memory.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lang/syntax.hpp"

namespace muster::lang {

class Builder {
 public:
  using Range = syntax::Range;

  /// Begins a new file.
  void reset(syntax::Tree& tree);

  // ---- expressions: each takes its parts from the stack and leaves one operand ----
  void leaf(syntax::ExprKind kind, Range range, bool flag = false);
  void number(Range range, std::uint32_t unit_begin);
  /// A text whose content is `content` of the source.
  void string(Range range, Range content);
  void bad(Range range);
  void member(Range word);
  void at(Range name);
  void call(std::uint32_t end);
  void index(std::uint32_t end);
  void conditional(Range range);
  /// The operand's outer range takes in its parentheses.
  void widen(Range range) { operands_.back().outer = range; }
  /// The operand's brackets, which were not known when it was made.
  void set_range(Range range);
  void open_list() { marks_.push_back(size(operands_)); }
  void list(Range range);
  void open_entries() { marks_.push_back(size(entries_)); damaged_.push_back(0); }
  void entry(Range range);
  void braces(Range range);
  void open_arguments() { marks_.push_back(size(args_)); }
  void argument_name(Range name) { args_.push_back({name, syntax::kNoExpr}); }
  void named_argument() { args_.back().value = take().id; }
  void positional_argument() { args_.push_back({{}, take().id}); }
  void open_comprehension() { comprehensions_.emplace_back(); }
  syntax::Comprehension& comprehension() { return comprehensions_.back(); }
  void close_comprehension(syntax::ExprKind kind, Range range);

  // ---- operators, joined by precedence when a chain closes ----
  /// Returns what close_chain() wants back: the floor of the chain around this one.
  std::uint32_t open_chain();
  void close_chain(std::uint32_t outer_floor);
  /// Returns the earlier comparison where this one would be chained to it (`a < b < c`).
  std::optional<Range> binary(syntax::Operator op, Range where);
  void prefix(syntax::Operator op, std::uint32_t begin);

  // ---- texts with escapes or interpolations, and """ blocks ----
  struct Piece {
    enum class Kind : std::uint8_t { source, decoded, value } kind;
    Range text;  ///< source: of the file; decoded: of Tree::decoded.
    syntax::ExprId value;
  };
  struct OpenString {
    std::uint32_t begin;
    std::uint32_t first_piece;
  };
  void open_string(std::uint32_t begin) { strings_.push_back({begin, size(pieces_)}); }
  void piece(Range source) { pieces_.push_back({Piece::Kind::source, source, syntax::kNoExpr}); }
  void piece(std::string_view decoded);
  void piece_value() { pieces_.push_back({Piece::Kind::value, {}, take().id}); }
  [[nodiscard]] bool in_string() const { return !strings_.empty(); }
  [[nodiscard]] std::uint32_t string_begin() const { return strings_.back().begin; }
  [[nodiscard]] const std::vector<Piece>& pieces() const { return pieces_; }
  [[nodiscard]] std::uint32_t first_piece() const { return strings_.back().first_piece; }
  void replace_pieces(std::vector<Piece> pieces);
  void close_string(std::uint32_t end);

  // ---- keys ----
  void open_key() { marks_.push_back(size(key_parts_)); }
  void key_word(Range range) { key_parts_.push_back({syntax::KeyPart::Kind::word, false, range, range, syntax::kNoExpr}); }
  void key_string(Range range);
  void key_index(Range range) { key_parts_.push_back({syntax::KeyPart::Kind::index, false, range, {}, take().id}); }
  void close_key();

  // ---- types ----
  void type_path(Range path);
  void open_type_arguments() { marks_.push_back(size(types_)); }
  void type_arguments(std::uint32_t end);
  void type_optional(std::uint32_t end);
  void open_alternatives() { marks_.push_back(size(types_)); }
  void alternatives();
  void open_field(Range name) { fields_.push_back({name, name, syntax::kNoType, syntax::kNoExpr}); }
  syntax::TypedField& field() { return fields_.back(); }

  // ---- statements and bodies ----
  void open_statement(std::uint32_t begin);
  syntax::Stmt& statement() { return open_statements_.back(); }
  void close_statement(std::uint32_t end);
  void name(Range range) { names_.push_back(range); }
  void take_names(syntax::Slice& into);
  void clause(Range name) { clauses_.push_back({name, syntax::kNoExpr}); }
  syntax::ForClause& clause() { return clauses_.back(); }
  void take_clauses(syntax::Slice& into);
  syntax::Slice take_key();
  void open_body() { marks_.push_back(size(statements_)); damaged_.push_back(0); }
  void body(Range range);
  /// Something inside the innermost open body or braces was left out.
  void damage();

  // ---- declarations ----
  void open_declaration(std::uint32_t begin);
  syntax::Decl& declaration() { return open_decls_.back(); }
  void take_fields(syntax::Slice& into);
  /// Ends the innermost declaration; one inside a body becomes its statement's.
  void close_declaration(std::uint32_t end);
  /// Keeps the outermost open declaration, damaged, where its name was read.
  void salvage_declaration(std::uint32_t end);

  // ---- the stacks ----
  syntax::ExprId take_expr() { return take().id; }
  syntax::TypeId take_type();
  syntax::BodyId take_body();
  [[nodiscard]] syntax::ExprKind top_kind() const { return (*tree_)[operands_.back().id].kind; }
  [[nodiscard]] Range top_range() const { return operands_.back().outer; }
  /// Height of the operand on top: evaluation recurses that deep.
  [[nodiscard]] std::uint32_t top_height() const { return heights_[static_cast<std::size_t>(operands_.back().id)]; }

  using Checkpoint = std::array<std::uint32_t, 20>;
  [[nodiscard]] Checkpoint checkpoint() const;
  void roll_back(const Checkpoint& checkpoint);

 private:
  struct Operand {
    syntax::ExprId id;
    Range outer;  ///< With the parentheses around it.
  };
  struct Pending {
    syntax::Operator op;
    std::uint8_t precedence;
    bool prefix;
    Range where;
  };

  template <typename T>
  static std::uint32_t size(const std::vector<T>& stack) { return static_cast<std::uint32_t>(stack.size()); }
  template <typename T>
  static syntax::Slice move_from(std::vector<T>& stack, std::uint32_t mark, std::vector<T>& to);
  std::uint32_t pop_mark();
  Operand take();
  void push(const syntax::Expr& expr, Range outer, std::uint32_t height);
  std::uint32_t height(syntax::ExprId id) const { return id == syntax::kNoExpr ? 0 : heights_[static_cast<std::size_t>(id)]; }
  /// Joins what waits above `floor` and binds at least as tight as `precedence`.
  void reduce(std::uint32_t floor, std::uint8_t precedence);
  void reduce_one();

  syntax::Tree* tree_ = nullptr;
  std::vector<std::uint16_t> heights_;  ///< By ExprId.
  std::vector<Operand> operands_;
  std::vector<Pending> operators_;
  std::uint32_t chain_floor_ = 0;  ///< Operators below belong to chains around this one.
  std::vector<std::uint32_t> marks_;
  std::vector<syntax::Arg> args_;
  std::vector<syntax::Entry> entries_;
  std::vector<syntax::Comprehension> comprehensions_;
  std::vector<OpenString> strings_;
  std::vector<Piece> pieces_;
  std::vector<syntax::KeyPart> key_parts_;
  std::vector<syntax::Slice> keys_;
  std::vector<syntax::TypeId> types_;
  std::vector<syntax::TypedField> fields_;
  std::vector<Range> names_;
  std::vector<syntax::ForClause> clauses_;
  std::vector<syntax::Stmt> open_statements_;
  std::vector<syntax::Stmt> statements_;
  std::vector<syntax::BodyId> bodies_;
  std::vector<std::uint8_t> damaged_;  ///< One for each open body or braces.
  std::vector<syntax::Decl> open_decls_;
};

}  // namespace muster::lang

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
#include <utility>
#include <vector>

#include "lang/syntax/stack.hpp"
#include "lang/syntax/syntax.hpp"

namespace muster::lang {

class Builder {
 public:
  using Range = syntax::Range;

  Builder() = default;
  Builder(const Builder&) = delete;
  Builder& operator=(const Builder&) = delete;

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
  void widen(Range range) { operands_.top().outer = range; }
  /// The operand's brackets, which were not known when it was made.
  void set_range(Range range);
  void open_list() { marks_.push(operands_.size()); }
  void list(Range range);
  void open_entries() {
    marks_.push(entries_.size());
    damaged_.push(0);
  }
  void entry(Range range);
  void braces(Range range);
  void open_arguments() { marks_.push(args_.size()); }
  void argument_name(Range name) { args_.push({name, syntax::kNoExpr}); }
  void named_argument() { args_.top().value = take().id; }
  void positional_argument() { args_.push({{}, take().id}); }
  void open_comprehension() { comprehensions_.push({}); }
  syntax::Comprehension& comprehension() { return comprehensions_.top(); }
  void close_comprehension(syntax::ExprKind kind, Range range);

  // ---- operators, joined by precedence when a chain closes ----
  /// Returns what close_chain() wants back: the floor of the chain around this one.
  std::uint32_t open_chain() { return std::exchange(chain_floor_, operators_.size()); }
  void close_chain(std::uint32_t outer_floor) {
    if (operators_.size() > chain_floor_) reduce(chain_floor_, 0);
    chain_floor_ = outer_floor;
  }
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
  void open_string(std::uint32_t begin) { strings_.push({begin, pieces_.size()}); }
  void piece(Range source) { pieces_.push({Piece::Kind::source, source, syntax::kNoExpr}); }
  void piece(std::string_view decoded);
  void piece_value() { pieces_.push({Piece::Kind::value, {}, take().id}); }
  [[nodiscard]] std::uint32_t string_begin() const { return strings_.top().begin; }
  /// Of the innermost open text.
  [[nodiscard]] std::vector<Piece> pieces() const { return {pieces_.begin() + strings_.top().first_piece, pieces_.end()}; }
  void replace_pieces(const std::vector<Piece>& pieces);
  void close_string(std::uint32_t end);

  // ---- keys ----
  void open_key() { marks_.push(key_parts_.size()); }
  void key_word(Range range) { key_parts_.push({syntax::KeyPart::Kind::word, false, range, range, syntax::kNoExpr}); }
  void key_string(Range range);
  void key_index(Range range) { key_parts_.push({syntax::KeyPart::Kind::index, false, range, {}, take().id}); }
  void close_key();

  // ---- types ----
  void type_path(Range path);
  void open_type_arguments() { marks_.push(types_.size()); }
  void type_arguments(std::uint32_t end);
  void type_optional(std::uint32_t end);
  void open_alternatives() { marks_.push(types_.size()); }
  void alternatives();
  void open_field(Range name) { fields_.push({name, name, syntax::kNoType, syntax::kNoExpr}); }
  syntax::TypedField& field() { return fields_.top(); }

  // ---- statements and bodies ----
  void open_statement(std::uint32_t begin);
  syntax::Stmt& statement() { return open_statements_.top(); }
  void close_statement(std::uint32_t end);
  void name(Range range) { names_.push(range); }
  void take_names(syntax::Slice& into);
  void clause(Range name) { clauses_.push({name, syntax::kNoExpr}); }
  syntax::ForClause& clause() { return clauses_.top(); }
  void take_clauses(syntax::Slice& into);
  syntax::Slice take_key() { return keys_.pop(); }
  void open_body() {
    marks_.push(statements_.size());
    damaged_.push(0);
  }
  void body(Range range);
  /// Something inside the innermost open body or braces was left out.
  void damage();

  // ---- declarations ----
  void open_declaration(std::uint32_t begin);
  syntax::Decl& declaration() { return open_decls_.top(); }
  void take_fields(syntax::Slice& into);
  /// Ends the innermost declaration; one inside a body becomes its statement's.
  void close_declaration(std::uint32_t end);
  /// Keeps the outermost open declaration, damaged, where its name was read.
  void salvage_declaration(std::uint32_t end);

  // ---- the stacks ----
  syntax::ExprId take_expr() { return take().id; }
  syntax::TypeId take_type() { return types_.pop(); }
  syntax::BodyId take_body() { return bodies_.pop(); }
  [[nodiscard]] syntax::ExprKind top_kind() const { return (*tree_)[operands_.top().id].kind; }
  [[nodiscard]] Range top_range() const { return operands_.top().outer; }
  /// Height of the operand on top: evaluation recurses that deep.
  [[nodiscard]] std::uint32_t top_height() const { return heights_[static_cast<std::size_t>(operands_.top().id)]; }

  using Checkpoint = std::array<std::uint32_t, 20>;
  [[nodiscard]] const Checkpoint& checkpoint() const { return sizes_; }
  void roll_back(const Checkpoint& checkpoint) { sizes_ = checkpoint; }

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
  static std::uint32_t count(const std::vector<T>& nodes) {
    return static_cast<std::uint32_t>(nodes.size());
  }
  template <typename T>
  static syntax::Slice move_from(Stack<T>& stack, std::uint32_t mark, std::vector<T>& to);
  Operand take() { return operands_.pop(); }
  void push(const syntax::Expr& expr, Range outer, std::uint32_t height);
  std::uint32_t height(syntax::ExprId id) const { return id == syntax::kNoExpr ? 0 : heights_[static_cast<std::size_t>(id)]; }
  /// Joins what waits above `floor` and binds at least as tight as `precedence`.
  void reduce(std::uint32_t floor, std::uint8_t precedence);
  void reduce_one();

  syntax::Tree* tree_ = nullptr;
  Checkpoint sizes_{};                  ///< Of all stacks below, and the chain's floor.
  std::vector<std::uint16_t> heights_;  ///< By ExprId.
  Stack<Operand> operands_{sizes_[0]};
  Stack<Pending> operators_{sizes_[1]};
  std::uint32_t& chain_floor_ = sizes_[19];  ///< Operators below belong to chains around this one.
  Stack<std::uint32_t> marks_{sizes_[2]};
  Stack<syntax::Arg> args_{sizes_[3]};
  Stack<syntax::Entry> entries_{sizes_[4]};
  Stack<syntax::Comprehension> comprehensions_{sizes_[5]};
  Stack<OpenString> strings_{sizes_[6]};
  Stack<Piece> pieces_{sizes_[7]};
  Stack<syntax::KeyPart> key_parts_{sizes_[8]};
  Stack<syntax::Slice> keys_{sizes_[9]};
  Stack<syntax::TypeId> types_{sizes_[10]};
  Stack<syntax::TypedField> fields_{sizes_[11]};
  Stack<Range> names_{sizes_[12]};
  Stack<syntax::ForClause> clauses_{sizes_[13]};
  Stack<syntax::Stmt> open_statements_{sizes_[14]};
  Stack<syntax::Stmt> statements_{sizes_[15]};
  Stack<syntax::BodyId> bodies_{sizes_[16]};
  Stack<std::uint8_t> damaged_{sizes_[17]};  ///< One for each open body or braces.
  Stack<syntax::Decl> open_decls_{sizes_[18]};
};

}  // namespace muster::lang

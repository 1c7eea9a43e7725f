// The syntax tree of one fleet file: flat vectors and 4-byte ids, built once by the parser, then only read.
//
// Ownership: a Tree owns its nodes and views the source text, which must outlive it (diag::Sources keeps it).
// Thread-safety: const access from any thread. Failure: none; what could not be read is a `bad` node or a body marked
// `damaged`, and its diagnostic stands in Parsed::diagnostics, so later stages stay quiet about it.
//
// Every node has a Range of bytes in its file; `tree.span(range)` makes the 12-byte Span out of it. Names and paths are
// ranges too: `tree.text(range)`. A path ("std.web") has no white space inside. An empty Range means "not written".
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/diag/source.hpp"

namespace muster::lang::syntax {

/// Bytes [begin, end) of the file.
struct Range {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  [[nodiscard]] bool empty() const { return begin == end; }
  friend bool operator==(const Range&, const Range&) = default;
};

/// `count` elements from `first` of the vector that the field's comment names.
struct Slice {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

enum class ExprId : std::uint32_t {};
enum class TypeId : std::uint32_t {};
enum class BodyId : std::uint32_t {};
enum class DeclId : std::uint32_t {};
inline constexpr ExprId kNoExpr{0xffffffffU};
inline constexpr TypeId kNoType{0xffffffffU};
inline constexpr BodyId kNoBody{0xffffffffU};

// ---- expressions ----

enum class ExprKind : std::uint8_t {
  bad,           ///< Could not be read; its diagnostic has been given.
  string,        ///< text(): decoded, without quotes. Any of "…", r"…", """…""" without interpolation.
  interpolated,  ///< items(): `string` nodes and expressions, in order.
  number,        ///< number(): "250", unit(): "m", "min", "Mi", "%" or "".
  date,          ///< text(): "2026-12-18", "2026-12-18T18:00", "…:30", each with "Z" or "+02:00" or without.
  boolean,       ///< flag()
  none,
  null,
  name,         ///< text()
  list,         ///< items()
  list_for,     ///< comprehension()
  braces,       ///< entries(); flag(): an entry was left out since it could not be read
  braces_for,   ///< comprehension()
  member,       ///< base() . word()
  at,           ///< base() @ word()
  call,         ///< base()( args() )
  index,        ///< base()[ right() ]
  unary,        ///< op (negate, logical_not), base()
  binary,       ///< base() op right()
  conditional,  ///< if condition() then right() else otherwise()
};

enum class Operator : std::uint8_t {
  none,
  // unary
  logical_not,  ///< not
  negate,       ///< -
  // binary, by rising precedence
  logical_or,   ///< or
  logical_and,  ///< and
  equal,
  unequal,
  less_equal,
  greater_equal,
  less,
  greater,   ///< == != <= >= < >
  coalesce,  ///< ??
  add,
  subtract,
  multiply,
  divide,
  modulo,
};
/// As the language writes it: "and", "??".
std::string_view to_string(Operator op);

/// One node; read it through the accessors of Tree, which say what `a`, `b`, `c` hold for a kind.
struct Expr {
  ExprKind kind = ExprKind::bad;
  Operator op = Operator::none;
  bool flag = false;
  Range range;
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  std::uint32_t c = 0;
};
static_assert(sizeof(Expr) == 24);

/// `name = value` or `value` between the parentheses of a call.
struct Arg {
  Range name;  ///< Empty where positional.
  ExprId value = kNoExpr;
};

/// One step of a key: `spec.containers["app"]` has three.
struct KeyPart {
  /// word, string: `text`; index: `["app"]`, its expression in `index`; computed: `"\(name)-x"`, likewise.
  enum class Kind : std::uint8_t { word, string, index, computed } kind = Kind::word;
  bool decoded = false;  ///< `text` lies in Tree::decoded, not in the source.
  Range range;           ///< As written, with quotes or brackets.
  Range text;            ///< word, string: Tree::text(part).
  ExprId index = kNoExpr;
};

/// `key = value` inside braces.
struct Entry {
  Slice key;  ///< Tree::key_parts
  ExprId value = kNoExpr;
  Range range;
};

/// `for FIRST [, SECOND] in SOURCE [if CONDITION]: [KEY =] VALUE` of a list or braces.
struct Comprehension {
  Range first;
  Range second;  ///< Empty where there is one variable.
  ExprId source = kNoExpr;
  ExprId condition = kNoExpr;  ///< kNoExpr where not written.
  ExprId key = kNoExpr;        ///< Braces only.
  ExprId value = kNoExpr;
};

// ---- types ----

struct TypeExpr {
  enum class Kind : std::uint8_t { bad, named, one_of } kind = Kind::bad;
  bool optional = false;  ///< `T?`
  Range range;
  Range path;   ///< named: "string", "list", "std.Port".
  Slice parts;  ///< Tree::type_ids. named: the arguments in parentheses; one_of: the alternatives of `A | B`.
};

/// `name: type [= value]`: a param, a field of a record type, a parameter of a function.
struct TypedField {
  Range range;
  Range name;
  TypeId type = kNoType;
  ExprId value = kNoExpr;
};

// ---- statements ----

enum class StmtKind : std::uint8_t {
  in,            ///< names, body
  param,         ///< name, type, value (or kNoExpr)
  let,           ///< name, type (or kNoType), value
  output,        ///< name, type, value
  require,       ///< value: the condition; other: the text after `else`
  for_each,      ///< clauses, value: the `if` (or kNoExpr), body
  object,        ///< name: the Kind; other: its name (a string, or kNoExpr); value: the `when` (or kNoExpr); body
  patch,         ///< other: "KIND/NAME" (a string); value: the `when` (or kNoExpr); body
  expect_error,  ///< name: the code
  expect,        ///< value
  entity,        ///< decl
  field,         ///< key, op, value
  block,         ///< key, body
};

enum class Assign : std::uint8_t { set, add, remove };  ///< `=`, `+=`, `-=`

/// `name in source` of a `for` statement.
struct ForClause {
  Range name;
  ExprId source = kNoExpr;
};

struct Stmt {
  StmtKind kind = StmtKind::field;
  Assign op = Assign::set;
  bool locked = false;
  Range range;  ///< From its first word to its last character.
  Range name;
  Slice parts;  ///< field, block: Tree::key_parts. in: Tree::names. for_each: Tree::clauses.
  TypeId type = kNoType;
  ExprId value = kNoExpr;
  ExprId other = kNoExpr;
  BodyId body = kNoBody;
  DeclId decl{0};  ///< entity
};

struct Body {
  Slice statements;      ///< Tree::stmts
  Range range;           ///< With its braces.
  bool damaged = false;  ///< Something in it could not be read: say nothing of what seems to be missing.
};

// ---- declarations ----

enum class DeclKind : std::uint8_t {
  import_,   ///< text: what; version: a string or kNoExpr; alias: name or empty
  const_,    ///< name, type (or kNoType), value
  fn,        ///< name, fields: the parameters; type: the result; value
  record,    ///< `type name { … }`: name, fields
  alias,     ///< `type name = texpr [where expr]`: name, type, value: the refinement (or kNoExpr)
  enum_,     ///< name, parts: Tree::names
  kind,      ///< name, word: the entity word, path: the base (or empty), body
  entity,    ///< word, name, path: its kind (or empty), body
  defaults,  ///< word, path: the kind (or empty), alias: the team (or empty), body
  waive,     ///< path: what; word and name: the entity; body
  test,      ///< text: its sentence; body
};

enum class EntityWord : std::uint8_t {
  fleet,
  environment,
  group,
  target,
  team,
  forge,
  registry,
  repository,
  service,
  image,
  freeze,
  notify,
  rule,
};
inline constexpr std::size_t kEntityWords = 13;
std::string_view to_string(EntityWord word);

struct Decl {
  DeclKind kind = DeclKind::entity;
  EntityWord word = EntityWord::service;
  bool damaged = false;  ///< Its head could not be read whole.
  Range range;           ///< From its first word to its last character.
  Range keyword;         ///< "service", "kind", "defaults" …
  Range name;
  Range path;
  Range alias;
  Slice parts;
  Slice fields;  ///< Tree::fields
  TypeId type = kNoType;
  ExprId value = kNoExpr;
  ExprId text = kNoExpr;
  ExprId version = kNoExpr;
  BodyId body = kNoBody;
};

// ---- the tree ----

struct Tree {
  diag::SourceId source = diag::kNoSource;
  std::string_view input;   ///< The whole file.
  std::vector<DeclId> top;  ///< The file's declarations in order (the others stand inside test bodies).
  ExprId root = kNoExpr;    ///< parse_expression() alone.

  std::vector<Decl> decls;
  std::vector<Body> bodies;
  std::vector<Stmt> stmts;
  std::vector<Expr> exprs;
  std::vector<ExprId> expr_ids;
  std::vector<Arg> arg_nodes;
  std::vector<KeyPart> key_parts;
  std::vector<Entry> entry_nodes;
  std::vector<Comprehension> comprehensions;
  std::vector<TypeExpr> types;
  std::vector<TypeId> type_ids;
  std::vector<TypedField> typed_fields;
  std::vector<ForClause> for_clauses;
  std::vector<Range> names;
  std::string decoded;  ///< Texts whose escapes were resolved.
  /// `##` texts by the offset of the item they document (declaration, statement, typed field, enum value), sorted.
  std::vector<std::pair<std::uint32_t, std::string>> docs;

  [[nodiscard]] const Decl& operator[](DeclId id) const { return decls[static_cast<std::size_t>(id)]; }
  [[nodiscard]] const Body& operator[](BodyId id) const { return bodies[static_cast<std::size_t>(id)]; }
  [[nodiscard]] const Expr& operator[](ExprId id) const { return exprs[static_cast<std::size_t>(id)]; }
  [[nodiscard]] const TypeExpr& operator[](TypeId id) const { return types[static_cast<std::size_t>(id)]; }

  [[nodiscard]] std::string_view text(Range range) const { return input.substr(range.begin, range.end - range.begin); }
  [[nodiscard]] diag::Span span(Range range) const { return {source, range.begin, range.end}; }
  [[nodiscard]] diag::Span span(ExprId id) const { return span((*this)[id].range); }
  [[nodiscard]] diag::Span span(TypeId id) const { return span((*this)[id].range); }
  /// Lines of documentation joined by '\n', or "". `begin` is the item's range.begin.
  [[nodiscard]] std::string_view documentation(std::uint32_t begin) const;

  // Bodies and declarations.
  [[nodiscard]] std::span<const Stmt> statements(BodyId id) const {
    if (id == kNoBody) return {};
    return of(stmts, (*this)[id].statements);
  }
  [[nodiscard]] std::span<const KeyPart> key(Slice parts) const { return of(key_parts, parts); }
  [[nodiscard]] std::span<const Range> name_list(Slice parts) const { return of(names, parts); }
  [[nodiscard]] std::span<const ForClause> clauses(Slice parts) const { return of(for_clauses, parts); }
  [[nodiscard]] std::span<const TypedField> fields(Slice parts) const { return of(typed_fields, parts); }
  [[nodiscard]] std::span<const TypeId> parts(const TypeExpr& type) const { return of(type_ids, type.parts); }
  /// word, string: what the part says.
  [[nodiscard]] std::string_view text(const KeyPart& part) const { return part.decoded ? decoded_text(part.text) : text(part.text); }

  // Expressions; each accessor is for the kinds that name it above.
  /// string, date, name.
  [[nodiscard]] std::string_view text(const Expr& expr) const {
    if (expr.kind != ExprKind::string) return text(expr.range);
    const Range where{expr.a, expr.b};
    return expr.flag ? decoded_text(where) : text(where);
  }
  [[nodiscard]] std::string_view text(ExprId id) const { return text((*this)[id]); }
  [[nodiscard]] std::string_view number(const Expr& expr) const { return text(Range{expr.range.begin, expr.a}); }
  [[nodiscard]] std::string_view unit(const Expr& expr) const { return text(Range{expr.a, expr.range.end}); }
  [[nodiscard]] static bool flag(const Expr& expr) { return expr.flag; }
  [[nodiscard]] std::span<const ExprId> items(const Expr& expr) const { return of(expr_ids, {expr.b, expr.c}); }
  [[nodiscard]] std::span<const Entry> entries(const Expr& expr) const { return of(entry_nodes, {expr.b, expr.c}); }
  [[nodiscard]] const Comprehension& comprehension(const Expr& expr) const { return comprehensions[expr.a]; }
  [[nodiscard]] static ExprId base(const Expr& expr) { return ExprId{expr.a}; }
  /// The word after `.` or `@`.
  [[nodiscard]] static Range word(const Expr& expr) { return {expr.b, expr.range.end}; }
  [[nodiscard]] std::span<const Arg> args(const Expr& expr) const { return of(arg_nodes, {expr.b, expr.c}); }
  [[nodiscard]] static ExprId right(const Expr& expr) { return ExprId{expr.b}; }
  [[nodiscard]] static ExprId condition(const Expr& expr) { return ExprId{expr.a}; }
  [[nodiscard]] static ExprId otherwise(const Expr& expr) { return ExprId{expr.c}; }
  /// Where a binary operator stands, for labels.
  [[nodiscard]] static Range operator_range(const Expr& expr) {
    return {expr.c, expr.c + static_cast<std::uint32_t>(to_string(expr.op).size())};
  }

 private:
  [[nodiscard]] std::string_view decoded_text(Range range) const {
    return std::string_view(decoded).substr(range.begin, range.end - range.begin);
  }
  template <typename T>
  [[nodiscard]] static std::span<const T> of(const std::vector<T>& all, Slice slice) {
    return std::span<const T>(all).subspan(slice.first, slice.count);
  }
};

/// The tree as text: a statement a line, two spaces a level, expressions as `(operator parts)`; stable, for
/// `muster dump syntax` and goldens.
std::string dump_syntax(const Tree& tree);

}  // namespace muster::lang::syntax

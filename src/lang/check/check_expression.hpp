// ExpressionChecker: expressions of the syntax tree to terms. Names are resolved, types are known and agree, literals get
// their meaning from the expected type, and what is constant is computed.
//
// Ownership: terms live in the arena given. Thread-safety: one checker a thread; while services are checked the Program
// is only read. Failure: an error is said once, and its place becomes a poisoned term.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lang/check/builtins.hpp"
#include "lang/evaluate/evaluate.hpp"
#include "lang/program.hpp"

namespace muster::lang {

/// What bare names mean where an expression stands (2-language, Names).
enum class Site : std::uint8_t {
  entity,    ///< Entity and `defaults` bodies: entities and enum values, by expected type; own values are `service.x`.
  kind,      ///< Kind bodies: own values; never an entity.
  function,  ///< Parameters.
  constant,  ///< Constants, defaults of record fields, refinements (`it` is a local).
};

struct Surroundings {
  Site site = Site::constant;
  FileId file{};
  const Shape* own = nullptr;  ///< The slots of the entity; nullptr where there are none.
  EntityWord word = EntityWord::service;
  KindId kind = kNoKind;
  const syntax::Tree* tree = nullptr;  ///< Where the expression stands; nullptr: in the file.
};

/// No type is expected: the expression says it.
inline constexpr Type kInfer{0xfffffff0U};

class ExpressionChecker {
 public:
  ExpressionChecker(Program& program, Arena& arena, diag::Diagnostics& out, const Surroundings& where);

  /// The term, of the expected type; poisoned where there was an error.
  const Term* check(syntax::ExprId id, Type expected);
  const Term* infer(syntax::ExprId id) { return check(id, kInfer); }
  /// The same, for a value of a field that messages name.
  const Term* check_field(syntax::ExprId id, Type expected, std::string_view field);

  /// Where names of services are noted; nullptr: nowhere.
  std::vector<Mention>* mentions = nullptr;
  bool mentions_are_needs = false;
  /// The value belongs to what muster itself does for a service: `build`.
  bool muster_reads_secrets = false;

  /// The type of a `let` whose expression has not been checked yet; set while kinds are checked.
  std::function<Type(SlotId, diag::Span)> let_type;

  // For the other files of the checker.
  [[nodiscard]] Program& program() { return program_; }
  [[nodiscard]] Arena& arena() { return arena_; }
  [[nodiscard]] diag::Diagnostics& out() { return out_; }
  [[nodiscard]] const syntax::Tree& tree() const { return tree_; }
  [[nodiscard]] const Surroundings& where() const { return where_; }
  [[nodiscard]] TypeTable& types() { return program_.types; }

  const Term* poison(diag::Span span, std::string_view message);
  /// Gives the error and returns a poisoned term; `diagnostic()` is it, to add to.
  const Term* error(diag::Span span, std::string_view code, const std::string& message, const std::string& label = {});
  [[nodiscard]] diag::Diagnostic& diagnostic() { return *last_; }

  const Term* constant(diag::Span span, Type type, const Datum& value);
  /// A term of these parts: poison if one is, folded if all are constant.
  const Term* make(Op op, diag::Span span, Type type, std::initializer_list<const Term*> kids, std::uint32_t index = 0,
                   std::uint8_t extra = 0);
  const Term* make(Op op, diag::Span span, Type type, std::span<const Term* const> kids, std::uint32_t index = 0, std::uint8_t extra = 0);
  /// `term` as a value of `expected`, or an error.
  const Term* fit(const Term* term, Type expected);
  [[nodiscard]] bool assignable(Type from, Type to) const;
  [[nodiscard]] bool fits_json(Type type) const;

  std::uint32_t push_local(std::string_view name, Type type);
  void pop_locals(std::size_t count) { locals_.resize(locals_.size() - count); }
  /// Paths (`zone`, `service.zone`) that a condition shows not to be none while `then` is checked.
  void narrow(syntax::ExprId condition, bool truth);
  [[nodiscard]] std::size_t narrowed() const { return narrowed_.size(); }
  void widen(std::size_t count) { narrowed_.resize(count); }

  /// `key = value` of JSON in braces, or of the statements of an object's body.
  const Term* check_json_body(syntax::BodyId body, diag::Span span);

  /// A constant or function that a bare or qualified name stands for; nullptr where there is none.
  Constant* find_constant(std::string_view name, bool qualified);
  Function* find_function(std::string_view name, bool qualified);
  /// An enum that a bare or qualified name stands for.
  [[nodiscard]] const Type* find_enum(std::string_view name, bool qualified) const;
  /// Named by type: "service", "environment" … the entity with this name, as a reference of the expected type.
  const Term* entity_reference(std::string_view name, diag::Span span, Type expected);
  /// A service by name, mentioned.
  const Term* service_reference(std::string_view name, diag::Span span, std::uint32_t environment = kAligned);
  [[nodiscard]] std::string expected_text(Type expected) const;
  void enter_link() { ++link_depth_; }
  void leave_link() { --link_depth_; }

 private:
  struct Local {
    std::string_view name;
    Type type = {};
    std::uint32_t index = 0;
  };
  struct JsonNode;
  struct Callee;

  // One for each kind of expression; `expected` as given, `want` without `?`, `late` and refinement.
  const Term* check_bad(syntax::ExprId id, const syntax::Expr& expr, Type want);
  const Term* check_string(syntax::ExprId id, const syntax::Expr& expr, Type want);
  const Term* check_interpolated(syntax::ExprId id, const syntax::Expr& expr, Type want);
  const Term* check_number(syntax::ExprId id, const syntax::Expr& expr, Type want);
  const Term* check_date(syntax::ExprId id, const syntax::Expr& expr, Type want);
  const Term* check_boolean(syntax::ExprId id, const syntax::Expr& expr, Type want);
  const Term* check_none(syntax::ExprId id, const syntax::Expr& expr, Type want);
  const Term* check_null(syntax::ExprId id, const syntax::Expr& expr, Type want);
  const Term* check_name(syntax::ExprId id, const syntax::Expr& expr, Type want);
  const Term* check_list(syntax::ExprId id, const syntax::Expr& expr, Type want);
  const Term* check_list_for(syntax::ExprId id, const syntax::Expr& expr, Type want);
  const Term* check_braces(syntax::ExprId id, const syntax::Expr& expr, Type want);
  const Term* check_braces_for(syntax::ExprId id, const syntax::Expr& expr, Type want);
  const Term* check_member(syntax::ExprId id, const syntax::Expr& expr, Type want);
  const Term* check_at(syntax::ExprId id, const syntax::Expr& expr, Type want);
  const Term* check_call(syntax::ExprId id, const syntax::Expr& expr, Type want);
  const Term* check_index(syntax::ExprId id, const syntax::Expr& expr, Type want);
  const Term* check_unary(syntax::ExprId id, const syntax::Expr& expr, Type want);
  const Term* check_binary(syntax::ExprId id, const syntax::Expr& expr, Type want);
  const Term* check_conditional(syntax::ExprId id, const syntax::Expr& expr, Type want);

  // Literals.
  const Term* json_number(const syntax::Expr& expr, diag::Span span);
  const Term* number_of(Type want, const syntax::Expr& expr, diag::Span span);
  const Term* wrong_unit(Type want, const syntax::Expr& expr, diag::Span span);
  const Term* check_record(const syntax::Expr& expr, Type want, diag::Span span);
  const Term* check_map(const syntax::Expr& expr, Type want, diag::Span span);
  const Term* check_map_key(const syntax::KeyPart& part, Type type);
  const Term* check_json(const syntax::Expr& expr, diag::Span span);
  void put_json(JsonNode& root, std::span<const syntax::KeyPart> key, const Term* value, diag::Span span);
  void put_json_body(JsonNode& root, syntax::BodyId body);
  const Term* json_term(const JsonNode& node, diag::Span span);

  // Names.
  const Term* local_or_own(std::string_view name, diag::Span span);
  const Term* own_slot(SlotId slot, diag::Span span);
  const Term* reserved_member(std::string_view base, syntax::Range word, diag::Span span, bool& handled);
  const Term* member_of(const Term* base, syntax::Range word, diag::Span span);
  const Term* use_constant(Constant& constant, diag::Span span);
  const Term* unknown_name(std::string_view name, diag::Span span, Type want);
  const Term* unknown_entity(std::string_view name, diag::Span span, Type want);
  // What an unknown name was meant for; nullptr: not that.
  const Term* meant_subtraction(std::string_view name, diag::Span span);
  const Term* meant_entity(std::string_view name, diag::Span span, Type want);
  /// Locals, a kind's own slots and constants.
  [[nodiscard]] std::vector<std::string_view> names_in_sight() const;
  const Term* narrow_term(const Term* term, syntax::ExprId id);
  [[nodiscard]] bool is_service_base(syntax::ExprId id) const;
  [[nodiscard]] std::string path_of(syntax::ExprId id) const;

  // Operators.
  const Term* check_arithmetic(const syntax::Expr& expr, Type want, diag::Span span);
  const Term* check_equality(const syntax::Expr& expr, diag::Span span);
  const Term* check_ordering(const syntax::Expr& expr, diag::Span span);
  const Term* check_logical(const syntax::Expr& expr, diag::Span span);
  const Term* check_coalesce(const syntax::Expr& expr, Type want, diag::Span span);
  bool check_pair(const syntax::Expr& expr, const Term*& left, const Term*& right);
  [[nodiscard]] bool speaks_for_itself(syntax::ExprId id);
  const Term* check_clauses(const syntax::Comprehension& one, Type& first, Type& second, const Term*& condition, std::size_t& locals);

  // Calls.
  const Term* call_function(Function& function, syntax::ExprId id, const syntax::Expr& expr);
  const Term* mismatch(const Term* term, Type expected);

  [[nodiscard]] Type wanted(Type expected, syntax::ExprId id);
  [[nodiscard]] bool may_be(Type member, syntax::ExprId id);
  /// The only reference among several types, where `name` is nothing else.
  [[nodiscard]] Type named_member(Type one_of, std::string_view name);

  Program& program_;
  Arena& arena_;
  diag::Diagnostics& out_;
  Surroundings where_;
  const syntax::Tree& tree_;
  Evaluator folder_;
  std::vector<Local> locals_;
  std::vector<std::string> narrowed_;
  std::string_view field_;  ///< The field whose value is checked, for messages.
  unsigned link_depth_ = 0;
  unsigned depth_ = 0;
  diag::Diagnostic* last_ = nullptr;
};

/// Checks a constant, or a function's signature or body, when it is first used. From one thread.
void ensure_checked(Program& program, Constant& constant, diag::Diagnostics& out, diag::Span use);
void ensure_signature(Program& program, Function& function, diag::Diagnostics& out);
void ensure_checked(Program& program, Function& function, diag::Diagnostics& out, diag::Span use);
/// Types of the syntax tree to types of the table.
Type resolve_type(Program& program, FileId file, syntax::TypeId id, diag::Diagnostics& out);

}  // namespace muster::lang

// BodyChecker: the statements of a body (entity, `defaults`, kind) to assignments of slots and to patches.
//
// Ownership: fills a BodyCode; terms live in the arena. Thread-safety: one checker a thread. Failure: an unknown field
// poisons the instances that its scope covers; a wrong value poisons its slot.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lang/check/check_expression.hpp"
#include "lang/program.hpp"

namespace muster::lang {

/// Whose body it is.
struct BodyOwner {
  std::string what;  ///< "service cart", "defaults service : std.web", "kind web"
  const Shape* shape = nullptr;
  Rung rung = Rung::entity;
  std::uint8_t depth = 0;
  EntityWord word = EntityWord::service;
  bool is_entity = true;  ///< Literal fields may stand in it.
  bool library = false;
};

class BodyChecker {
 public:
  BodyChecker(Program& program, Arena& arena, diag::Diagnostics& out, const Surroundings& where, BodyOwner owner, BodyCode& code);

  /// All statements of an entity or `defaults`.
  void check(syntax::BodyId body);
  /// Sorts what was gathered; to be called once at the end.
  void finish();

  // For kinds, whose other statements check_kinds.cpp reads.
  void field(const syntax::Stmt& one, std::span<const Scope> scopes);
  void block(const syntax::Stmt& one, std::span<const Scope> scopes);
  void patch(const syntax::Stmt& one, std::span<const Scope> scopes);
  ExpressionChecker& expressions() { return expressions_; }

  /// Gives a parameter its schema default: distributes it over the fields of a record.
  void set_initial(Shape& shape, SlotId slot, syntax::ExprId value);

 private:
  struct Source {
    const syntax::Stmt* statement;
    std::span<const Scope> scopes;
    syntax::Assign op;
    bool locked;
  };

  void statement(const syntax::Stmt& one, std::span<const Scope> scopes);
  void in(const syntax::Stmt& one, std::span<const Scope> outer);
  void statements(syntax::BodyId body, std::span<const Scope> scopes);
  void block_in(SlotId record, syntax::BodyId body, const Source& source);
  SlotId find_key(std::span<const syntax::KeyPart> key, SlotId inside, const Source& source);
  void assign(SlotId slot, syntax::ExprId value, diag::Span span, const Source& source);
  void assign_leaf(SlotId slot, syntax::ExprId value, diag::Span span, const Source& source);
  void assign_record(SlotId slot, syntax::ExprId value, diag::Span span, const Source& source);
  void assign_parts(SlotId slot, const Term* record, diag::Span span, const Source& source);
  void reset(SlotId slot, diag::Span span, const Source& source);
  void presence(SlotId slot, bool there, Form form, diag::Span span, const Source& source);
  void note_parents(SlotId slot, diag::Span span, const Source& source);
  void put(SlotId slot, Form form, const Term* value, diag::Span span, const Source& source, std::size_t first_mention);
  void poison(std::span<const Scope> scopes, diag::Span span, std::string_view message);
  void unknown_field(const syntax::KeyPart& part, SlotId inside, const Source& source);
  bool may_assign(SlotId slot, const syntax::Stmt& one, const Source& source, diag::Span key);
  void patch_operations(PatchCode& patch, std::vector<PatchStepCode>& path, syntax::BodyId body, std::span<const Scope> scopes);
  bool patch_path(std::span<const syntax::KeyPart> key, std::vector<PatchStepCode>& path);
  const Term* boolean(diag::Span span, bool value);
  void distribute(Shape& shape, SlotId slot, const Term* value, diag::Span span);

  Program& program_;
  Arena& arena_;
  diag::Diagnostics& out_;
  Surroundings where_;
  const syntax::Tree& tree_;
  BodyOwner owner_;
  BodyCode& code_;
  ExpressionChecker expressions_;
};

}  // namespace muster::lang

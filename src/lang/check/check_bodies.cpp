#include "lang/check/check_bodies.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lang/check/literal_fields.hpp"
#include "muster/diag/suggest.hpp"

namespace muster::lang {

using syntax::Assign;
using syntax::ExprKind;
using syntax::KeyPart;
using syntax::Stmt;
using syntax::StmtKind;

namespace {

constexpr Scope kPlain[] = {Scope{}};

/// Where a statement that stands at the wrong place belongs.
struct Misplaced {
  StmtKind kind;
  std::string_view word;
  std::string_view belongs;
};
constexpr Misplaced kMisplaced[] = {
    {StmtKind::param, "param", "stands in kinds only"},
    {StmtKind::let, "let", "stands in kinds only"},
    {StmtKind::output, "output", "stands in kinds only"},
    {StmtKind::require, "require", "stands in kinds and rules only"},
    {StmtKind::for_each, "for", "stands in rules only"},
    {StmtKind::object, "object", "stands in kinds only"},
    {StmtKind::expect_error, "expect", "stands in tests only"},
    {StmtKind::expect, "expect", "stands in tests only"},
    {StmtKind::entity, "an entity", "stands inside another only in tests"},
};

}  // namespace

BodyChecker::BodyChecker(Program& program, Arena& arena, diag::Diagnostics& out, const Surroundings& where, BodyOwner owner, BodyCode& code)
    : program_(program),
      arena_(arena),
      out_(out),
      where_(where),
      tree_(program.file(where.file).tree()),
      owner_(std::move(owner)),
      code_(code),
      expressions_(program, arena, out, where) {
  expressions_.mentions = &code.mentions;
}

void BodyChecker::check(syntax::BodyId body) {
  statements(body, kPlain);
  finish();
}

void BodyChecker::finish() {
  for (Assignment& one : code_.assignments) one.body = &code_;
  for (PatchCode& one : code_.patches) one.body = &code_;
  std::sort(code_.assignments.begin(), code_.assignments.end(), [](const Assignment& a, const Assignment& b) {
    if (a.slot != b.slot) return a.slot < b.slot;
    if (a.place() != b.place()) return a.place() > b.place();
    return a.span.begin < b.span.begin;
  });
}

void BodyChecker::statements(syntax::BodyId body, std::span<const Scope> scopes) {
  for (const Stmt& one : tree_.statements(body)) statement(one, scopes);
}

void BodyChecker::statement(const Stmt& one, std::span<const Scope> scopes) {
  switch (one.kind) {
    case StmtKind::field: return field(one, scopes);
    case StmtKind::block: return block(one, scopes);
    case StmtKind::in: return in(one, scopes);
    case StmtKind::patch:
      if (owner_.word == EntityWord::service && owner_.is_entity) return patch(one, scopes);
      out_.error(tree_.span(one.range), "F0209", "`patch` stands in kinds and services only").label("not here");
      return poison(scopes, tree_.span(one.range), "a `patch` stands where none may");
    default: break;
  }
  for (const Misplaced& misplaced : kMisplaced) {
    if (misplaced.kind != one.kind) continue;
    const std::string word = misplaced.kind == StmtKind::entity ? std::string(misplaced.word) : fmt::format("`{}`", misplaced.word);
    const std::string message = fmt::format("{} {}", word, misplaced.belongs);
    out_.error(tree_.span(one.range), "F0209", "{}", message).label(fmt::format("in `{}`", owner_.what));
    poison(scopes, tree_.span(one.range), message);
  }
}

void BodyChecker::poison(std::span<const Scope> scopes, diag::Span span, std::string_view message) {
  const Cause* cause = Program::cause(arena_, message, span);
  for (const Scope& scope : scopes) code_.poisons.push_back({scope, cause});
}

// ---- in ----

void BodyChecker::in(const Stmt& one, std::span<const Scope> outer) {
  const diag::Span span = tree_.span(one.range);
  const auto refuse = [&](std::string_view message, std::string_view help) {
    out_.error(span, "F0507", "{}", message).label("not here").help(std::string(help));
    poison(outer, span, message);
  };
  if (owner_.word != EntityWord::service)
    return refuse("`in` stands in services and `defaults service` only", "only services differ from environment to environment");
  if (outer.front().kind != ScopeKind::plain)
    return refuse("`in` does not stand inside `in`", "write one `in` for each environment or group");
  std::vector<Scope> scopes;
  for (const syntax::Range name_range : tree_.name_list(one.parts)) {
    const std::string_view name = tree_.text(name_range);
    const diag::Span name_span = tree_.span(name_range);
    if (const auto environment = program_.table(EntityWord::environment).names.find(name)) {
      scopes.push_back({ScopeKind::environment, *environment});
    } else if (const auto group = program_.table(EntityWord::group).names.find(name)) {
      scopes.push_back({ScopeKind::group, *group});
    } else {
      std::vector<std::string_view> legal;
      for (const EntityWord word : {EntityWord::environment, EntityWord::group}) {
        for (const Entity& entity : program_.table(word).all) legal.push_back(entity.name);
      }
      auto& said =
          out_.error(name_span, "F0506", "no environment or group is called `{}`", name).label("not declared anywhere in this fleet");
      if (const std::string_view near = diag::nearest(name, legal); !near.empty())
        said.fix(name_span, std::string(near), fmt::format("`{}`", near));
      poison(outer, name_span, fmt::format("no environment or group is called `{}`", name));
      continue;
    }
    if (std::count(scopes.begin(), scopes.end(), scopes.back()) > 1) {
      out_.error(name_span, "F0205", "`{}` is named twice", name).label("second time");
      scopes.pop_back();
    }
  }
  if (!scopes.empty()) statements(one.body, scopes);
}

// ---- fields ----

void BodyChecker::unknown_field(const KeyPart& part, SlotId inside, const Source& source) {
  const std::string_view name = tree_.text(part);
  const diag::Span span = tree_.span(part.range);
  const Shape& shape = *owner_.shape;
  const std::string of = inside == kNoSlot ? fmt::format("`{}`", owner_.what) : fmt::format("`{}`", shape[inside].path);
  std::vector<std::string_view> legal;
  const Slot* elsewhere = nullptr;
  for (const Slot& slot : shape.slots) {
    if (slot.role == SlotRole::param && slot.parent == inside) legal.push_back(slot.name);
    if (slot.role == SlotRole::param && slot.name == name && slot.parent != inside && elsewhere == nullptr) elsewhere = &slot;
  }
  const SlotId own = inside == kNoSlot ? shape.find(name) : kNoSlot;
  if (own != kNoSlot) {
    auto& said =
        out_.error(span, "F0201", "`{}` is {} of {}, not a field", name, shape[own].role == SlotRole::output ? "an output" : "a value", of)
            .label("its kind computes it");
    poison(source.scopes, span, said.message);
    said.also(shape[own].span, "here");
    return;
  }
  if (elsewhere != nullptr) {
    const std::string_view record = elsewhere->parent == kNoSlot ? std::string_view() : shape[elsewhere->parent].path;
    auto& said = out_.error(span, "F0202", "`{}` is a field of {}, not of {}", name,
                            record.empty() ? fmt::format("`{}`", owner_.what) : fmt::format("`{}`", record), of)
                     .label("known field, wrong place");
    poison(source.scopes, span, said.message);
    if (!record.empty() && source.statement->kind == StmtKind::field && source.statement->value != syntax::kNoExpr) {
      const diag::Span whole = tree_.span(source.statement->range);
      said.fix(whole, fmt::format("{} {{ {} }}", record, program_.sources.text(whole)),
               fmt::format("`{} {{ {} }}`", record, program_.sources.text(whole)));
    } else if (record.empty()) {
      said.help("move it out of the braces");
    }
    return;
  }
  auto& said = out_.error(span, "F0201", "{} has no field `{}`", of, name).label("unknown field");
  poison(source.scopes, span, said.message);
  const std::string_view near = diag::nearest(name, legal);
  if (near.empty()) return;
  const SlotId slot = inside == kNoSlot ? shape.find(near) : shape.child(inside, near);
  const diag::Span declared = shape[slot].span;
  const auto position = program_.sources.position(declared.source, declared.begin);
  said.fix(span, std::string(near),
           fmt::format("`{}` ({}, from {}:{})", near, program_.types.text(shape[slot].type), program_.sources.path(declared.source),
                       position.line));
}

SlotId BodyChecker::find_key(std::span<const KeyPart> key, SlotId inside, const Source& source) {
  const Shape& shape = *owner_.shape;
  SlotId at = inside;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const KeyPart& part = key[i];
    const diag::Span span = tree_.span(part.range);
    if (part.kind == KeyPart::Kind::index || part.kind == KeyPart::Kind::computed) {
      out_.error(span, "F0201", "a field is named by a word").label("not a field");
      poison(source.scopes, span, "a field is named by a word");
      return kNoSlot;
    }
    const SlotId next = at == kNoSlot ? shape.find(tree_.text(part)) : shape.child(at, tree_.text(part));
    if (next == kNoSlot || shape[next].role != SlotRole::param) {
      unknown_field(part, at, source);
      return kNoSlot;
    }
    at = next;
    if (i + 1 == key.size() || shape[at].composite) continue;
    // A dotted key goes into records only; a map's keys are its elements.
    const diag::Span whole{tree_.source, key.front().range.begin, key.back().range.end};
    const std::string message = fmt::format("`{}` is {}, which has no fields", shape[at].path, program_.types.text(shape[at].type));
    auto& said = out_.error(whole, "F0202", "{}", message).label("no fields to set");
    if (program_.types.tag(program_.types.base(shape[at].type)) == TypeTag::map) {
      const std::string_view element = tree_.text(key[i + 1]);
      said.help(fmt::format("add a key: `{} += {{ {} = … }}`", shape[at].path, element));
    }
    poison(source.scopes, whole, message);
    return kNoSlot;
  }
  return at;
}

bool BodyChecker::may_assign(SlotId id, const Stmt& one, const Source& source, diag::Span key) {
  const Slot& slot = (*owner_.shape)[id];
  const TypeTag tag = program_.types.tag(program_.types.base(program_.types.without_none(slot.type)));
  if (source.op != Assign::set && tag != TypeTag::list && tag != TypeTag::set && tag != TypeTag::map) {
    const std::string message = fmt::format("`{}` is {} and takes `=` only", slot.path, program_.types.text(slot.type));
    out_.error(key, "F0505", "{}", message).label("lists, sets and maps have elements");
    poison(source.scopes, key, message);
    return false;
  }
  if (!slot.literal) return true;
  const bool plain = source.scopes.front().kind == ScopeKind::plain;
  if (owner_.is_entity && plain && source.op == Assign::set && !source.locked) {
    if (is_literal(tree_, one.value)) return true;
    const std::string computed = fmt::format("`{}` is a literal: names, written out", slot.path);
    out_.error(tree_.span(one.value), "F0211", "{}", computed).label("computed").note("so that it is known before anything is evaluated");
    poison(source.scopes, key, computed);
    return false;
  }
  const std::string message =
      fmt::format("`{}` is written once, in the {} itself{}", slot.path, to_string(owner_.word), plain ? "" : ", outside `in`");
  out_.error(key, "F0211", "{}", message).label("not here").note("so that it is known before anything is evaluated");
  poison(source.scopes, key, message);
  return false;
}

void BodyChecker::field(const Stmt& one, std::span<const Scope> scopes) {
  const Source source{&one, scopes, one.op, one.locked};
  const auto key = tree_.key(one.parts);
  const SlotId slot = find_key(key, kNoSlot, source);
  if (slot == kNoSlot || !may_assign(slot, one, source, {tree_.source, key.front().range.begin, key.back().range.end})) return;
  assign(slot, one.value, tree_.span(one.range), source);
}

void BodyChecker::block(const Stmt& one, std::span<const Scope> scopes) {
  const Source source{&one, scopes, Assign::set, one.locked};
  const auto key = tree_.key(one.parts);
  const diag::Span span{tree_.source, key.front().range.begin, key.back().range.end};
  const SlotId slot = find_key(key, kNoSlot, source);
  if (slot == kNoSlot) return;
  if ((*owner_.shape)[slot].composite) return block_in(slot, one.body, source);
  const std::string message =
      fmt::format("`{}` is {}, which a block cannot set", (*owner_.shape)[slot].path, program_.types.text((*owner_.shape)[slot].type));
  auto& said = out_.error(span, "F0202", "{}", message).label("not a record");
  const bool is_map = program_.types.tag(program_.types.base((*owner_.shape)[slot].type)) == TypeTag::map;
  said.help(fmt::format("write `{} {} {}`", (*owner_.shape)[slot].path, is_map ? "+=" : "=", is_map ? "{ … }" : "…"));
  poison(scopes, span, message);
}

void BodyChecker::block_in(SlotId record, syntax::BodyId body, const Source& outer) {
  note_parents(SlotId{(*owner_.shape)[record].first_child}, tree_.span(outer.statement->range), outer);
  for (const Stmt& one : tree_.statements(body)) {
    const diag::Span span = tree_.span(one.range);
    if (one.kind != StmtKind::field && one.kind != StmtKind::block) {
      out_.error(span, "F0209", "only fields stand in a record").label("not here");
      poison(outer.scopes, span, "only fields stand in a record");
      continue;
    }
    const Source source{&one, outer.scopes, one.kind == StmtKind::block ? Assign::set : one.op, outer.locked || one.locked};
    const auto key = tree_.key(one.parts);
    const SlotId slot = find_key(key, record, source);
    if (slot == kNoSlot) continue;
    if (one.kind == StmtKind::block && (*owner_.shape)[slot].composite) {
      block_in(slot, one.body, source);
    } else if (one.kind == StmtKind::block) {
      const std::string message =
          fmt::format("`{}` is {}, which a block cannot set", (*owner_.shape)[slot].path, program_.types.text((*owner_.shape)[slot].type));
      out_.error(span, "F0202", "{}", message).label("not a record");
      poison(outer.scopes, span, message);
    } else if (may_assign(slot, one, source, {tree_.source, key.front().range.begin, key.back().range.end})) {
      assign(slot, one.value, span, source);
    }
  }
}

// ---- assignments ----

void BodyChecker::put(SlotId slot, Form form, const Term* value, diag::Span span, const Source& source, std::size_t first_mention) {
  for (const Scope& scope : source.scopes) {
    Assignment& made = code_.assignments.emplace_back();
    made.slot = slot;
    made.op = source.op;
    made.scope = scope;
    made.locked = source.locked;
    made.form = form;
    made.rung = owner_.rung;
    made.depth = owner_.depth;
    made.value = value;
    made.span = span;
    made.first_mention = static_cast<std::uint32_t>(first_mention);
    made.mentions = static_cast<std::uint32_t>(code_.mentions.size() - first_mention);
  }
}

const Term* BodyChecker::boolean(diag::Span span, bool value) { return expressions_.constant(span, kBool, make::boolean(value)); }

void BodyChecker::presence(SlotId slot, bool there, Form form, diag::Span span, const Source& source) {
  if (!program_.types.is_optional((*owner_.shape)[slot].type)) return;
  Source whole = source;
  whole.op = Assign::set;
  whole.locked = source.locked && form == Form::written;
  put(slot, form, boolean(span, there), span, whole, code_.mentions.size());
}

/// A leaf that is set makes the optional records above it be there.
void BodyChecker::note_parents(SlotId slot, diag::Span span, const Source& source) {
  for (SlotId parent = (*owner_.shape)[slot].parent; parent != kNoSlot; parent = (*owner_.shape)[parent].parent)
    presence(parent, true, Form::presence, span, source);
}

void BodyChecker::assign(SlotId id, syntax::ExprId value, diag::Span span, const Source& source) {
  const Slot& slot = (*owner_.shape)[id];
  note_parents(id, span, source);
  const bool outer = std::exchange(expressions_.muster_reads_secrets, slot.muster_reads);
  if (slot.composite) {
    assign_record(id, value, span, source);
  } else {
    assign_leaf(id, value, span, source);
  }
  expressions_.muster_reads_secrets = outer;
}

void BodyChecker::assign_leaf(SlotId id, syntax::ExprId value, diag::Span span, const Source& source) {
  const Slot& slot = (*owner_.shape)[id];
  Type type = slot.type;
  if (source.op != Assign::set) type = program_.types.without_none(type);
  const TypeInfo info = program_.types.info(program_.types.base(type));
  if (source.op == Assign::remove && info.tag == TypeTag::map) type = program_.types.set(Type{info.a});
  const std::size_t first = code_.mentions.size();
  expressions_.mentions_are_needs = slot.needs_mentions;
  const Term* term = expressions_.check_field(value, type, slot.path);
  expressions_.mentions_are_needs = false;
  put(id, Form::written, term, span, source, first);
}

void BodyChecker::assign_record(SlotId id, syntax::ExprId value, diag::Span span, const Source& source) {
  const Slot& slot = (*owner_.shape)[id];
  const syntax::Expr& expr = tree_[value];
  if (expr.kind == ExprKind::none && program_.types.is_optional(slot.type)) {
    presence(id, false, Form::written, span, source);
    for (std::uint32_t i = 0; i < slot.children; ++i) reset(SlotId{slot.first_child + i}, span, source);
    return;
  }
  if (expr.kind != ExprKind::braces) {
    const std::size_t first = code_.mentions.size();
    const Term* record = expressions_.check_field(value, slot.type, slot.path);
    if (program_.types.is_optional(slot.type)) {
      const Term* none = expressions_.constant(record->span, kNone, make::of(Tag::none));
      put(id, Form::written, expressions_.make(Op::unequal, record->span, kBool, {record, none}), span, source, first);
    }
    return assign_parts(id, record, span, source);
  }
  presence(id, true, Form::presence, span, source);
  std::vector<bool> given(slot.children, false);
  for (const syntax::Entry& entry : tree_.entries(expr)) {
    const auto key = tree_.key(entry.key);
    const SlotId child = find_key(key.first(1), id, source);
    if (child == kNoSlot) continue;
    if (key.size() > 1) {
      out_.error(tree_.span(entry.range), "F0202", "inside braces a key is one word")
          .label("dotted")
          .help(fmt::format("write a block: `{} {{ {} … }}`", slot.path, program_.sources.text(tree_.span(entry.range))));
      poison(source.scopes, tree_.span(entry.range), "inside braces a key is one word");
      continue;
    }
    given[number(child) - slot.first_child] = true;
    assign(child, entry.value, tree_.span(entry.range), source);
  }
  for (std::uint32_t i = 0; i < slot.children; ++i) {
    if (!given[i]) reset(SlotId{slot.first_child + i}, span, source);
  }
}

void BodyChecker::assign_parts(SlotId id, const Term* record, diag::Span span, const Source& source) {
  const Slot& slot = (*owner_.shape)[id];
  for (std::uint32_t i = 0; i < slot.children; ++i) {
    const SlotId child{slot.first_child + i};
    const Term* part = expressions_.make(Op::field, record->span, (*owner_.shape)[child].type, {record}, i);
    if ((*owner_.shape)[child].composite) {
      if (program_.types.is_optional((*owner_.shape)[child].type)) {
        const Term* none = expressions_.constant(record->span, kNone, make::of(Tag::none));
        put(child, Form::written, expressions_.make(Op::unequal, record->span, kBool, {part, none}), span, source, code_.mentions.size());
      }
      assign_parts(child, part, span, source);
    } else {
      put(child, Form::written, part, span, source, code_.mentions.size());
    }
  }
}

void BodyChecker::reset(SlotId id, diag::Span span, const Source& source) {
  const Slot& slot = (*owner_.shape)[id];
  if (!slot.composite || program_.types.is_optional(slot.type)) put(id, Form::reset, nullptr, span, source, code_.mentions.size());
  for (std::uint32_t i = 0; i < slot.children; ++i) reset(SlotId{slot.first_child + i}, span, source);
}

// ---- schema defaults ----

void BodyChecker::distribute(Shape& shape, SlotId id, const Term* value, diag::Span span) {
  Slot& slot = shape.slots[number(id)];
  if (!slot.composite) {
    slot.initial = value;
    return;
  }
  const bool optional = program_.types.is_optional(slot.type);
  const bool absent = value == nullptr || (value->constant() && value->value.is(Tag::none));
  if (optional) slot.initial = boolean(span, !absent);
  const RecordType& record = program_.types.record(program_.types.base(program_.types.without_none(slot.type)));
  for (std::uint32_t i = 0; i < slot.children; ++i) {
    const SlotId child{slot.first_child + i};
    const Term* part = record.fields[i].initial;
    if (!absent) part = expressions_.make(Op::field, span, record.fields[i].type, {value}, i);
    if (part == nullptr && program_.types.is_optional(record.fields[i].type))
      part = expressions_.constant(span, kNone, make::of(Tag::none));
    distribute(shape, child, part, span);
  }
}

void BodyChecker::set_initial(Shape& shape, SlotId id, syntax::ExprId value) {
  const Slot& slot = shape[id];
  const Term* term = value == syntax::kNoExpr ? nullptr : expressions_.check_field(value, slot.type, slot.path);
  distribute(shape, id, term, slot.span);
}

// ---- patches ----

bool BodyChecker::patch_path(std::span<const KeyPart> key, std::vector<PatchStepCode>& path) {
  for (const KeyPart& part : key) {
    PatchStepCode& step = path.emplace_back();
    if (part.kind == KeyPart::Kind::word || part.kind == KeyPart::Kind::string) {
      step.key = tree_.text(part);
      continue;
    }
    const bool by_number = tree_[part.index].kind == ExprKind::number;
    const Term* index = expressions_.check(part.index, by_number ? kInt : kString);
    if (index->poisoned()) return false;
    if (!index->constant()) {
      out_.error(index->span, "F0414", "a patch names its place by constants").label("computed");
      return false;
    }
    step.by = by_number ? PatchStepCode::By::index : PatchStepCode::By::name;
    if (by_number) {
      step.index = static_cast<std::size_t>(index->value.number);
    } else {
      step.key = index->value.text();
    }
  }
  return true;
}

void BodyChecker::patch_operations(PatchCode& code, std::vector<PatchStepCode>& path, syntax::BodyId body, std::span<const Scope> scopes) {
  for (const Stmt& one : tree_.statements(body)) {
    const std::size_t depth = path.size();
    const diag::Span span = tree_.span(one.range);
    if (one.kind != StmtKind::field && one.kind != StmtKind::block) {
      out_.error(span, "F0209", "only fields stand in a patch").label("not here");
      poison(scopes, span, "only fields stand in a patch");
      continue;
    }
    if (!patch_path(tree_.key(one.parts), path)) {
      poison(scopes, span, "the place of a patch could not be understood");
    } else if (one.kind == StmtKind::block) {
      patch_operations(code, path, one.body, scopes);
    } else {
      PatchOperationCode& operation = code.operations.emplace_back();
      operation.path = path;
      operation.op = one.op;
      operation.span = span;
      operation.value = expressions_.check_field(one.value, program_.types.optional(kJson), {});
    }
    path.resize(depth);
  }
}

void BodyChecker::patch(const Stmt& one, std::span<const Scope> scopes) {
  const diag::Span span = tree_.span(one.range);
  const std::string_view target = tree_.text(one.other);
  const std::size_t slash = target.find('/');
  if (target.empty() || slash == 0 || (slash != std::string_view::npos && slash + 1 == target.size())) {
    out_.error(tree_.span(one.other), "F0414", "a patch names `\"KIND/NAME\"`, `\"KIND\"` or `\"KIND/*\"`").label("not such a name");
    return poison(scopes, span, "a patch names no object");
  }
  PatchCode code;
  code.target.kind = target.substr(0, slash);
  if (slash != std::string_view::npos) code.target.name = target.substr(slash + 1);
  code.span = span;
  code.library = owner_.library;
  code.first_mention = static_cast<std::uint32_t>(code_.mentions.size());
  const std::size_t before = expressions_.narrowed();
  if (one.value != syntax::kNoExpr) {
    code.when = expressions_.check(one.value, kBool);
    expressions_.narrow(one.value, true);
  }
  std::vector<PatchStepCode> path;
  patch_operations(code, path, one.body, scopes);
  expressions_.widen(before);
  code.mentions = static_cast<std::uint32_t>(code_.mentions.size()) - code.first_mention;
  for (const Scope& scope : scopes) {
    code.scope = scope;
    code_.patches.push_back(code);
  }
}

}  // namespace muster::lang

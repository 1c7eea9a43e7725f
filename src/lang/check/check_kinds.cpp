// Kinds: bases, shapes, then bodies. A derived kind begins as a copy of its base.
#include <fmt/format.h>

#include <algorithm>

#include "lang/check/check.hpp"
#include "lang/check/check_bodies.hpp"
#include "lang/check/names.hpp"
#include "muster/diag/suggest.hpp"

namespace muster::lang {

using syntax::Stmt;
using syntax::StmtKind;

namespace {

/// What the rooms below need to know of a field before anything is evaluated.
struct FieldRule {
  EntityWord word;
  std::string_view field;
  bool literal;
  bool additive;
  bool needs;
  bool readable = false;
  bool muster_reads = false;
};
constexpr FieldRule kFieldRules[] = {
    {EntityWord::service, "owner", true, false, false},
    {EntityWord::service, "only", true, false, false},
    {EntityWord::service, "except", true, false, false},
    {EntityWord::service, "renamed_from", true, false, false},
    {EntityWord::service, "namespace", false, false, false, true},
    {EntityWord::service, "needs", false, true, true},
    {EntityWord::service, "env", false, true, false},
    {EntityWord::service, "secrets", false, true, false},
    {EntityWord::service, "labels", false, true, false},
    {EntityWord::service, "annotations", false, true, false},
    {EntityWord::service, "build", false, false, false, false, true},
    {EntityWord::group, "members", true, false, false},
    {EntityWord::environment, "from", true, false, false},
    {EntityWord::environment, "renamed_from", true, false, false},
};

class KindChecker {
 public:
  KindChecker(Program& program, KindId id, diag::Diagnostics& out)
      : program_(program), id_(id), kind_(program.kind(id)), tree_(program.file(kind_.file).tree()), out_(out) {}

  void declare();
  void check();

 private:
  struct PendingLet {
    SlotId slot;
    const Stmt* statement;
    CheckState state = CheckState::unchecked;
  };

  SlotId add_slot(std::string_view name, Type type, SlotRole role, diag::Span span);
  void expand(SlotId id);
  void declare_param(const Stmt& one);
  void declare_output(const Stmt& one);
  void declare_let(const Stmt& one);
  [[nodiscard]] bool name_is_free(const Stmt& one);
  void inherit();
  void check_let(BodyChecker& body, PendingLet& let);
  void statement(BodyChecker& body, const Stmt& one);
  void object(BodyChecker& body, const Stmt& one);
  void add_object(ObjectCode code);
  void require(BodyChecker& body, const Stmt& one);
  void broken(std::string_view message, diag::Span span);

  Program& program_;
  KindId id_;
  Kind& kind_;
  const syntax::Tree& tree_;
  diag::Diagnostics& out_;
  std::vector<PendingLet> lets_;
};

void KindChecker::broken(std::string_view message, diag::Span span) {
  if (kind_.poison == nullptr) kind_.poison = Program::cause(program_.arena, message, span);
}

SlotId KindChecker::add_slot(std::string_view name, Type type, SlotRole role, diag::Span span) {
  const SlotId id{static_cast<std::uint32_t>(kind_.shape.slots.size())};
  Slot& slot = kind_.shape.slots.emplace_back();
  slot.name = slot.path = name;
  slot.type = type;
  slot.role = role;
  slot.span = span;
  slot.declared_by = id_;
  slot.library = kind_.library;
  slot.late = program_.types.admits_late(type);
  for (const FieldRule& rule : kFieldRules) {
    if (rule.word != kind_.word || rule.field != name || role != SlotRole::param) continue;
    slot.literal = rule.literal;
    slot.additive = rule.additive;
    slot.needs_mentions = rule.needs;
    slot.readable = rule.readable;
    slot.muster_reads = rule.muster_reads;
  }
  slot.readable = slot.readable || role == SlotRole::output;
  kind_.shape.names.assign(name, number(id));
  if (role == SlotRole::param) expand(id);
  return id;
}

/// The fields of a record become slots, side by side, then theirs.
void KindChecker::expand(SlotId id) {
  const Type record = program_.types.base(program_.types.without_none(kind_.shape[id].type));
  if (program_.types.tag(record) != TypeTag::record) return;
  const std::vector<RecordField>& fields = program_.types.record(record).fields;
  const auto first = static_cast<std::uint32_t>(kind_.shape.slots.size());
  for (const RecordField& field : fields) {
    Slot child;
    child.name = field.name;
    child.path = program_.arena.copy(fmt::format("{}.{}", kind_.shape[id].path, field.name));
    child.type = field.type;
    child.span = field.span;
    child.parent = id;
    child.declared_by = id_;
    child.library = kind_.library;
    child.late = program_.types.admits_late(field.type);
    child.muster_reads = kind_.shape[id].muster_reads;
    child.documentation = field.documentation;
    kind_.shape.slots.push_back(child);
  }
  Slot& slot = kind_.shape.slots[number(id)];
  slot.composite = true;
  slot.first_child = first;
  slot.children = static_cast<std::uint32_t>(fields.size());
  for (std::uint32_t i = 0; i < fields.size(); ++i) expand(SlotId{first + i});
}

bool KindChecker::name_is_free(const Stmt& one) {
  const std::string_view name = tree_.text(one.name);
  const diag::Span span = tree_.span(one.name);
  static constexpr std::string_view kReserved[] = {"fleet", "environment", "service", "it", "std"};
  if (std::find(std::begin(kReserved), std::end(kReserved), name) != std::end(kReserved)) {
    out_.error(span, "F0210", "`{}` is a name that the language keeps for itself", name).label("reserved");
    broken("a name is reserved", span);
    return false;
  }
  const SlotId there = kind_.shape.find(name);
  if (there == kNoSlot) return true;
  const Slot& slot = kind_.shape[there];
  const bool own = slot.declared_by == id_;
  const std::string_view role = slot.role == SlotRole::param ? "a param" : (slot.role == SlotRole::let ? "a `let`" : "an output");
  auto& said = out_.error(span, "F0205", "{}",
                          own ? fmt::format("`{}` is declared twice", name) : fmt::format("`{}` is {} of a base already", name, role));
  said.label("second declaration")
      .also(slot.span, own ? "first declaration" : fmt::format("declared by {}", program_.kind(slot.declared_by).qualified));
  if (!own && one.kind == StmtKind::param && slot.role == SlotRole::param) said.help(fmt::format("`{} = …` gives it a new default", name));
  broken(fmt::format("`{}` is declared twice", name), span);
  return false;
}

void KindChecker::declare_param(const Stmt& one) {
  if (!name_is_free(one)) return;
  const Type type = resolve_type(program_, kind_.file, one.type, out_);
  if (type == kPoison) broken(fmt::format("the type of `{}` is not known", tree_.text(one.name)), tree_.span(one.name));
  const SlotId id = add_slot(tree_.text(one.name), type, SlotRole::param, tree_.span(one.range));
  kind_.shape.slots[number(id)].documentation = tree_.documentation(one.range.begin);
}

void KindChecker::declare_output(const Stmt& one) {
  const std::string_view name = tree_.text(one.name);
  const Type type = resolve_type(program_, kind_.file, one.type, out_);
  const SlotId there = kind_.shape.find(name);
  // An output of a base is replaced by one of the same type; a param may be read as an output too, by its name.
  if (there != kNoSlot && kind_.shape[there].role == SlotRole::output && kind_.shape[there].declared_by != id_) {
    Slot& slot = kind_.shape.slots[number(there)];
    if (type != slot.type && type != kPoison) {
      out_.error(tree_.span(one.type), "F0212", "the output `{}` is {} in its base, and stays of that type", name,
                 program_.types.text(slot.type))
          .label(program_.types.text(type))
          .also(slot.span, "declared here");
      broken("an output changes its type", tree_.span(one.type));
    }
    slot.library = slot.library && kind_.library;
    lets_.push_back({there, &one, CheckState::unchecked});
    return;
  }
  if (!name_is_free(one)) return;
  if (type == kPoison) broken(fmt::format("the type of `{}` is not known", name), tree_.span(one.name));
  const SlotId id = add_slot(name, type, SlotRole::output, tree_.span(one.range));
  kind_.shape.slots[number(id)].documentation = tree_.documentation(one.range.begin);
  lets_.push_back({id, &one, CheckState::unchecked});
}

void KindChecker::declare_let(const Stmt& one) {
  if (!name_is_free(one)) return;
  const Type type = one.type == syntax::kNoType ? kPoison : resolve_type(program_, kind_.file, one.type, out_);
  lets_.push_back({add_slot(tree_.text(one.name), type, SlotRole::let, tree_.span(one.range)), &one, CheckState::unchecked});
}

void KindChecker::declare() {
  if (kind_.base != kNoKind) {
    const Kind& base = program_.kind(kind_.base);
    kind_.shape = base.shape;
    if (base.poison != nullptr) kind_.poison = base.poison;
  } else if (kind_.word == EntityWord::service) {
    add_slot("edges", program_.types.list(program_.types.ref(EntityWord::service, 0)), SlotRole::edges, kind_.span);
  }
  for (const Stmt& one : tree_.statements(kind_.declaration->body)) {
    if (one.kind == StmtKind::param) declare_param(one);
    if (one.kind == StmtKind::output) declare_output(one);
    if (one.kind == StmtKind::let) declare_let(one);
  }
  const syntax::BodyId body = kind_.declaration->body;
  if (body == syntax::kNoBody || tree_[body].damaged) broken("part of its kind could not be read", kind_.span);
  // `check` works on pointers to what is declared; they are made anew here since the vector is complete now.
  program_.kind_lets[number(id_)].clear();
  for (const PendingLet& let : lets_) program_.kind_lets[number(id_)].emplace_back(let.slot, let.statement);
}

/// What the base has learned of its slots since the copy was made.
void KindChecker::inherit() {
  if (kind_.base == kNoKind) return;
  const Kind& base = program_.kind(kind_.base);
  for (std::size_t i = 0; i < base.shape.slots.size(); ++i) {
    Slot& slot = kind_.shape.slots[i];
    const bool library = slot.library;
    slot = base.shape.slots[i];
    slot.library = library;
  }
  kind_.objects = base.objects;
  kind_.requires_ = base.requires_;
  kind_.patches = base.patches;
  if (kind_.poison == nullptr) kind_.poison = base.poison;
}

void KindChecker::check_let(BodyChecker& body, PendingLet& let) {
  if (let.state != CheckState::unchecked) return;
  let.state = CheckState::checking;
  Slot& slot = kind_.shape.slots[number(let.slot)];
  const Type expected = slot.role == SlotRole::let && let.statement->type == syntax::kNoType ? kInfer : slot.type;
  const Term* value = body.expressions().check_field(let.statement->value, expected, slot.name);
  if (expected == kInfer) slot.type = value->type;
  slot.initial = value;
  if (let.statement->kind == StmtKind::output) slot.span = tree_.span(let.statement->range);
  if (value->poisoned()) broken(value->value.cause().message, value->span);
  let.state = CheckState::checked;
}

void KindChecker::require(BodyChecker& body, const Stmt& one) {
  RequireCode code;
  code.condition = body.expressions().check(one.value, kBool);
  code.otherwise = body.expressions().check(one.other, kString);
  code.span = tree_.span(one.range);
  code.library = kind_.library;
  for (const Term* term : {code.condition, code.otherwise}) {
    if (term->poisoned()) broken(term->value.cause().message, term->span);
  }
  kind_.requires_.push_back(code);
}

void KindChecker::object(BodyChecker& body, const Stmt& one) {
  ExpressionChecker& expressions = body.expressions();
  ObjectCode code;
  code.kind = tree_.text(one.name);
  code.span = tree_.span(one.range);
  code.name_span = tree_.span(one.name);
  code.library = kind_.library;
  const std::size_t before = expressions.narrowed();
  if (one.value != syntax::kNoExpr) {
    code.when = expressions.check(one.value, kBool);
    expressions.narrow(one.value, true);
  }
  if (one.other != syntax::kNoExpr) code.name = expressions.check(one.other, kString);
  code.content = expressions.check_json_body(one.body, code.name_span);
  expressions.widen(before);
  for (const Term* term : {code.when, code.name, code.content}) {
    if (term != nullptr && term->poisoned()) broken(term->value.cause().message, term->span);
  }
  add_object(code);
}

/// A constant key of an object's content.
const Term* find_key(const Term* content, std::string_view key) {
  if (content->op != Op::map) return nullptr;
  for (std::size_t i = 0; i + 1 < content->kids.size(); i += 2) {
    if (content->kid(i).constant() && content->kid(i).value.text() == key) return content->kids[i + 1];
  }
  return nullptr;
}

std::string_view group_of(const Term* content) {
  std::string_view version;
  if (content->constant() && content->value.is(Tag::map)) {
    if (const Datum* found = find(content->value, "apiVersion")) version = found->is(Tag::text) ? found->text() : version;
  } else if (const Term* found = find_key(content, "apiVersion"); found != nullptr && found->constant() && found->value.is(Tag::text)) {
    version = found->value.text();
  }
  const std::size_t slash = version.find('/');
  return slash == std::string_view::npos ? std::string_view() : version.substr(0, slash);
}

bool same_name(const Term* a, const Term* b) {
  if (a == nullptr || b == nullptr) return a == b;
  if (a->constant() && b->constant()) return equal(a->value, b->value);
  return a == b;
}

void KindChecker::add_object(ObjectCode code) {
  for (ObjectCode& existing : kind_.objects) {
    if (existing.kind != code.kind || !same_name(existing.name, code.name) || group_of(existing.content) != group_of(code.content))
      continue;
    if (existing.span.source == code.span.source && existing.span.begin >= tree_.span(kind_.declaration->range).begin &&
        existing.span.end <= kind_.declaration->range.end) {
      out_.error(code.name_span, "F0205", "this kind emits the same object twice")
          .label("second one")
          .also(existing.name_span, "first one")
          .help("give one of them a name of its own: `object Service \"\\(name)-admin\" { … }`");
      broken("an object is declared twice", code.name_span);
      return;
    }
    existing = code;
    return;
  }
  kind_.objects.push_back(code);
}

void KindChecker::statement(BodyChecker& body, const Stmt& one) {
  const diag::Span span = tree_.span(one.range);
  static constexpr Scope kPlain[] = {Scope{}};
  const bool service = kind_.word == EntityWord::service;
  switch (one.kind) {
    case StmtKind::param: {
      const SlotId id = kind_.shape.find(tree_.text(one.name));
      if (id == kNoSlot || kind_.shape[id].declared_by != id_ || kind_.shape[id].role != SlotRole::param) return;
      body.set_initial(kind_.shape, id, one.value);
      const Term* initial = kind_.shape[id].initial;
      if (initial != nullptr && initial->poisoned()) broken(initial->value.cause().message, initial->span);
      return;
    }
    case StmtKind::let:
    case StmtKind::output: return;
    case StmtKind::field: return body.field(one, kPlain);
    case StmtKind::block: return body.block(one, kPlain);
    case StmtKind::require: return require(body, one);
    case StmtKind::object:
      if (service) return object(body, one);
      out_.error(span, "F0209", "only kinds for services emit objects").label("not here");
      return broken("only kinds for services emit objects", span);
    case StmtKind::patch:
      if (service) return body.patch(one, kPlain);
      out_.error(span, "F0209", "only kinds for services patch objects").label("not here");
      return broken("only kinds for services patch objects", span);
    case StmtKind::in:
      out_.error(span, "F0507", "`in` stands in services and `defaults service`, not in kinds")
          .label("not here")
          .help("take a param: each environment's `defaults` or service gives it a value");
      return broken("`in` stands in a kind", span);
    default:
      out_.error(span, "F0209", "this does not stand in a kind").label("not here");
      return broken("a statement stands where none may", span);
  }
}

void KindChecker::check() {
  inherit();
  Surroundings where{Site::kind, kind_.file, &kind_.shape, kind_.word, id_, nullptr};
  BodyOwner owner{"kind " + std::string(kind_.name),
                  &kind_.shape,
                  Rung::kind,
                  static_cast<std::uint8_t>(kind_.chain.size() - 1),
                  kind_.word,
                  false,
                  kind_.library};
  BodyChecker body(program_, program_.arena, out_, where, std::move(owner), kind_.body);
  for (const auto& [slot, statement] : program_.kind_lets[number(id_)]) lets_.push_back({slot, statement, CheckState::unchecked});
  body.expressions().let_type = [&](SlotId slot, diag::Span use) -> Type {
    for (PendingLet& let : lets_) {
      if (let.slot != slot) continue;
      if (let.state == CheckState::checking) {
        out_.error(tree_.span(let.statement->name), "F0306", "`{}` is computed from itself", tree_.text(let.statement->name))
            .label("needs itself")
            .also(use, "read here");
        broken("a `let` is computed from itself", use);
      }
      // A let inside another expression: its names are its own.
      BodyOwner inner_owner{"kind", &kind_.shape, Rung::kind, 0, kind_.word, false, kind_.library};
      BodyCode unused;
      BodyChecker inner(program_, program_.arena, out_, {Site::kind, kind_.file, &kind_.shape, kind_.word, id_, nullptr},
                        std::move(inner_owner), unused);
      inner.expressions().let_type = body.expressions().let_type;
      check_let(inner, let);
    }
    return kind_.shape[slot].type;
  };
  for (const Stmt& one : tree_.statements(kind_.declaration->body)) statement(body, one);
  for (PendingLet& let : lets_) check_let(body, let);
  body.finish();
  for (const BodyPoison& poison : kind_.body.poisons) broken(poison.cause->message, poison.cause->span);
  for (const Assignment& one : kind_.body.assignments) {
    if (one.value != nullptr && one.value->poisoned()) broken(one.value->value.cause().message, one.value->span);
  }
  kind_.patches.insert(kind_.patches.end(), kind_.body.patches.begin(), kind_.body.patches.end());
}

void chain_up(Program& program, KindId id, std::vector<CheckState>& states, diag::Diagnostics& out) {
  Kind& kind = program.kind(id);
  if (states[number(id)] != CheckState::unchecked) return;
  states[number(id)] = CheckState::checking;
  const syntax::Tree& tree = program.file(kind.file).tree();
  const diag::Span span = tree.span(kind.declaration->path);
  const auto fail = [&](std::string_view message) {
    kind.poison = Program::cause(program.arena, message, kind.span);
    kind.base = program.root(kind.word);
  };
  const KindId root = program.root(kind.word);
  if (!kind.root && kind.declaration->path.empty()) kind.base = root;
  if (!kind.declaration->path.empty()) {
    const std::string_view path = tree.text(kind.declaration->path);
    kind.base = lookup_kind_path(program, kind.file, path);
    if (kind.base == kNoKind) {
      if (!program.import_names.contains(path.substr(0, path.find('.')))) {
        out.error(span, "F0206", "there is no kind `{}`", path)
            .label("unknown kind")
            .help(diag::did_you_mean(path, kind_names(program, kind.file, kind.word)));
      }
      fail(fmt::format("there is no kind `{}`", path));
    } else if (program.kind(kind.base).word != kind.word) {
      out.error(span, "F0206", "`{}` is a kind for {}, not for {}", path, to_string(program.kind(kind.base).word), to_string(kind.word))
          .label("for other entities");
      fail("its base is for other entities");
    } else if (states[number(kind.base)] == CheckState::checking) {
      out.error(span, "F0306", "the kind `{}` extends itself", kind.name).label("this closes the circle");
      fail("it extends itself");
    }
  }
  if (kind.base != kNoKind) {
    chain_up(program, kind.base, states, out);
    program.kind(id).chain = program.kind(program.kind(id).base).chain;
  }
  program.kind(id).chain.push_back(id);
  states[number(id)] = CheckState::checked;
  program.kind_order.push_back(id);
}

}  // namespace

void link_kinds(Program& program, diag::Diagnostics& out) {
  std::vector<CheckState> states(program.kinds.size(), CheckState::unchecked);
  for (std::uint32_t i = 0; i < program.kinds.size(); ++i) chain_up(program, KindId{i}, states, out);
  program.types.kind_names.clear();
  for (const Kind& kind : program.kinds) program.types.kind_names.push_back(kind.qualified);
}

void check_kinds(Program& program, diag::Diagnostics& out) {
  program.kind_lets.resize(program.kinds.size());
  for (const KindId id : program.kind_order) KindChecker(program, id, out).declare();
  gather_environment_fields(program);
  for (const KindId id : program.kind_order) KindChecker(program, id, out).check();
}

void gather_environment_fields(Program& program) {
  for (const Kind& kind : program.kinds) {
    if (kind.word != EntityWord::environment) continue;
    for (const Slot& slot : kind.shape.slots) {
      if (slot.parent != kNoSlot || slot.role == SlotRole::let) continue;
      const auto at = static_cast<std::uint32_t>(program.environment_fields.size());
      if (program.environment_field_names.insert(slot.name, at)) program.environment_fields.push_back({slot.name, slot.type, {}});
    }
  }
  const std::vector<Entity>& environments = program.table(EntityWord::environment).all;
  for (EnvironmentField& field : program.environment_fields) {
    field.slots.clear();
    for (const Entity& environment : environments) {
      const SlotId slot = environment.kind == kNoKind ? kNoSlot : program.kind_of(environment).shape.find(field.name);
      // Kinds that give one name two types: only those of the first are read by it.
      const bool fits = slot != kNoSlot && program.kind_of(environment).shape[slot].type == field.type;
      field.slots.push_back(fits ? slot : kNoSlot);
    }
  }
}

}  // namespace muster::lang

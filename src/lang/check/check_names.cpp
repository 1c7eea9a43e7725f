// Names: locals, own values, entities and enum values by expected type, constants; members of all of these.
#include <fmt/format.h>

#include <algorithm>

#include "lang/check/check_expression.hpp"
#include "lang/check/names.hpp"
#include "lang/text_forms.hpp"
#include "muster/diag/suggest.hpp"

namespace muster::lang {

using syntax::Expr;
using syntax::ExprId;
using syntax::ExprKind;

namespace {

std::string alternatives(std::span<const std::string_view> names) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i != 0) out += i + 1 == names.size() ? " or " : ", ";
    out += names[i];
  }
  return out;
}

}  // namespace

const Term* ExpressionChecker::own_slot(SlotId slot, diag::Span span) {
  const Slot& one = (*where_.own)[slot];
  if (one.role == SlotRole::edges) return make(Op::edges, span, one.type, {});
  const Type type = one.type == kPoison && one.role == SlotRole::let && let_type ? let_type(slot, span) : one.type;
  return make(Op::slot, span, type, {}, number(slot));
}

const Term* ExpressionChecker::local_or_own(std::string_view name, diag::Span span) {
  for (auto local = locals_.rbegin(); local != locals_.rend(); ++local) {
    if (local->name == name) return make(Op::local, span, local->type, {}, local->index);
  }
  if (where_.site != Site::kind || where_.own == nullptr) return nullptr;
  const SlotId slot = where_.own->find(name);
  return slot == kNoSlot ? nullptr : own_slot(slot, span);
}

Constant* ExpressionChecker::find_constant(std::string_view name, bool qualified) {
  return lookup_constant(program_, where_.file, name, qualified);
}
Function* ExpressionChecker::find_function(std::string_view name, bool qualified) {
  return lookup_function(program_, where_.file, name, qualified);
}

const Type* ExpressionChecker::find_enum(std::string_view name, bool qualified) const {
  const TypeName* found = lookup_type(program_, where_.file, name, qualified);
  return found != nullptr && program_.types.tag(found->type) == TypeTag::enumeration ? &found->type : nullptr;
}

const Term* ExpressionChecker::use_constant(Constant& constant, diag::Span span) {
  ensure_checked(program_, constant, out_, span);
  return this->constant(span, constant.type, constant.value->value);
}

const Term* ExpressionChecker::service_reference(std::string_view name, diag::Span span, std::uint32_t environment) {
  const EntityTable& services = program_.table(EntityWord::service);
  const auto found = services.names.find(name);
  if (!found) return unknown_name(name, span, types().ref(EntityWord::service, 0));
  if (mentions != nullptr) mentions->push_back({*found, environment, mentions_are_needs && link_depth_ == 0, link_depth_ != 0, span});
  const KindId kind = services.all[*found].kind;
  const std::uint32_t of = kind == kNoKind ? 0 : number(kind) + 1;
  if (kind == kNoKind) return poison(span, fmt::format("the kind of `{}` is not known", name));
  const Type type = link_depth_ == 0 ? types().ref(EntityWord::service, of) : types().link(EntityWord::service, of);
  return constant(span, type, make::service(*found, environment));
}

const Term* ExpressionChecker::entity_reference(std::string_view name, diag::Span span, Type expected) {
  const TypeInfo info = types().info(expected);
  const auto word = static_cast<EntityWord>(info.a);
  if (word == EntityWord::service) {
    const bool link = info.tag == TypeTag::link;
    if (link) enter_link();
    const Term* reference = service_reference(name, span);
    if (link) leave_link();
    if (reference->poisoned() || assignable(reference->type, expected)) return reference;
    const Entity& entity = *program_.table(word).find(name);
    error(span, "F0302",
          fmt::format("`{}` is a {}, but {} is wanted here", name, program_.kind_of(entity).qualified, types().text(expected)),
          "of another kind");
    diagnostic().also(entity.span, "declared here");
    return poison(span, diagnostic().message);
  }
  const Entity* entity = program_.table(word).find(name);
  if (entity == nullptr) return unknown_name(name, span, expected);
  const auto id = static_cast<std::uint32_t>(entity - program_.table(word).all.data());
  if (info.b != 0 && (entity->kind == kNoKind || !program_.kind_of(*entity).derives_from(KindId{info.b - 1}))) {
    return error(span, "F0302", fmt::format("`{}` is not {}", name, types().text(expected)), "of another kind");
  }
  return constant(span, expected, make::entity(static_cast<std::uint16_t>(word), id));
}

const Term* ExpressionChecker::check_name(ExprId, const Expr& expr, Type want) {
  const diag::Span span = tree_.span(expr.range);
  const std::string_view name = tree_.text(expr);
  if (const Term* value = local_or_own(name, span)) return value;
  const TypeTag tag = want == kInfer ? TypeTag::poison : types().tag(want);
  const Term* by_type = nullptr;
  if (tag == TypeTag::enumeration) {
    if (const int member = types().enumeration(want).member(name); member >= 0) {
      by_type = constant(span, want, make::enumeration(types().info(want).a, static_cast<std::uint32_t>(member)));
    }
  } else if ((tag == TypeTag::ref || tag == TypeTag::link) && where_.site == Site::entity) {
    if (program_.table(static_cast<EntityWord>(types().info(want).a)).find(name) != nullptr) by_type = entity_reference(name, span, want);
  } else if (tag == TypeTag::name && where_.site == Site::entity) {
    by_type = constant(span, want, make::text(name));
  }
  Constant* found = find_constant(name, false);
  if (found == nullptr) return by_type != nullptr ? by_type : unknown_name(name, span, want);
  if (by_type == nullptr) return use_constant(*found, span);
  const Term* bad = error(span, "F0305",
                          fmt::format("`{}` is a constant, and {} too", name,
                                      tag == TypeTag::enumeration ? "a value of " + types().text(want) : with_article(types().text(want))),
                          "which one is meant?");
  diagnostic().also(program_.file(found->file).tree().span(found->declaration->name), "the constant");
  if (tag == TypeTag::enumeration) diagnostic().help(fmt::format("`{}.{}` is always the value", types().text(want), name));
  return bad;
}

const Term* ExpressionChecker::unknown_name(std::string_view name, diag::Span span, Type want) {
  const TypeTag tag = want == kInfer ? TypeTag::poison : types().tag(want);
  if (const std::string_view ours = diag::foreign_word(name); !ours.empty()) {
    const Term* bad = error(span, "F0301", fmt::format("`{}` is written `{}` here", name, ours), "a word of another language");
    diagnostic().fix(span, std::string(ours), fmt::format("`{}`", ours));
    return bad;
  }
  if (tag == TypeTag::enumeration) {
    const EnumType& type = types().enumeration(want);
    const Term* bad = error(span, "F0404", fmt::format("`{}` is not {}", name, with_article(type.name)),
                            fmt::format("expected {}", alternatives(type.members)));
    if (const std::string_view near = diag::nearest(name, type.members); !near.empty()) {
      diagnostic().fix(span, std::string(near), fmt::format("`{}`", near));
    }
    return bad;
  }
  if (tag == TypeTag::ref || tag == TypeTag::link) return unknown_entity(name, span, want);
  if (const Term* bad = meant_subtraction(name, span)) return bad;
  if (const Term* bad = meant_entity(name, span, want)) return bad;
  const Term* bad = error(span, "F0301", fmt::format("nothing is called `{}` here", name), "unknown name");
  const bool text = tag == TypeTag::string || tag == TypeTag::url || tag == TypeTag::path || tag == TypeTag::json || tag == TypeTag::glob;
  if (const std::string_view near = diag::nearest(name, names_in_sight()); !near.empty()) {
    diagnostic().fix(span, std::string(near), fmt::format("`{}`", near));
  } else if (text) {
    diagnostic().fix(span, fmt::format("\"{}\"", name), fmt::format("`\"{}\"`, if text is meant", name));
  }
  return bad;
}

const Term* ExpressionChecker::meant_subtraction(std::string_view name, diag::Span span) {
  const std::size_t hyphen = name.find('-');
  if (hyphen == std::string_view::npos) return nullptr;
  const std::string_view first = name.substr(0, hyphen);
  if (local_or_own(first, span) == nullptr && find_constant(first, false) == nullptr) return nullptr;
  const std::string apart = fmt::format("{} - {}", first, name.substr(hyphen + 1));
  const Term* bad = error(span, "F0316", fmt::format("`{}` is one name; names may hold hyphens", name), "not a subtraction");
  diagnostic().fix(span, apart, fmt::format("`{}`: minus has a space on both sides", apart));
  return bad;
}

const Term* ExpressionChecker::meant_entity(std::string_view name, diag::Span span, Type want) {
  if (where_.site == Site::entity && where_.own != nullptr && where_.own->find(name) != kNoSlot) {
    const std::string own = fmt::format("{}.{}", to_string(where_.word), name);
    const Term* bad = error(span, "F0317", fmt::format("`{}` alone is no value here", name), "a field of its own is meant?");
    diagnostic().fix(span, own, fmt::format("`{}`: own values are written with the entity's word", own));
    return bad;
  }
  if (program_.table(EntityWord::service).find(name) == nullptr) return nullptr;
  if (where_.site == Site::entity) {
    const Term* bad = error(span, "F0317", fmt::format("the service `{}` alone is no value here", name),
                            want == kInfer ? "a service" : fmt::format("{} is wanted", types().text(want)));
    diagnostic().help(fmt::format("read one of its outputs: `{}.name`, `{}.url`", name, name));
    return bad;
  }
  if (where_.site == Site::kind) {
    const Term* bad = error(span, "F0315", fmt::format("a kind does not name services, so `{}` means nothing here", name), "a service");
    diagnostic().help("take it as a param: `param other: ref(service)`");
    return bad;
  }
  return nullptr;
}

std::vector<std::string_view> ExpressionChecker::names_in_sight() const {
  std::vector<std::string_view> out;
  for (const Local& local : locals_) out.push_back(local.name);
  if (where_.site == Site::kind && where_.own != nullptr) {
    for (const Slot& slot : where_.own->slots) {
      if (slot.parent == kNoSlot) out.push_back(slot.name);
    }
  }
  for (const Constant& one : program_.constants) {
    if (lookup_constant(program_, where_.file, one.name, false) == &one) out.push_back(one.name);
  }
  return out;
}

const Term* ExpressionChecker::unknown_entity(std::string_view name, diag::Span span, Type want) {
  const auto word = static_cast<EntityWord>(types().info(want).a);
  if (where_.site != Site::entity) {
    const Term* bad = error(span, "F0315", fmt::format("only entities and `defaults` name entities, so `{}` means nothing here", name),
                            "not a value of the kind");
    diagnostic().help(fmt::format("take it as a param: `param other: {}`", types().text(want)));
    return bad;
  }
  // Declared under another word?
  for (std::size_t i = 0; i < syntax::kEntityWords; ++i) {
    const auto other = static_cast<EntityWord>(i);
    const Entity* entity = other == word ? nullptr : program_.table(other).find(name);
    if (entity == nullptr) continue;
    const Term* bad =
        error(span, "F0302",
              fmt::format("`{}` is {}, but {} is wanted here", name, with_article(to_string(other)), with_article(to_string(word))),
              std::string(to_string(other)));
    diagnostic().also(entity->span, "declared here");
    return bad;
  }
  std::vector<std::string_view> legal;
  for (const Entity& entity : program_.table(word).all) legal.push_back(entity.name);
  const Term* bad = error(span, "F0301", fmt::format("no {} is called `{}`", to_string(word), name), "not declared anywhere in this fleet");
  if (const std::string_view near = diag::nearest(name, legal); !near.empty()) {
    const Entity* entity = program_.table(word).find(near);
    diagnostic().fix(span, std::string(near), fmt::format("`{}` ({})", near, program_.sources.place(entity->span)));
  } else if (!legal.empty() && legal.size() <= 5) {
    diagnostic().help(fmt::format("there {} {}", legal.size() == 1 ? "is" : "are", alternatives(legal)));
  } else if (word == EntityWord::image) {
    diagnostic().help(fmt::format("a reference stands in quotes: `\"{}\"`", name));
  }
  return bad;
}

// ---- members ----

const Term* ExpressionChecker::reserved_member(std::string_view base, syntax::Range word, diag::Span span, bool& handled) {
  const std::string_view name = tree_.text(word);
  const diag::Span name_span = tree_.span(word);
  const std::string_view own_word = to_string(where_.word);
  handled = true;
  if (where_.own != nullptr && base == own_word) {
    const SlotId slot = where_.own->find(name);
    if (slot != kNoSlot) return own_slot(slot, span);
    std::vector<std::string_view> legal;
    for (const Slot& one : where_.own->slots) {
      if (one.parent == kNoSlot) legal.push_back(one.name);
    }
    const Term* bad = error(name_span, "F0201", fmt::format("`{}` has no `{}`", base, name), "unknown field");
    diagnostic().help(diag::did_you_mean(name, legal));
    return bad;
  }
  if (where_.own == nullptr && (where_.site != Site::entity || base == "service")) {
    if (base == "service" || base == "environment" || base == "fleet") {
      const Term* bad = error(span, "F0318", fmt::format("`{}` is not known here", base), "no entity is evaluated here");
      diagnostic().help(where_.site == Site::function ? "hand it in as a parameter" : "it is known in the bodies of entities and kinds");
      return bad;
    }
  } else if (base == "environment" && where_.word == EntityWord::service) {
    if (const auto field = program_.environment_field_names.find(name))
      return make(Op::environment, span, program_.environment_fields[*field].type, {}, *field);
    std::vector<std::string_view> legal;
    for (const EnvironmentField& one : program_.environment_fields) legal.push_back(one.name);
    const Term* bad = error(name_span, "F0201", fmt::format("no environment has `{}`", name), "unknown field");
    diagnostic()
        .help(diag::did_you_mean(name, legal))
        .help(fmt::format("facts about environments are params of their kind: `kind cell for environment {{ param {}: string }}`", name));
    return bad;
  } else if (base == "fleet") {
    const Shape& shape = program_.kind(program_.root(EntityWord::fleet)).shape;
    const SlotId slot = shape.find(name);
    if (slot != kNoSlot) return make(Op::fleet, span, shape[slot].type, {}, number(slot));
    return error(name_span, "F0201", fmt::format("the fleet has no `{}`", name), "unknown field");
  } else if (base == "service" || base == "environment") {
    return error(span, "F0318", fmt::format("`{}` is not known in {}", base, with_article(own_word)),
                 fmt::format("{} belongs to no {}", with_article(own_word), base));
  }
  handled = false;
  return nullptr;
}

bool ExpressionChecker::is_service_base(ExprId id) const {
  const Expr& expr = tree_[id];
  return expr.kind == ExprKind::name && where_.site == Site::entity &&
         program_.table(EntityWord::service).find(tree_.text(expr)) != nullptr;
}

const Term* ExpressionChecker::check_member(ExprId, const Expr& expr, Type) {
  const diag::Span span = tree_.span(expr.range);
  const ExprId base = syntax::Tree::base(expr);
  const syntax::Range word = syntax::Tree::word(expr);
  const Expr& base_expr = tree_[base];
  if (base_expr.kind == ExprKind::name) {
    const std::string_view name = tree_.text(base_expr);
    bool handled = false;
    if (const Term* value = local_or_own(name, tree_.span(base))) return member_of(narrow_term(value, base), word, span);
    if (const Term* value = reserved_member(name, word, span, handled); handled) return value;
    if (name == "std") {
      if (Constant* found = find_constant(tree_.text(word), true)) return use_constant(*found, span);
      return error(tree_.span(word), "F0301", fmt::format("the standard library has no constant `{}`", tree_.text(word)), "unknown name");
    }
    if (is_service_base(base)) {
      if (Constant* found = find_constant(name, false)) {
        error(tree_.span(base), "F0305", fmt::format("`{}` is a constant, and a service too", name), "which one is meant?");
        diagnostic().also(program_.file(found->file).tree().span(found->declaration->name), "the constant");
        return poison(span, "it is ambiguous");
      }
      const Term* reference = service_reference(name, tree_.span(base));
      if (mentions != nullptr && !reference->poisoned()) mentions->back().span = span;
      return member_of(reference, word, span);
    }
    if (const Type* type = find_enum(name, false)) {
      const int member = types().enumeration(*type).member(tree_.text(word));
      if (member >= 0) return constant(span, *type, make::enumeration(types().info(*type).a, static_cast<std::uint32_t>(member)));
      return unknown_name(tree_.text(word), tree_.span(word), *type);
    }
    if (find_constant(name, false) == nullptr && where_.site == Site::entity)
      return unknown_name(name, tree_.span(base), types().ref(EntityWord::service, 0));
  } else if (base_expr.kind == ExprKind::member && tree_.text(tree_[syntax::Tree::base(base_expr)].range) == "std") {
    if (const Type* type = find_enum(tree_.text(syntax::Tree::word(base_expr)), true)) {
      const int member = types().enumeration(*type).member(tree_.text(word));
      if (member >= 0) return constant(span, *type, make::enumeration(types().info(*type).a, static_cast<std::uint32_t>(member)));
      return unknown_name(tree_.text(word), tree_.span(word), *type);
    }
  }
  const std::string_view outer = std::exchange(field_, std::string_view());
  const Term* value = infer(base);
  field_ = outer;
  return member_of(value, word, span);
}

const Term* ExpressionChecker::member_of(const Term* base, syntax::Range word, diag::Span span) {
  if (base->poisoned() || base->type == kPoison) return base;
  const std::string_view name = tree_.text(word);
  const diag::Span name_span = tree_.span(word);
  if (types().is_optional(base->type)) {
    const Term* bad = error(base->span, "F0407", "this may be none here", types().text(base->type));
    diagnostic().help("`if x != none then … else …` reads it where it is there");
    return bad;
  }
  const Type type = types().base(base->type);
  const TypeInfo info = types().info(type);
  if (info.tag == TypeTag::record) {
    // A field of an own record is a slot of its own: it is read without the rest.
    if (base->op == Op::slot && where_.own != nullptr && (*where_.own)[SlotId{base->index}].composite) {
      const SlotId child = where_.own->child(SlotId{base->index}, name);
      if (child != kNoSlot) return own_slot(child, span);
    }
    const RecordType& record = types().record(type);
    if (const RecordField* field = record.field(name))
      return make(Op::field, span, field->type, {base}, static_cast<std::uint32_t>(field - record.fields.data()));
    std::vector<std::string_view> legal;
    for (const RecordField& field : record.fields) legal.push_back(field.name);
    const Term* bad = error(name_span, "F0201", fmt::format("`{}` has no field `{}`", record.name, name), "unknown field");
    diagnostic().help(diag::did_you_mean(name, legal));
    return bad;
  }
  if (info.tag == TypeTag::ref || info.tag == TypeTag::link) {
    const auto word_of = static_cast<EntityWord>(info.a);
    const KindId kind = info.b == 0 ? program_.root(word_of) : KindId{info.b - 1};
    const Shape& shape = program_.kind(kind).shape;
    const SlotId slot = shape.find(name);
    if (slot != kNoSlot && (word_of != EntityWord::service || shape[slot].readable))
      return make(Op::output, span, shape[slot].type, {base}, number(slot));
    std::vector<std::string_view> legal;
    for (const Slot& one : shape.slots) {
      if (one.parent == kNoSlot && (one.readable || word_of != EntityWord::service)) legal.push_back(one.name);
    }
    const bool field = slot != kNoSlot && shape[slot].role != SlotRole::let;
    const Term* bad = error(name_span, "F0309", fmt::format("`{}` is no output of {}", name, program_.kind(kind).qualified),
                            field ? "a field of its own, which others do not read" : "unknown output");
    diagnostic().help(diag::did_you_mean(name, legal)).help(fmt::format("its outputs are {}", alternatives(legal)));
    return bad;
  }
  const Term* bad =
      error(name_span, "F0402", fmt::format("{} has no members", with_article(types().text(base->type))), "nothing to read here");
  if (info.tag == TypeTag::map) diagnostic().help(fmt::format("the value of a key is read with brackets: `[\"{}\"]`", name));
  return bad;
}

const Term* ExpressionChecker::check_at(ExprId, const Expr& expr, Type) {
  const diag::Span span = tree_.span(expr.range);
  const Expr& base = tree_[syntax::Tree::base(expr)];
  const std::string_view environment = tree_.text(syntax::Tree::word(expr));
  if (base.kind != ExprKind::name || where_.site != Site::entity) {
    return error(span, "F0319", "`@` stands between a service and an environment, in the body of an entity", "as in `idp@prod-eu.url`");
  }
  const auto found = program_.table(EntityWord::environment).names.find(environment);
  if (!found) return unknown_entity(environment, tree_.span(syntax::Tree::word(expr)), types().ref(EntityWord::environment, 0));
  return service_reference(tree_.text(base), span, *found);
}

}  // namespace muster::lang

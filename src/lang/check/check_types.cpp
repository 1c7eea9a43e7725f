// Types: names to numbers, records, enums, refinements, and what they may be made of.
#include <fmt/format.h>

#include <algorithm>

#include "lang/check/check.hpp"
#include "lang/check/check_expression.hpp"
#include "lang/check/names.hpp"
#include "muster/diag/suggest.hpp"

namespace muster::lang {

using syntax::TypeExpr;

namespace {

/// What one resolution needs; types refer to each other in any order.
class TypeResolver {
 public:
  TypeResolver(Program& program, FileId file, diag::Diagnostics& out)
      : program_(program), file_(file), tree_(program.file(file).tree()), out_(out) {}

  Type resolve(syntax::TypeId id) {
    const TypeExpr& expr = tree_[id];
    if (expr.kind == TypeExpr::Kind::bad) return kPoison;
    const Type type = expr.kind == TypeExpr::Kind::one_of ? one_of(expr) : named(expr);
    return expr.optional ? program_.types.optional(type) : type;
  }

 private:
  Type one_of(const TypeExpr& expr) {
    std::vector<Type> members;
    bool optional = false;
    for (const syntax::TypeId part : tree_.parts(expr)) {
      Type member = resolve(part);
      if (member == kPoison) return kPoison;
      optional = optional || program_.types.is_optional(member);
      member = program_.types.without_none(member);
      const TypeTag tag = program_.types.tag(program_.types.base(member));
      if (!program_.file(file_).library && tag != TypeTag::enumeration && tag != TypeTag::record && tag != TypeTag::ref &&
          tag != TypeTag::link) {
        out_.error(tree_.span(part), "F0208", "one of several types must be an enum, a record or a reference")
            .label(program_.types.text(member))
            .note("so that what is written always says which one is meant");
        return kPoison;
      }
      members.push_back(member);
    }
    const Type type = program_.types.one_of(std::move(members));
    return optional ? program_.types.optional(type) : type;
  }

  Type named(const TypeExpr& expr) {
    const std::string_view path = tree_.text(expr.path);
    const auto parts = tree_.parts(expr);
    if (path == "list" || path == "set" || path == "map" || path == "ref" || path == "link" || path == "late")
      return made(path, expr, parts);
    if (!parts.empty()) {
      out_.error(tree_.span(expr.range), "F0208", "`{}` takes no types in parentheses", path).label("not a type made of others");
      return kPoison;
    }
    const bool qualified = path.starts_with("std.");
    const std::string_view name = qualified ? path.substr(4) : path;
    if (!qualified) {
      if (const Type* simple = find_simple_type(name)) return *simple;
    }
    if (const TypeName* found = lookup_type(program_, file_, name, qualified)) return declared(*found, tree_.span(expr.path));
    if (path.find('.') != std::string_view::npos && !qualified && imports(path)) return kPoison;
    unknown(path, tree_.span(expr.path));
    return kPoison;
  }

  /// A type of an imported library, about which the import's own diagnostic says enough.
  [[nodiscard]] bool imports(std::string_view path) const { return program_.import_names.contains(path.substr(0, path.find('.'))); }

  Type declared(const TypeName& found, diag::Span use) {
    if (found.type != kPoison || found.declaration->kind != syntax::DeclKind::alias) return found.type;
    const auto at = static_cast<std::size_t>(&found - program_.type_names.data());
    return resolve_alias(program_, at, out_, use);
  }

  Type made(std::string_view name, const TypeExpr& expr, std::span<const syntax::TypeId> parts) {
    const std::size_t wanted = name == "map" ? 2 : 1;
    if (parts.size() != wanted) {
      out_.error(tree_.span(expr.range), "F0208", "`{}` takes {} in parentheses", name, wanted == 2 ? "two types" : "one type")
          .help(name == "map" ? "`map(string, string)`" : fmt::format("`{}(string)`", name));
      return kPoison;
    }
    if (name == "ref" || name == "link") return reference(name == "ref", parts.front());
    const Type first = resolve(parts[0]);
    const Type second = wanted == 2 ? resolve(parts[1]) : kNone;
    if (first == kPoison || second == kPoison) return kPoison;
    if (name == "list") return program_.types.list(first);
    if (name == "set") return program_.types.set(first);
    if (name == "late") return program_.types.late(first);
    return program_.types.map(first, second);
  }

  Type reference(bool edge, syntax::TypeId id) {
    const TypeExpr& expr = tree_[id];
    const std::string_view path = tree_.text(expr.path);
    const auto make = [&](EntityWord word, std::uint32_t kind) {
      return edge ? program_.types.ref(word, kind) : program_.types.link(word, kind);
    };
    for (std::size_t i = 0; i < syntax::kEntityWords; ++i) {
      const auto word = static_cast<EntityWord>(i);
      if (to_string(word) == path) return make(word, 0);
    }
    const KindId kind = lookup_kind_path(program_, file_, path);
    if (kind != kNoKind) return make(program_.kind(kind).word, number(kind) + 1);
    if (path.find('.') != std::string_view::npos && imports(path)) return kPoison;
    auto& said = out_.error(tree_.span(expr.path), "F0206", "there is no kind `{}`", path);
    std::vector<std::string_view> legal;
    for (std::size_t i = 0; i < syntax::kEntityWords; ++i) legal.push_back(to_string(static_cast<EntityWord>(i)));
    for (const std::string_view one : kind_names(program_, file_, EntityWord::service)) legal.push_back(one);
    said.label("an entity word or a kind is wanted").help(diag::did_you_mean(path, legal));
    return kPoison;
  }

  void unknown(std::string_view path, diag::Span span) {
    auto& said = out_.error(span, "F0207", "there is no type `{}`", path).label("unknown type");
    static constexpr std::pair<std::string_view, std::string_view> kForeign[] = {
        {"str", "string"},     {"String", "string"}, {"text", "string"},           {"integer", "int"},
        {"number", "int"},     {"i64", "int"},       {"boolean", "bool"},          {"float", "decimal"},
        {"double", "decimal"}, {"array", "list(T)"}, {"object", "map(string, T)"}, {"dict", "map(string, T)"},
        {"any", "json"}};
    for (const auto& [foreign, ours] : kForeign) {
      if (foreign != path) continue;
      said.help(fmt::format("it is called `{}` here", ours));
      return;
    }
    if (lookup_kind_path(program_, file_, path) != kNoKind) {
      said.fix(span, fmt::format("ref({})", path), fmt::format("`ref({})`: a service of that kind", path));
      return;
    }
    std::vector<std::string_view> legal(simple_type_names().begin(), simple_type_names().end());
    for (const std::string_view made : {"list", "set", "map", "ref", "link"}) legal.push_back(made);
    for (const TypeName& one : program_.type_names) {
      if (lookup_type(program_, file_, one.name, false) == &one) legal.push_back(one.name);
    }
    said.help(diag::did_you_mean(path, legal));
  }

  Program& program_;
  FileId file_;
  const syntax::Tree& tree_;
  diag::Diagnostics& out_;
};

void check_record_fields(Program& program, TypeName& name, diag::Diagnostics& out) {
  const syntax::Tree& tree = program.file(name.file).tree();
  for (const syntax::TypedField& field : tree.fields(name.declaration->fields)) {
    RecordField made;
    made.name = tree.text(field.name);
    made.span = tree.span(field.range);
    made.documentation = tree.documentation(field.range.begin);
    made.type = resolve_type(program, name.file, field.type, out);
    RecordType& record = program.types.record(name.type);
    if (const RecordField* earlier = record.field(made.name)) {
      out.error(tree.span(field.name), "F0205", "the field `{}` is there twice", made.name)
          .label("second one")
          .also(earlier->span, "first one");
      continue;
    }
    record.fields.push_back(made);
  }
}

/// A record inside itself would have no end.
bool holds_itself(const TypeTable& types, Type type, std::vector<Type>& path) {
  const TypeInfo& info = types.info(type);
  switch (info.tag) {
    case TypeTag::list:
    case TypeTag::set:
    case TypeTag::optional:
    case TypeTag::late: return holds_itself(types, Type{info.a}, path);
    case TypeTag::map: return holds_itself(types, Type{info.a}, path) || holds_itself(types, Type{info.b}, path);
    case TypeTag::one_of:
      return std::any_of(info.members.begin(), info.members.end(), [&](Type member) { return holds_itself(types, member, path); });
    case TypeTag::record: {
      if (std::find(path.begin(), path.end(), type) != path.end()) return true;
      path.push_back(type);
      const auto& fields = types.record(type).fields;
      const bool found =
          std::any_of(fields.begin(), fields.end(), [&](const RecordField& field) { return holds_itself(types, field.type, path); });
      path.pop_back();
      return found;
    }
    default: return false;
  }
}

void check_defaults(Program& program, TypeName& name, diag::Diagnostics& out) {
  const syntax::Tree& tree = program.file(name.file).tree();
  ExpressionChecker checker(program, program.arena, out, {Site::constant, name.file, nullptr, EntityWord::service, kNoKind, nullptr});
  std::vector<RecordField>& fields = program.types.record(name.type).fields;
  std::size_t at = 0;
  for (const syntax::TypedField& field : tree.fields(name.declaration->fields)) {
    if (at >= fields.size() || fields[at].name != tree.text(field.name)) continue;
    if (field.value != syntax::kNoExpr) fields[at].initial = checker.check_field(field.value, fields[at].type, fields[at].name);
    ++at;
  }
}

}  // namespace

Type resolve_type(Program& program, FileId file, syntax::TypeId id, diag::Diagnostics& out) {
  return id == syntax::kNoType ? kPoison : TypeResolver(program, file, out).resolve(id);
}

Type resolve_alias(Program& program, std::size_t at, diag::Diagnostics& out, diag::Span use) {
  TypeName& name = program.type_names[at];
  const syntax::Tree& tree = program.file(name.file).tree();
  if (name.state == CheckState::checked) return name.type;
  if (name.state == CheckState::checking) {
    out.error(tree.span(name.declaration->name), "F0306", "the type `{}` is made of itself", name.name)
        .label("needs itself")
        .also(use, "here");
    return kPoison;
  }
  name.state = CheckState::checking;
  const Type base = resolve_type(program, name.file, name.declaration->type, out);
  // Nominal: `type Port = int where …` is Port in every message, and `int` where an int is wanted.
  if (base != kPoison)
    program.type_names[at].type =
        program.types.declare_refinement({program.type_names[at].name, tree.span(name.declaration->name), base, nullptr});
  program.type_names[at].state = CheckState::checked;
  return program.type_names[at].type;
}

void check_types(Program& program, diag::Diagnostics& out) {
  for (TypeName& name : program.type_names) {
    const syntax::Tree& tree = program.file(name.file).tree();
    const diag::Span span = tree.span(name.declaration->name);
    if (name.declaration->kind == syntax::DeclKind::record) {
      name.type = program.types.declare_record({name.name, span, {}, program.file(name.file).library});
    } else if (name.declaration->kind == syntax::DeclKind::enum_) {
      EnumType type{name.name, span, {}};
      for (const syntax::Range member : tree.name_list(name.declaration->parts)) {
        const std::string_view text = tree.text(member);
        if (type.member(text) >= 0) {
          out.error(tree.span(member), "F0205", "`{}` is there twice in `{}`", text, name.name).label("second one");
        } else {
          type.members.push_back(text);
        }
      }
      name.type = program.types.declare_enum(std::move(type));
    }
  }
  for (std::size_t i = 0; i < program.type_names.size(); ++i) {
    if (program.type_names[i].declaration->kind == syntax::DeclKind::alias) resolve_alias(program, i, out, {});
  }
  for (TypeName& name : program.type_names) {
    if (name.declaration->kind == syntax::DeclKind::record) check_record_fields(program, name, out);
  }
  for (TypeName& name : program.type_names) {
    if (name.declaration->kind != syntax::DeclKind::record) continue;
    std::vector<Type> path;
    if (!holds_itself(program.types, name.type, path)) continue;
    out.error(program.types.record(name.type).span, "F0306", "the type `{}` is made of itself", name.name)
        .label("a value of it would have no end");
    program.types.record(name.type).fields.clear();
  }
}

void check_type_expressions(Program& program, diag::Diagnostics& out) {
  for (TypeName& name : program.type_names) {
    if (name.declaration->kind == syntax::DeclKind::record) check_defaults(program, name, out);
    if (name.declaration->kind != syntax::DeclKind::alias || name.type == kPoison || name.declaration->value == syntax::kNoExpr) continue;
    RefinementType& type = program.types.refinement(name.type);
    ExpressionChecker checker(program, program.arena, out, {Site::constant, name.file, nullptr, EntityWord::service, kNoKind, nullptr});
    checker.push_local("it", type.base);
    type.condition = checker.check(name.declaration->value, kBool);
  }
}

}  // namespace muster::lang

#include "muster/record/release.hpp"

#include <fmt/core.h>

#include <utility>

#include "muster/base/text.hpp"
#include "muster/manifest/yaml.hpp"
#include "muster/record/environment_file.hpp"
#include "record/fields.hpp"

namespace muster::record {
namespace {

Value list_of(const std::vector<std::string>& texts) {
  Array array;
  array.reserve(texts.size());
  for (const auto& text : texts) array.emplace_back(text);
  return array;
}

void add_text(Object& out, std::string_view key, const std::string& text) {
  if (!text.empty()) out.append(std::string(key), text);
}

struct InputPrinter {
  Object& out;
  void operator()(const Absent&) const {}
  void operator()(const SourceValue& source) const {
    out.append("commit", source.commit.text());
    out.append("tree", source.tree.text());
    add_text(out, "branch", source.branch);
    add_text(out, "path", source.path);
    out.append("repository", source.repository);
  }
  void operator()(const ImageValue& image) const {
    out.append("reference", image.reference);
    add_text(out, "digest", image.digest);
    add_text(out, "tag", image.tag);
    add_text(out, "rule", image.rule);
    add_text(out, "commit", image.commit);
    if (image.literal) out.append("literal", true);
  }
  void operator()(const DeclarationValue& declaration) const { out.append("digest", declaration.digest.text()); }
  void operator()(const FromValue& from) const {
    out.append("environment", from.environment);
    out.append("record", from.record.text());
    out.append("bundle", from.bundle.text());
  }
};

git::Oid oid_of(Fields& fields, std::string_view key) {
  const std::string written = fields.text(key);
  const auto id = git::Oid::parse(written);
  if (!id) fields.fail(fmt::format("`{}` must be a commit or tree id of 40 hexadecimal digits, this is `{}`", key, written));
  return id.value_or(git::Oid{});
}

InputValue parse_source(Fields& fields) {
  return SourceValue{oid_of(fields, "commit"), oid_of(fields, "tree"), fields.text_or("branch", ""), fields.text_or("path", ""),
                     fields.text("repository")};
}

InputValue parse_image(Fields& fields) {
  return ImageValue{fields.text("reference"),   fields.text_or("digest", ""), fields.text_or("tag", ""),
                    fields.text_or("rule", ""), fields.text_or("commit", ""), fields.flag("literal", false)};
}

InputValue parse_declaration(Fields& fields) { return DeclarationValue{fields.digest("digest")}; }

InputValue parse_from(Fields& fields) { return FromValue{fields.text("environment"), oid_of(fields, "record"), fields.digest("bundle")}; }

using Parse = InputValue (*)(Fields&);

Parse parser_of(std::string_view name) {
  if (name == kSource) return parse_source;
  if (name == kDeclaration) return parse_declaration;
  if (name == kFrom) return parse_from;
  if (name.starts_with(kImagePrefix)) return parse_image;
  return nullptr;
}

Result<std::map<std::string, StandingInput>> parse_inputs(const Value& inputs, const std::string& where) {
  std::map<std::string, StandingInput> out;
  for (const auto& [name, value] : *inputs.if_object()) {
    const Parse parse = parser_of(name);
    Fields fields(value, fmt::format("{}: inputs.{}", where, name));
    if (parse == nullptr) {
      fields.fail("there is no such input");
      return fields.finish().failure();
    }
    StandingInput input{parse(fields), Cause::manual};
    const std::string cause = fields.text("cause");
    input.cause = parse_cause(cause).value_or(Cause::manual);
    if (!parse_cause(cause)) fields.fail(fmt::format("`cause` is `{}`, which is none", cause));
    MUSTER_CHECK(fields.finish());
    out.emplace(name, std::move(input));
  }
  return out;
}

ReleaseNeed parse_need(std::string_view text, const std::string& environment) {
  const auto at = text.find('@');
  if (at == std::string_view::npos) return {std::string(text), environment};
  return {std::string(text.substr(0, at)), std::string(text.substr(at + 1))};
}

}  // namespace

Inputs Release::values() const {
  Inputs values;
  for (const auto& [name, input] : inputs) values.emplace(name, input.value);
  return values;
}

Bundle Release::bundle() const { return bundle_of(values()); }

Digest release_digest(const Inputs& inputs) {
  Hasher hasher;
  for (const auto& [name, content] : bundle_of(inputs).parts) hasher.add(name).add(content);
  const auto declaration = inputs.find(std::string(kDeclaration));
  if (declaration != inputs.end()) hasher.add(kDeclaration).add(encode(declaration->second));
  return hasher.finish();
}

std::string print(const Release& release) {
  Object out;
  out.append("format", kFormat);
  out.append("service", release.service);
  out.append("environment", release.environment);
  out.append("release", release.release.text());
  out.append("objects", release.objects.text());
  out.append("bundle", release.bundle().digest().text());
  Object inputs;
  for (const auto& [name, input] : release.inputs) {
    Object fields;
    std::visit(InputPrinter{fields}, input.value);
    fields.append("cause", to_string(input.cause));
    inputs.append(name, std::move(fields));
  }
  out.append("inputs", std::move(inputs));
  Object fleet{{"name", release.fleet}};
  add_text(fleet, "revision", release.made_by.revision);
  add_text(fleet, "edition", release.made_by.edition);
  out.append("fleet", std::move(fleet));
  add_text(out, "muster", release.made_by.muster);
  if (!release.kinds.empty()) out.append("kinds", list_of(release.kinds));
  add_text(out, "renderer", release.renderer);
  add_text(out, "namespace", release.namespace_name);
  std::vector<std::string> needs;
  for (const auto& need : release.needs) {
    needs.push_back(need.environment == release.environment ? need.service : need.service + "@" + need.environment);
  }
  if (!needs.empty()) out.append("needs", list_of(needs));
  if (!release.together.empty()) out.append("together", list_of(release.together));
  if (!release.renamed_from.empty()) out.append("renamed_from", list_of(release.renamed_from));
  if (release.job) out.append("job", Object{{"rerun", release.job->always ? "always" : "once"}, {"run", release.job->run.text()}});
  std::vector<std::string> identities;
  for (const auto& id : release.identities) identities.push_back(id.text());
  out.append("identities", list_of(identities));
  return manifest::print_yaml(out);
}

Result<Release> parse_release(std::string_view bytes, std::string_view path) {
  MUSTER_TRY(const Value value, manifest::parse_document(bytes, path));
  Fields fields(value, std::string(path));
  MUSTER_CHECK(fields.check_format());
  Release release;
  release.service = fields.text("service");
  release.environment = fields.text("environment");
  release.release = fields.digest("release");
  release.objects = fields.digest("objects");
  const Value* inputs = fields.mapping("inputs");
  if (inputs == nullptr) fields.fail("`inputs` is missing");
  MUSTER_CHECK(fields.finish());
  MUSTER_TRY(release.inputs, parse_inputs(*inputs, std::string(path)));
  if (const Value* fleet = fields.mapping("fleet")) {
    Fields inner(*fleet, std::string(path) + ": fleet");
    release.fleet = inner.text("name");
    release.made_by.revision = inner.text_or("revision", "");
    release.made_by.edition = inner.text_or("edition", "");
    MUSTER_CHECK(inner.finish());
  }
  release.made_by.muster = fields.text_or("muster", "");
  release.kinds = fields.texts("kinds");
  release.renderer = fields.text_or("renderer", "");
  release.namespace_name = fields.text_or("namespace", "");
  for (const auto& need : fields.texts("needs")) release.needs.push_back(parse_need(need, release.environment));
  release.together = fields.texts("together");
  release.renamed_from = fields.texts("renamed_from");
  if (const Value* job = fields.mapping("job")) {
    Fields inner(*job, std::string(path) + ": job");
    release.job = ReleaseJob{inner.text("rerun") == "always", inner.digest("run")};
    MUSTER_CHECK(inner.finish());
  }
  for (const auto& text : fields.texts("identities")) {
    auto id = manifest::ObjectId::parse(text);
    if (id) {
      release.identities.push_back(std::move(*id));
    } else {
      fields.fail(fmt::format("`identities` names `{}`, which is no object", text));
    }
  }
  MUSTER_CHECK(fields.finish());
  return release;
}

}  // namespace muster::record

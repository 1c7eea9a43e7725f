#include "muster/record/environment_file.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "muster/manifest/yaml.hpp"
#include "record/fields.hpp"

namespace muster::record {
namespace {

Value list_of(const std::vector<std::string>& texts) {
  Array array;
  for (const auto& text : texts) array.emplace_back(text);
  return array;
}

std::optional<int> small_number(Fields& fields, std::string_view key) {
  const auto number = fields.number(key);
  if (!number) return std::nullopt;
  if (*number < 0 || *number > std::numeric_limits<int>::max()) {
    fields.fail(fmt::format("`{}` must be 0 or more", key));
    return std::nullopt;
  }
  return static_cast<int>(*number);
}

constexpr std::string_view kHeader =
    "# Written by muster; whose branch this is and how its target is reached. Records never touch this file.\n";

}  // namespace

bool EnvironmentFile::answers_to(std::string_view name) const {
  return name == environment || std::find(renamed_from.begin(), renamed_from.end(), name) != renamed_from.end();
}

bool EnvironmentFile::declares_same(const EnvironmentFile& other) const {
  return target == other.target && budget.deletions == other.budget.deletions && budget.changes == other.budget.changes &&
         repair_drift == other.repair_drift;
}

std::string print(const EnvironmentFile& file) {
  Object out;
  out.append("format", kFormat);
  out.append("fleet", file.fleet);
  out.append("environment", file.environment);
  out.append("id", file.id);
  Object target{{"name", file.target.name}, {"kind", file.target.kind}};
  if (!file.target.path.empty()) target.append("path", file.target.path);
  if (!file.target.settings.is_null()) target.append("settings", file.target.settings);
  out.append("target", std::move(target));
  Object budget;
  if (file.budget.deletions) budget.append("deletions", *file.budget.deletions);
  if (file.budget.changes) budget.append("changes", *file.budget.changes);
  if (!budget.empty()) out.append("budget", std::move(budget));
  out.append("drift", file.repair_drift ? "repair" : "show");
  if (!file.renamed_from.empty()) out.append("renamed_from", list_of(file.renamed_from));
  if (!file.renamed_to.empty()) out.append("renamed_to", file.renamed_to);
  Object stamp;
  const std::pair<const char*, const std::string*> parts[] = {
      {"revision", &file.written_by.revision}, {"muster", &file.written_by.muster}, {"edition", &file.written_by.edition}};
  for (const auto& [name, text] : parts) {
    if (!text->empty()) stamp.append(name, *text);
  }
  if (!stamp.empty()) out.append("written_by", std::move(stamp));
  return std::string(kHeader) + manifest::print_yaml(out);
}

Result<EnvironmentFile> parse_environment_file(std::string_view bytes, std::string_view path) {
  MUSTER_TRY(const Value value, manifest::parse_document(bytes, path));
  Fields fields(value, std::string(path));
  MUSTER_CHECK(fields.check_format());
  EnvironmentFile file;
  file.fleet = fields.text("fleet");
  file.environment = fields.text("environment");
  file.id = fields.text("id");
  if (file.id.empty()) fields.fail("`id` is empty");
  if (const Value* target = fields.mapping("target")) {
    Fields inner(*target, std::string(path) + ": target");
    file.target.name = inner.text("name");
    file.target.kind = inner.text("kind");
    file.target.path = inner.text_or("path", "");
    if (const Value* settings = target->find("settings")) file.target.settings = *settings;
    MUSTER_CHECK(inner.finish());
  } else {
    fields.fail("`target` is missing");
  }
  if (const Value* budget = fields.mapping("budget")) {
    Fields inner(*budget, std::string(path) + ": budget");
    file.budget.deletions = small_number(inner, "deletions");
    file.budget.changes = small_number(inner, "changes");
    MUSTER_CHECK(inner.finish());
  }
  if (const Value* stamp = fields.mapping("written_by")) {
    Fields inner(*stamp, std::string(path) + ": written_by");
    file.written_by = {inner.text_or("revision", ""), inner.text_or("muster", ""), inner.text_or("edition", "")};
    MUSTER_CHECK(inner.finish());
  }
  const std::string drift = fields.text_or("drift", "repair");
  if (drift != "repair" && drift != "show") fields.fail(fmt::format("`drift` must be `repair` or `show`, this is `{}`", drift));
  file.repair_drift = drift == "repair";
  file.renamed_from = fields.texts("renamed_from");
  file.renamed_to = fields.text_or("renamed_to", "");
  MUSTER_CHECK(fields.finish());
  return file;
}

}  // namespace muster::record

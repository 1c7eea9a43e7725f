#include "muster/record/statements.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "muster/manifest/yaml.hpp"
#include "muster/record/layout.hpp"
#include "record/fields.hpp"

namespace muster::record {
namespace {

constexpr std::pair<Approval::What, std::string_view> kWhats[] = {
    {Approval::What::release, "release"}, {Approval::What::deletions, "deletions"}, {Approval::What::changes, "changes"}};

std::string_view word_of(Approval::What what) {
  for (const auto& [value, word] : kWhats) {
    if (value == what) return word;
  }
  return "release";
}

Value list_of(const std::vector<std::string>& texts) {
  Array array;
  for (const auto& text : texts) array.emplace_back(text);
  return array;
}

std::vector<std::string> texts_of(const std::vector<manifest::ObjectId>& objects) {
  std::vector<std::string> texts;
  for (const auto& id : objects) texts.push_back(id.text());
  return texts;
}

/// What is approved, in the file's own words.
void print_subject(const Approval& approval, Object& out) {
  if (approval.what == Approval::What::deletions) {
    out.append("objects", list_of(texts_of(approval.objects)));
    return;
  }
  if (approval.what == Approval::What::changes) {
    Object declarations;
    for (const auto& [service, digest] : approval.declarations) declarations.append(service, digest.text());
    out.append("declarations", std::move(declarations));
    return;
  }
  out.append("service", approval.service);
  Object inputs;
  for (const auto& [name, value] : approval.inputs) inputs.append(name, encode(value));
  out.append("inputs", std::move(inputs));
  if (!approval.skip.empty()) out.append("skip", list_of(approval.skip));
  if (!approval.team.empty()) out.append("team", approval.team);
}

void parse_release_subject(Fields& fields, Approval& out) {
  out.service = fields.text("service");
  out.skip = fields.texts("skip");
  out.team = fields.text_or("team", "");
  const Value* inputs = fields.mapping("inputs");
  if (inputs == nullptr) return fields.fail("`inputs` is missing: an approval names exact values");
  for (const auto& [name, text] : *inputs->if_object()) {
    const auto* written = text.if_string();
    auto decoded = written == nullptr ? std::nullopt : decode(name, *written);
    if (!decoded) return fields.fail(fmt::format("`inputs.{}` is no value of such an input", name));
    out.inputs.emplace(name, std::move(*decoded));
  }
}

void parse_deletions_subject(Fields& fields, Approval& out) {
  for (const auto& text : fields.texts("objects")) {
    auto id = manifest::ObjectId::parse(text);
    if (!id) return fields.fail(fmt::format("`objects` names `{}`, which is no object", text));
    out.objects.push_back(std::move(*id));
  }
  std::sort(out.objects.begin(), out.objects.end());
}

void parse_changes_subject(Fields& fields, Approval& out) {
  const Value* declarations = fields.mapping("declarations");
  if (declarations == nullptr) return fields.fail("`declarations` is missing");
  for (const auto& [service, text] : *declarations->if_object()) {
    const auto* written = text.if_string();
    const auto digest = written == nullptr ? std::nullopt : Digest::parse(*written);
    if (!digest) return fields.fail(fmt::format("`declarations.{}` is no digest", service));
    out.declarations.emplace(service, *digest);
  }
}

}  // namespace

std::string in_words(const Hold& hold, std::string_view what) {
  return fmt::format("{}{}{}{}{}", what, hold.by.empty() ? "" : " by ", hold.by, hold.reason.empty() ? "" : ": ", hold.reason);
}

std::string print(const Hold& hold) {
  Object out{{"service", hold.service}, {"since", format_instant(hold.since)}, {"by", hold.by}};
  if (!hold.reason.empty()) out.append("reason", hold.reason);
  if (hold.target) out.append("target", true);
  return manifest::print_yaml(out);
}

std::string print(const Approval& approval) {
  Object out{{"approves", word_of(approval.what)}};
  print_subject(approval, out);
  out.append("by", approval.by);
  out.append("since", format_instant(approval.since));
  return manifest::print_yaml(out);
}

Result<Hold> parse_hold(std::string_view bytes, std::string_view path) {
  MUSTER_TRY(const Value value, manifest::parse_document(bytes, path));
  Fields fields(value, std::string(path));
  Hold hold;
  hold.service = fields.text("service");
  hold.by = fields.text_or("by", "");
  hold.reason = fields.text_or("reason", "");
  hold.target = fields.flag("target", false);
  // A hold that somebody wrote by hand need not say when: its commit does.
  if (!fields.text_or("since", "").empty()) hold.since = fields.instant("since");
  MUSTER_CHECK(fields.finish());
  return hold;
}

Result<Approval> parse_approval(std::string_view bytes, std::string_view path) {
  MUSTER_TRY(const Value value, manifest::parse_document(bytes, path));
  Fields fields(value, std::string(path));
  Approval approval;
  const std::string written = fields.text("approves");
  const auto* what = std::find_if(std::begin(kWhats), std::end(kWhats), [&](const auto& w) { return w.second == written; });
  if (what == std::end(kWhats)) {
    fields.fail(fmt::format("`approves` must be release, deletions or changes, this is `{}`", written));
    return fields.finish().failure();
  }
  approval.what = what->first;
  constexpr void (*kParsers[])(Fields&, Approval&) = {parse_release_subject, parse_deletions_subject, parse_changes_subject};
  kParsers[static_cast<std::size_t>(approval.what)](fields, approval);
  approval.by = fields.text_or("by", "");
  if (!fields.text_or("since", "").empty()) approval.since = fields.instant("since");
  MUSTER_CHECK(fields.finish());
  return approval;
}

std::string approval_path(const Approval& approval) {
  Object subject;
  print_subject(approval, subject);
  const Digest digest = Hasher().add(to_canonical_json(subject)).add(approval.by).finish();
  const std::string name = approval.what == Approval::What::release ? approval.service : std::string(word_of(approval.what));
  return fmt::format("{}/{}-{}.yaml", kApprovalsFolder, name, digest.short_text().substr(0, 8));
}

}  // namespace muster::record

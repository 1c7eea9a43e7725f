#include "lang/watch.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "muster/base/text.hpp"
#include "muster/diag/suggest.hpp"

namespace muster::lang {
namespace {

using Mistake = std::optional<WatchMistake>;
using Type = model::TagTemplate::Type;

/// What a policy is asked to follow, as texts; a part that is not there has no value.
struct Asked {
  std::optional<std::string_view> text[kWatchParts];
  std::vector<std::string_view> newest;
  bool has_newest = false;

  [[nodiscard]] const std::optional<std::string_view>& of(WatchPart part) const { return text[static_cast<std::size_t>(part)]; }
};

Asked read_parts(std::span<const Datum> parts) {
  Asked out;
  for (std::size_t i = 0; i < kWatchParts; ++i)
    if (parts[i].is(Tag::text)) out.text[i] = parts[i].text();
  const Datum& newest = parts[static_cast<std::size_t>(WatchPart::newest)];
  out.has_newest = newest.is(Tag::list);
  if (out.has_newest)
    for (const Datum& one : newest.items()) out.newest.push_back(one.text());
  return out;
}

constexpr std::string_view kOneOf =
    "one of `versions = \"^1.4\"`, `tags = \"main-{build:int}\"` with `newest = [build]`, `tag = \"stable\"`";

/// Exactly one thing decides which tag is the newest.
Mistake check_rule(const Asked& asked) {
  const bool tag = asked.of(WatchPart::tag).has_value();
  const bool versions = asked.of(WatchPart::versions).has_value();
  const bool tags = asked.of(WatchPart::tags).has_value();
  const auto wrong = [](WatchPart part, std::string message, std::string label, std::string_view help) {
    return WatchMistake{part, "F0429", std::move(message), std::move(label), std::string(help)};
  };
  if (tag && (versions || tags || asked.has_newest)) {
    return wrong(WatchPart::tag, "a tag is followed, or the newest of many: `watch` takes `tag` alone", "beside another rule", kOneOf);
  }
  if (versions && asked.has_newest) {
    return wrong(WatchPart::newest, "`versions` and `newest` both decide which tag is newer", "second rule",
                 "leave one of them out; the highest version is the newest");
  }
  if (asked.has_newest && !tags) {
    return wrong(WatchPart::newest, "`newest` chooses by captures, and there are no `tags` that capture any", "captures of what?",
                 "`watch(…, tags = \"main-{build:int}\", newest = [build])`");
  }
  if (tags && !versions && !asked.has_newest) {
    return wrong(WatchPart::tags, "nothing says which of these tags is the newest", "many tags match",
                 "`newest = [build]` chooses by captures, `versions = \"^1.4\"` by a captured version");
  }
  if (!tag && !versions && !tags) return wrong(WatchPart::repository, "this says no tag to follow", "which tag?", kOneOf);
  return std::nullopt;
}

Mistake read_template(const Asked& asked, model::ImagePolicy& out) {
  const auto& text = asked.of(WatchPart::tags);
  if (!text) return std::nullopt;
  Result<model::TagTemplate> tags = model::parse_tag_template(*text);
  if (!tags.ok()) return WatchMistake{WatchPart::tags, "F0430", tags.failure().text, "not a template of tags", ""};
  out.tags = std::move(tags).value();
  return std::nullopt;
}

Mistake read_versions(const Asked& asked, model::ImagePolicy& out) {
  const auto& text = asked.of(WatchPart::versions);
  if (!text) return std::nullopt;
  Result<model::VersionRange> range = model::parse_version_range(*text);
  if (!range.ok()) return WatchMistake{WatchPart::versions, "F0405", range.failure().text, "not of this form", ""};
  out.versions = std::move(range).value();
  if (!out.tags || out.tags->version() != nullptr) return std::nullopt;
  const bool several = std::any_of(out.tags->parts.begin(), out.tags->parts.end(),
                                   [](const auto& one) { return !one.name.empty() && one.type == Type::version; });
  return WatchMistake{WatchPart::tags, "F0432",
                      several ? "the template captures several versions, and `versions` is asked about one"
                              : "the template captures no version that `versions` could be asked about",
                      several ? "which one?" : "no capture of type `version`",
                      several ? "let one of them be `text`" : "`{version}` captures one, as in `tags = \"v{version}\"`"};
}

Mistake read_newest(const Asked& asked, model::ImagePolicy& out) {
  const auto wrong = [](std::string message, std::string label, std::string help) {
    return WatchMistake{WatchPart::newest, "F0431", std::move(message), std::move(label), std::move(help)};
  };
  if (!asked.has_newest) return std::nullopt;
  if (asked.newest.empty()) return wrong("`newest` names no capture", "empty", "as in `newest = [build]`; the first one decides");
  std::vector<std::string_view> names;
  for (const auto& part : out.tags->parts)
    if (!part.name.empty()) names.push_back(part.name);
  for (const std::string_view name : asked.newest) {
    const auto* capture = out.tags->capture(name);
    if (capture == nullptr) {
      return wrong(fmt::format("the template `{}` captures no `{}`", out.tags->text, escape_for_terminal(name)), "unknown capture",
                   diag::did_you_mean(name, names));
    }
    if (capture->type == Type::hex) {
      return wrong(fmt::format("`{}` is hexadecimal, of which none is newer than another", name), "has no order",
                   "choose by a number, a date or a version; text is compared letter by letter");
    }
    if (std::find(out.newest.begin(), out.newest.end(), name) != out.newest.end())
      return wrong(fmt::format("`newest` names `{}` twice", name), "second time", "");
    out.newest.emplace_back(name);
  }
  return std::nullopt;
}

Mistake read_tag(const Asked& asked, model::ImagePolicy& out) {
  const auto& text = asked.of(WatchPart::tag);
  if (!text) return std::nullopt;
  if (!model::is_tag(*text)) {
    const bool pattern = text->find_first_of("*{") != std::string_view::npos;
    const std::string shown = text->empty() ? "an empty text" : fmt::format("`{}`", escape_for_terminal(*text));
    return WatchMistake{WatchPart::tag, "F0433", fmt::format("{} is no tag: letters, digits, `_` `.` `-`", shown), "not a tag",
                        pattern ? "many tags are told by a template: `tags = \"main-{build:int}\", newest = [build]`" : ""};
  }
  out.tag = *text;
  return std::nullopt;
}

}  // namespace

bool is_watch(const RecordType& type) { return type.library && type.name == "Watch"; }

Mistake read_reference(std::string_view text, model::ImageReference& out) {
  Result<model::ImageReference> reference = model::parse_image_reference(text);
  if (!reference.ok()) return WatchMistake{WatchPart::repository, "F0427", reference.failure().text, "not a reference of an image", ""};
  out = std::move(reference).value();
  return std::nullopt;
}

Mistake read_repository(std::string_view text, std::string_view instead, model::ImageReference& out) {
  if (Mistake mistake = read_reference(text, out)) return mistake;
  if (out.tag.empty() && out.digest.empty()) return std::nullopt;
  const std::string_view what = out.digest.empty() ? "tag" : "digest";
  const std::string_view rest = text.substr(0, out.digest.empty() ? text.rfind(':') : text.find('@'));
  return WatchMistake{WatchPart::repository, "F0428", fmt::format("a repository is wanted here, without a {}", what),
                      fmt::format("names a {}", what), fmt::format("`\"{}\"`; {}", rest, instead)};
}

Mistake read_watch(std::span<const Datum> parts, model::ImagePolicy& out) {
  const Asked asked = read_parts(parts);
  const auto& repository = asked.of(WatchPart::repository);
  const std::string instead = "`watch` says by a rule which tag is followed, `tag = \"stable\"` one and the same";
  if (Mistake mistake = read_repository(repository.value_or(std::string_view()), instead, out.repository)) return mistake;
  if (Mistake mistake = check_rule(asked)) return mistake;
  for (const auto read : {read_tag, read_template, read_versions, read_newest})
    if (Mistake mistake = read(asked, out)) return mistake;
  return std::nullopt;
}

std::string watch_text(const Datum& record) {
  const Asked asked = read_parts(record.items());
  std::string out = fmt::format("watch(\"{}\"", asked.of(WatchPart::repository).value_or(std::string_view()));
  for (const WatchPart part : {WatchPart::tag, WatchPart::versions, WatchPart::tags})
    if (const auto& text = asked.of(part)) out += fmt::format(", {} = \"{}\"", kWatchNames[static_cast<std::size_t>(part)], *text);
  if (asked.has_newest) out += fmt::format(", newest = [{}]", fmt::join(asked.newest, ", "));
  return out + ")";
}

}  // namespace muster::lang

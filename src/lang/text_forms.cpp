#include "lang/text_forms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "lang/evaluate/evaluate.hpp"
#include "lang/program.hpp"
#include "lang/quantities.hpp"
#include "lang/watch.hpp"
#include "muster/base/text.hpp"
#include "muster/model/image.hpp"

namespace muster::lang {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool all_digits(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); }

std::optional<std::string> check_versions(std::string_view text) {
  const Result<model::VersionRange> range = model::parse_version_range(text);
  if (range.ok()) return std::nullopt;
  return range.failure().text;
}

std::optional<int> two_digits(std::string_view text, std::size_t at) {
  if (at + 2 > text.size() || !is_digit(text[at]) || !is_digit(text[at + 1])) return std::nullopt;
  return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

bool is_calendar_day(std::string_view text) {
  if (text.size() < 10 || text[4] != '-' || text[7] != '-' || !all_digits(text.substr(0, 4))) return false;
  const auto month = two_digits(text, 5);
  const auto day = two_digits(text, 8);
  int year = 0;
  std::from_chars(text.data(), text.data() + 4, year);
  if (!month || !day || *month < 1 || *month > 12 || *day < 1) return false;
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return *day <= kDays.at(static_cast<std::size_t>(*month - 1)) + (leap && *month == 2 ? 1 : 0);
}

std::optional<std::string> check_date(std::string_view text) {
  if (text.size() == 10 && is_calendar_day(text)) return std::nullopt;
  return fmt::format("`{}` is not a day; days are written 2027-03-31", text);
}

std::optional<std::string> check_instant(std::string_view text) {
  const auto wrong = [&] { return fmt::format("`{}` is not a day and time; they are written 2026-12-18T18:00", text); };
  if (!is_calendar_day(text) || text.size() < 16 || text[10] != 'T' || text[13] != ':') return wrong();
  const auto hour = two_digits(text, 11);
  const auto minute = two_digits(text, 14);
  if (!hour || !minute || *hour > 23 || *minute > 59) return wrong();
  std::string_view rest = text.substr(16);
  if (rest.starts_with(':')) {
    const auto second = two_digits(rest, 1);
    if (!second || *second > 59) return wrong();
    rest.remove_prefix(3);
  }
  if (rest.empty() || rest == "Z") return std::nullopt;
  const bool offset =
      rest.size() == 6 && (rest[0] == '+' || rest[0] == '-') && rest[3] == ':' && two_digits(rest, 1) && two_digits(rest, 4);
  return offset ? std::nullopt : std::optional(wrong());
}

std::optional<std::string> check_url(std::string_view text) {
  const std::size_t colon = text.find("://");
  const bool scheme = colon != std::string_view::npos && colon > 0 &&
                      std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), [](char c) {
                        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '-' || c == '.';
                      });
  if (scheme && colon + 3 < text.size() && text.find(' ') == std::string_view::npos) return std::nullopt;
  return fmt::format("`{}` is not a URL; one begins with its scheme: `https://{}`", text, text);
}

std::optional<std::string> check_path(std::string_view text) {
  if (text.find('\0') == std::string_view::npos && text.find('\n') == std::string_view::npos) return std::nullopt;
  return std::string("a path has no line breaks in it");
}

std::optional<std::string> check_glob(std::string_view text) {
  if (!text.empty()) return std::nullopt;
  return std::string("an empty pattern matches nothing; `*` matches everything");
}

std::optional<std::string> check_semver(std::string_view text) {
  if (model::parse_version(text)) return std::nullopt;
  return fmt::format("`{}` is not a version; one has three numbers: `1.4.2`, `2.0.0-rc.1`", text);
}

void quoted(std::string& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    switch (c) {
      case '"': out.append("\\\""); break;
      case '\\': out.append("\\\\"); break;
      case '\n': out.append("\\n"); break;
      case '\t': out.append("\\t"); break;
      case '\r': out.append("\\r"); break;
      case '\x02': out.append("\\("); break;
      case '\x03': out.append(")"); break;
      default: out.push_back(c);
    }
  }
  out.push_back('"');
}

std::string reference_text(const Datum& value, const Program& program) {
  if (value.is(Tag::entity)) {
    const auto& all = program.table(static_cast<EntityWord>(value.small)).all;
    return std::string(all[static_cast<std::size_t>(value.number)].name);
  }
  std::string text(program.table(EntityWord::service).all[static_cast<std::size_t>(value.number)].name);
  if (value.size != kAligned) text.append("@").append(program.table(EntityWord::environment).all[value.size].name);
  return text;
}

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
  }) && !is_digit(text.front());
}

class LanguageWriter {
 public:
  LanguageWriter(std::string& out, const Program& program) : out_(out), program_(program) {}

  void write(const Datum& value) {
    switch (value.tag) {
      case Tag::text: quoted(out_, value.text()); return;
      case Tag::secret: out_.append("secret("), quoted(out_, value.text()), out_.append(")"); return;
      case Tag::bytes: out_.append(bytes_text(value.number)); return;
      case Tag::service:
      case Tag::entity: out_.append(reference_text(value, program_)); return;
      case Tag::list:
      case Tag::set: return sequence(value);
      case Tag::map: return map(value);
      case Tag::record: return record(value);
      case Tag::absent: out_.append("(nothing)"); return;
      case Tag::poison: out_.append("(error)"); return;
      default: append_text(out_, value, program_);
    }
  }

 private:
  void sequence(const Datum& value) {
    out_.push_back('[');
    for (std::size_t i = 0; i < value.items().size(); ++i) {
      if (i != 0) out_.append(", ");
      write(value.items()[i]);
    }
    out_.push_back(']');
  }
  void map(const Datum& value) {
    if (value.size == 0) return void(out_.append("{}"));
    out_.append("{ ");
    for (std::size_t i = 0; i < value.pairs().size(); i += 2) {
      if (i != 0) out_.append(", ");
      const Datum& key = value.pairs()[i];
      if (key.is(Tag::text) && is_word(key.text())) {
        out_.append(key.text());
      } else {
        write(key);
      }
      out_.append(" = ");
      write(value.pairs()[i + 1]);
    }
    out_.append(" }");
  }
  void record(const Datum& value) {
    const RecordType& type = program_.types.record_at(value.small);
    if (is_watch(type)) return void(out_.append(watch_text(value)));
    out_.append("{ ");
    bool first = true;
    for (std::size_t i = 0; i < value.items().size(); ++i) {
      if (value.items()[i].is(Tag::none)) continue;
      if (!std::exchange(first, false)) out_.append(", ");
      out_.append(type.fields[i].name).append(" = ");
      write(value.items()[i]);
    }
    out_.append(first ? "}" : " }");
  }

  std::string& out_;
  const Program& program_;
};

void append_number(std::string& out, std::int64_t value) {
  std::array<char, 24> buffer{};
  out.append(buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr);
}

/// Keys of JSON objects are text.
std::string key_text(const Datum& key, const Program& program) {
  if (key.is(Tag::service) || key.is(Tag::entity)) return reference_text(key, program);
  std::string text;
  append_text(text, key, program);
  return text;
}

}  // namespace

std::optional<std::string> check_text_form(TypeTag type, std::string_view text) {
  struct TextForm {
    TypeTag type;
    std::optional<std::string> (*check)(std::string_view);
  };
  static constexpr TextForm kForms[] = {
      {TypeTag::date, check_date}, {TypeTag::instant, check_instant}, {TypeTag::semver, check_semver}, {TypeTag::versions, check_versions},
      {TypeTag::glob, check_glob}, {TypeTag::url, check_url},         {TypeTag::path, check_path}};
  for (const TextForm& form : kForms) {
    if (form.type == type) return form.check(text);
  }
  return std::nullopt;
}

int compare_versions(std::string_view a, std::string_view b) {
  const std::optional<model::Version> left = model::parse_version(a);
  const std::optional<model::Version> right = model::parse_version(b);
  return left && right ? model::compare(*left, *right) : a.compare(b);
}

bool is_dns_label(std::string_view text, std::size_t limit) {
  const auto inner = [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-'; };
  return !text.empty() && text.size() <= limit && text.front() != '-' && text.back() != '-' && std::all_of(text.begin(), text.end(), inner);
}

bool is_branch_name(std::string_view text) {
  if (text.empty() || text.size() > 250 || text.front() == '-' || text == "@" || text.ends_with('.')) return false;
  for (const char* never : {"..", "@{", "//"}) {
    if (text.find(never) != std::string_view::npos) return false;
  }
  const auto bad = [](char c) {
    return static_cast<unsigned char>(c) <= 0x20U || c == 0x7F || std::string_view("~^:?*[\\").find(c) != std::string_view::npos;
  };
  if (std::any_of(text.begin(), text.end(), bad)) return false;
  for (const std::string_view part : split(text, '/')) {
    if (part.empty() || part.front() == '.' || part.ends_with(".lock")) return false;
  }
  return true;
}

std::string with_article(std::string_view word) {
  const bool vowel = !word.empty() && std::string_view("aeiouAEIO").find(word.front()) != std::string_view::npos;
  return fmt::format("{} {}", vowel ? "an" : "a", word);
}

std::string language_text(const Datum& value, const Program& program) {
  std::string out;
  LanguageWriter(out, program).write(value);
  return out;
}

void append_canonical(std::string& out, const Datum& value, const Program& program) {
  switch (value.tag) {
    case Tag::absent:
    case Tag::poison:
    case Tag::none:
    case Tag::null: out.append("null"); return;
    case Tag::boolean: out.append(value.truth() ? "true" : "false"); return;
    case Tag::integer: append_number(out, value.number); return;
    case Tag::decimal: out.append(decimal_text(value.number)); return;
    case Tag::text: append_json_string(out, value.text()); return;
    case Tag::secret:
      out.append("{\"secret\":");
      append_json_string(out, value.text());
      out.push_back('}');
      return;
    case Tag::service:
    case Tag::entity: append_json_string(out, reference_text(value, program)); return;
    case Tag::list:
    case Tag::set: {
      out.push_back('[');
      bool first = true;
      for (const Datum& item : value.items()) {
        if (!std::exchange(first, false)) out.push_back(',');
        append_canonical(out, item, program);
      }
      out.push_back(']');
      return;
    }
    case Tag::map: {
      out.push_back('{');
      for (std::size_t i = 0; i < value.pairs().size(); i += 2) {
        if (i != 0) out.push_back(',');
        if (value.pairs()[i].is(Tag::text)) {
          append_json_string(out, value.pairs()[i].text());
        } else {
          append_json_string(out, key_text(value.pairs()[i], program));
        }
        out.push_back(':');
        append_canonical(out, value.pairs()[i + 1], program);
      }
      out.push_back('}');
      return;
    }
    case Tag::record: {
      const RecordType& type = program.types.record_at(value.small);
      std::vector<std::size_t> order(type.fields.size());
      for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
      std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return type.fields[a].name < type.fields[b].name; });
      out.push_back('{');
      bool first = true;
      for (const std::size_t at : order) {
        if (value.items()[at].is(Tag::none)) continue;
        if (!std::exchange(first, false)) out.push_back(',');
        append_json_string(out, type.fields[at].name);
        out.push_back(':');
        append_canonical(out, value.items()[at], program);
      }
      out.push_back('}');
      return;
    }
    default: {
      out.push_back('"');
      append_text(out, value, program);
      out.push_back('"');
    }
  }
}

Value object_value(const Datum& value, const Program& program) {
  switch (value.tag) {
    case Tag::absent:
    case Tag::poison:
    case Tag::none:
    case Tag::null: return nullptr;
    case Tag::boolean: return value.truth();
    case Tag::integer: return value.number;
    case Tag::decimal: return static_cast<double>(value.number) / static_cast<double>(kMillion);
    case Tag::list:
    case Tag::set: {
      Array items;
      items.reserve(value.size);
      for (const Datum& item : value.items()) items.push_back(object_value(item, program));
      return items;
    }
    case Tag::map: {
      Object object;
      object.reserve(value.size);
      for (std::size_t i = 0; i < value.pairs().size(); i += 2)
        object.append(key_text(value.pairs()[i], program), object_value(value.pairs()[i + 1], program));
      return object;
    }
    case Tag::record: {
      const RecordType& type = program.types.record_at(value.small);
      Object object;
      for (std::size_t i = 0; i < value.items().size(); ++i) {
        if (!value.items()[i].is(Tag::none)) object.append(std::string(type.fields[i].name), object_value(value.items()[i], program));
      }
      return object;
    }
    case Tag::service:
    case Tag::entity: return reference_text(value, program);
    case Tag::bytes: return bytes_quantity(value.number);
    case Tag::secret: return Object{{"secret", value.text()}};
    default: {
      std::string text;
      append_text(text, value, program);
      return text;
    }
  }
}

}  // namespace muster::lang

#include "muster/record/trailers.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "muster/base/text.hpp"
#include "record/words.hpp"

namespace muster::record {
namespace {

constexpr std::string_view kRecord = "Muster-Record: ";
constexpr std::string_view kVerb = "Muster-Verb: ";
constexpr std::string_view kFleet = "Muster-Fleet: ";
constexpr std::string_view kRelease = "Muster-Release: ";
constexpr std::string_view kRenamed = "Muster-Renamed: ";
constexpr std::string_view kResume = "Muster-Resume: ";
constexpr std::string_view kRollback = "Muster-Rollback: ";
constexpr std::string_view kAbsentRelease = "absent";
constexpr std::string_view kNone = "-";

using Words = std::vector<std::string_view>;

std::string one_line(std::string_view text) {
  std::string out(text);
  std::replace(out.begin(), out.end(), '\n', ' ');
  std::replace(out.begin(), out.end(), '\r', ' ');
  return out;
}

std::string print_inputs(const Inputs& inputs) {
  std::string out;
  for (const auto& [name, value] : inputs) out += fmt::format(" {}={}", escape_word(name), encode(value));
  return out;
}

std::string print_causes(const std::vector<Cause>& causes) {
  if (causes.empty()) return std::string(to_string(Cause::manual));
  std::vector<std::string> words;
  for (const Cause cause : causes) words.emplace_back(to_string(cause));
  return join(words, ",");
}

std::string or_none(const std::string& text) { return text.empty() ? std::string(kNone) : escape_word(text); }

bool parse_inputs(const Words& words, std::size_t first, Inputs& out) {
  for (std::size_t i = first; i < words.size(); ++i) {
    const auto equals = words[i].find('=');
    if (equals == std::string_view::npos) return false;
    const auto name = unescape_word(words[i].substr(0, equals));
    if (!name) return false;
    auto value = decode(*name, words[i].substr(equals + 1));
    if (!value || !out.emplace(*name, std::move(*value)).second) return false;
  }
  return true;
}

bool parse_binding(const Words& words, std::size_t first, Trailers& out) {
  if (words.size() != first + 3 || !out.parent.empty()) return false;
  const auto fleet = unescape_word(words[first]);
  const auto environment = unescape_word(words[first + 1]);
  if (!fleet || !environment) return false;
  out.fleet = *fleet;
  out.environment = *environment;
  out.parent = words[first + 2];
  return true;
}

bool parse_record(const Words& words, Trailers& out) { return parse_binding(words, 0, out); }

bool parse_verb(const Words& words, Trailers& out) {
  if (!parse_binding(words, 1, out)) return false;
  out.verb = words[0];
  return true;
}

bool parse_fleet(const Words& words, Trailers& out) {
  if (words.size() != 3) return false;
  const std::pair<std::string_view, std::string*> fields[] = {
      {words[0], &out.made_by.revision}, {words[1], &out.made_by.muster}, {words[2], &out.made_by.edition}};
  for (const auto& [word, field] : fields) {
    const auto text = word == kNone ? std::string() : unescape_word(word);
    if (!text) return false;
    *field = *text;
  }
  return true;
}

bool parse_release(const Words& words, Trailers& out) {
  if (words.size() < 3) return false;
  ReleaseLine line;
  const auto service = unescape_word(words[0]);
  if (!service) return false;
  line.service = *service;
  if (words[1] != kAbsentRelease) {
    line.release = Digest::parse(words[1]);
    if (!line.release) return false;
  }
  for (const std::string_view word : split(words[2], ',')) {
    const auto cause = parse_cause(word);
    if (!cause) return false;
    line.causes.push_back(*cause);
  }
  if (!parse_inputs(words, 3, line.moved)) return false;
  out.releases.push_back(std::move(line));
  return true;
}

bool parse_renamed(const Words& words, Trailers& out) {
  if (words.size() != 2) return false;
  const auto from = unescape_word(words[0]);
  const auto to = unescape_word(words[1]);
  if (!from || !to) return false;
  out.renames.push_back({*from, *to});
  return true;
}

bool parse_resume(const Words& words, Trailers& out) {
  if (words.empty()) return false;
  ResumeLine line;
  const auto service = unescape_word(words[0]);
  if (!service) return false;
  line.service = *service;
  if (!parse_inputs(words, 1, line.accepted)) return false;
  out.resumes.push_back(std::move(line));
  return true;
}

bool parse_rollback(const Words& words, Trailers& out) {
  if (words.size() != 2) return false;
  const auto service = unescape_word(words[0]);
  if (!service) return false;
  out.rollbacks.push_back({*service, std::string(words[1])});
  return true;
}

struct Kind {
  std::string_view prefix;
  bool (*parse)(const Words&, Trailers&);
};
constexpr Kind kKinds[] = {
    {kRecord, parse_record},   {kVerb, parse_verb},     {kFleet, parse_fleet},       {kRelease, parse_release},
    {kRenamed, parse_renamed}, {kResume, parse_resume}, {kRollback, parse_rollback},
};

/// The last paragraph, without the line ends after it.
std::string_view last_paragraph(std::string_view message) {
  while (!message.empty() && (message.back() == '\n' || message.back() == '\r')) message.remove_suffix(1);
  const auto blank = message.rfind("\n\n");
  return blank == std::string_view::npos ? message : message.substr(blank + 2);
}

Words words_of(std::string_view text) {
  Words words;
  for (const std::string_view word : split(text, ' ')) {
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

bool binds(const Trailers& trailers, const git::Commit& commit, const EnvironmentFile& file) {
  return !trailers.parent.empty() && !commit.parents.empty() && trailers.parent == commit.parents.front().text() &&
         trailers.fleet == file.fleet && file.answers_to(trailers.environment);
}

}  // namespace

std::string print_message(std::string_view subject, std::string_view body, const Trailers& trailers) {
  std::string out = one_line(subject) + "\n\n";
  const std::string_view text = trim(body);
  if (!text.empty()) out += std::string(text) + "\n\n";
  const std::string binding = fmt::format("{} {} {}", escape_word(trailers.fleet), escape_word(trailers.environment), trailers.parent);
  if (trailers.verb.empty()) {
    out += fmt::format("{}{}\n", kRecord, binding);
    const FleetStamp& stamp = trailers.made_by;
    out += fmt::format("{}{} {} {}\n", kFleet, or_none(stamp.revision), or_none(stamp.muster), or_none(stamp.edition));
  } else {
    out += fmt::format("{}{} {}\n", kVerb, trailers.verb, binding);
  }
  for (const auto& line : trailers.releases) {
    const std::string release = line.release ? line.release->text() : std::string(kAbsentRelease);
    out += fmt::format("{}{} {} {}{}\n", kRelease, escape_word(line.service), release, print_causes(line.causes), print_inputs(line.moved));
  }
  for (const auto& line : trailers.renames) out += fmt::format("{}{} {}\n", kRenamed, escape_word(line.from), escape_word(line.to));
  for (const auto& line : trailers.resumes) out += fmt::format("{}{}{}\n", kResume, escape_word(line.service), print_inputs(line.accepted));
  for (const auto& line : trailers.rollbacks) out += fmt::format("{}{} {}\n", kRollback, escape_word(line.service), line.commit);
  return out;
}

std::optional<Trailers> parse_trailers(std::string_view message) {
  Trailers trailers;
  for (std::string_view line : split(last_paragraph(message), '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    for (const Kind& kind : kKinds) {
      if (!line.starts_with(kind.prefix)) continue;
      if (!kind.parse(words_of(line.substr(kind.prefix.size())), trailers)) return std::nullopt;
    }
  }
  if (trailers.parent.empty()) return std::nullopt;
  return trailers;
}

bool is_record(const Trailers& trailers, const git::Commit& commit, const EnvironmentFile& file) {
  return trailers.verb.empty() && binds(trailers, commit, file);
}

bool is_verb(const Trailers& trailers, const git::Commit& commit, const EnvironmentFile& file) {
  return !trailers.verb.empty() && binds(trailers, commit, file);
}

}  // namespace muster::record

#include "git/object_text.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace muster::git {
namespace {

constexpr std::int64_t kLastSecond = 253402300799;  // 9999-12-31T23:59:59Z

/// Takes the line up to the next newline off `rest`.
std::optional<std::string_view> take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

std::int64_t number(std::string_view text) {
  std::int64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

int offset_in_minutes(std::string_view zone) {
  if (zone.size() != 5) return 0;
  const auto hhmm = static_cast<int>(number(zone.substr(1)));
  if (hhmm < 0 || hhmm > 1459) return 0;
  const int minutes = hhmm / 100 * 60 + hhmm % 100;
  return zone[0] == '-' ? -minutes : minutes;
}

/// `Name <mail> 1700000000 +0100`. People have written every variation of it, so what is missing stays empty.
Person parse_person(std::string_view line) {
  Person out;
  const auto open = line.find('<');
  const auto close = line.rfind('>');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    out.name = line;
    return out;
  }
  out.name = line.substr(0, open > 0 && line[open - 1] == ' ' ? open - 1 : open);
  out.email = line.substr(open + 1, close - open - 1);
  std::string_view when = line.substr(close + 1);
  if (!when.empty() && when[0] == ' ') when.remove_prefix(1);
  const auto space = when.find(' ');
  const std::int64_t second = std::clamp<std::int64_t>(number(when.substr(0, space)), 0, kLastSecond);
  out.at = Instant(std::chrono::seconds(second));
  if (space != std::string_view::npos) out.offset_minutes = offset_in_minutes(when.substr(space + 1));
  return out;
}

std::optional<Oid> id_after(std::string_view line, std::string_view key) {
  if (!line.starts_with(key)) return std::nullopt;
  return Oid::parse(line.substr(key.size()));
}

Failure damaged(const Oid& id, std::string_view what) {
  return stalled(Reason::corrupt, fmt::format("commit {} is damaged: {}", id.text(), what));
}

Result<std::string> person_text(std::string_view role, const Person& person) {
  for (const std::string_view part : {std::string_view(person.name), std::string_view(person.email)}) {
    if (part.find_first_of(std::string_view("<>\n\0", 4)) != std::string_view::npos) {
      return stalled(Reason::invalid, fmt::format("the {}'s name or address holds <, >, a newline or a NUL", role));
    }
  }
  const auto second = std::chrono::floor<std::chrono::seconds>(person.at).time_since_epoch().count();
  if (second < 0) return stalled(Reason::invalid, fmt::format("the {}'s time is before 1970", role));
  const int minutes = person.offset_minutes < 0 ? -person.offset_minutes : person.offset_minutes;
  return fmt::format("{} {} <{}> {} {}{:02}{:02}\n", role, person.name, person.email, second, person.offset_minutes < 0 ? '-' : '+',
                     minutes / 60, minutes % 60);
}

std::optional<Mode> parse_mode(std::string_view digits) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 8);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  switch (value & 0170000U) {
    case 0040000U: return Mode::tree;
    case 0100000U: return (value & 0100U) != 0 ? Mode::executable : Mode::file;  // Old writers stored 100664.
    case 0120000U: return Mode::symlink;
    case 0160000U: return Mode::submodule;
    default: return std::nullopt;
  }
}

/// git's order of tree entries: as bytes, a folder as if its name ended in `/`.
bool stands_before(const TreeEntry& a, const TreeEntry& b) {
  const std::size_t common = std::min(a.name.size(), b.name.size());
  const int order = std::memcmp(a.name.data(), b.name.data(), common);
  if (order != 0) return order < 0;
  const auto next = [common](const TreeEntry& entry) -> unsigned {
    if (entry.name.size() > common) return static_cast<unsigned char>(entry.name[common]);
    return entry.mode == Mode::tree ? '/' : 0U;
  };
  return next(a) < next(b);
}

/// Without the code points that HFS+ ignores in names, and in lower case as far as ASCII goes.
std::string folded(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto at = [&](std::size_t k) { return i + k < name.size() ? static_cast<unsigned char>(name[i + k]) : 0U; };
    const bool joiner = at(0) == 0xE2U && at(1) == 0x80U && ((at(2) >= 0x8CU && at(2) <= 0x8FU) || (at(2) >= 0xAAU && at(2) <= 0xAEU));
    const bool shaping = at(0) == 0xE2U && at(1) == 0x81U && at(2) >= 0xAAU && at(2) <= 0xAFU;
    const bool mark = at(0) == 0xEFU && at(1) == 0xBBU && at(2) == 0xBFU;
    if (joiner || shaping || mark) {
      i += 2;
      continue;
    }
    out += name[i] >= 'A' && name[i] <= 'Z' ? static_cast<char>(name[i] - 'A' + 'a') : name[i];
  }
  return out;
}

/// `.git` under any of its names: other case, HFS+ ignorables, NTFS short name, trailing dots, spaces and streams.
bool is_git_folder(std::string_view name) {
  std::string plain = folded(name);
  plain = plain.substr(0, plain.find_first_of(":\\"));
  while (!plain.empty() && (plain.back() == '.' || plain.back() == ' ')) plain.pop_back();
  return plain == ".git" || plain == "git~1";
}

}  // namespace

Result<Commit> parse_commit(const Oid& id, std::string_view bytes) {
  Commit out;
  out.id = id;
  std::string_view rest = bytes;
  auto line = take_line(rest);
  const auto tree = line ? id_after(*line, "tree ") : std::nullopt;
  if (!tree) return damaged(id, "it names no tree");
  out.tree = *tree;
  line = take_line(rest);
  while (line && line->starts_with("parent ")) {
    const auto parent = id_after(*line, "parent ");
    if (!parent) return damaged(id, "a parent is no object id");
    out.parents.push_back(*parent);
    line = take_line(rest);
  }
  if (!line || !line->starts_with("author ")) return damaged(id, "it names no author");
  out.author = parse_person(line->substr(7));
  line = take_line(rest);
  if (!line || !line->starts_with("committer ")) return damaged(id, "it names no committer");
  out.committer = parse_person(line->substr(10));
  // Signature, encoding and other headers, up to the empty line; a commit without a message ends with its headers.
  while ((line = take_line(rest)) && !line->empty()) {}
  if (line) out.message = rest;
  return out;
}

Result<std::string> commit_text(const NewCommit& commit) {
  std::string out = "tree " + commit.tree.text() + "\n";
  for (const Oid& parent : commit.parents) out += "parent " + parent.text() + "\n";
  MUSTER_TRY(const std::string author, person_text("author", commit.author));
  MUSTER_TRY(const std::string committer, person_text("committer", commit.committer));
  if (commit.message.find('\0') != std::string::npos) return stalled(Reason::invalid, "a commit message cannot hold a NUL");
  return out + author + committer + "\n" + commit.message;
}

std::optional<Oid> parse_tag_target(std::string_view bytes) {
  std::string_view rest = bytes;
  const auto line = take_line(rest);
  return line ? id_after(*line, "object ") : std::nullopt;
}

bool TreeReader::next() {
  if (rest_.empty()) return false;
  damaged_ = true;
  const auto space = rest_.substr(0, 8).find(' ');
  if (space == std::string_view::npos) return false;
  const auto mode = parse_mode(rest_.substr(0, space));
  const auto end = rest_.find('\0', space);
  if (!mode || end == std::string_view::npos || rest_.size() - end - 1 < id_.bytes.size()) return false;
  mode_ = *mode;
  name_ = rest_.substr(space + 1, end - space - 1);
  std::memcpy(id_.bytes.data(), rest_.data() + end + 1, id_.bytes.size());
  rest_.remove_prefix(end + 1 + id_.bytes.size());
  damaged_ = false;
  return true;
}

Result<std::vector<TreeEntry>> parse_tree(std::string_view bytes) {
  std::vector<TreeEntry> out;
  out.reserve(bytes.size() / 36);
  TreeReader reader(bytes);
  while (reader.next()) {
    const std::string_view name = reader.name();
    // Such names lead elsewhere when they become parts of a path; git checks out no tree that holds one.
    if (name.empty() || name == "." || name == ".." || name.find('/') != std::string_view::npos) {
      return stalled(Reason::corrupt, fmt::format("a folder has an entry named '{}', which leads out of it", name.substr(0, 200)));
    }
    out.push_back({std::string(name), reader.mode(), reader.id()});
  }
  if (reader.damaged()) return stalled(Reason::corrupt, "a tree is damaged");
  return out;
}

Result<std::string> tree_text(std::vector<TreeEntry> entries) {
  std::sort(entries.begin(), entries.end(), stands_before);
  std::string out;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const TreeEntry& entry = entries[i];
    if (!is_safe_name(entry.name)) return stalled(Reason::invalid, fmt::format("'{}' cannot be a name in a git tree", entry.name));
    if (entry.id.is_zero()) return stalled(Reason::invalid, fmt::format("'{}' has no object", entry.name));
    out += fmt::format("{:o} ", static_cast<std::uint32_t>(entry.mode));
    out += entry.name;
    out += '\0';
    out.append(reinterpret_cast<const char*>(entry.id.bytes.data()), entry.id.bytes.size());
  }
  // A file and a folder of one name are not neighbours in git's order.
  std::sort(entries.begin(), entries.end(), [](const TreeEntry& a, const TreeEntry& b) { return a.name < b.name; });
  const auto twice = std::adjacent_find(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name == b.name; });
  if (twice != entries.end()) return stalled(Reason::invalid, fmt::format("'{}' stands twice in one folder", twice->name));
  return out;
}

bool is_safe_name(std::string_view name) {
  if (name.empty() || name == "." || name == ".." || name.size() > 4096) return false;
  const auto bad = [](char c) { return static_cast<unsigned char>(c) < 0x20U || c == 0x7F || c == '/'; };
  return std::none_of(name.begin(), name.end(), bad) && !is_git_folder(name);
}

}  // namespace muster::git

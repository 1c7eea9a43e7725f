// The only reader of fleet files.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "muster/base/text.hpp"
#include "muster/diag/source.hpp"

namespace muster::diag {
namespace {

constexpr std::size_t kLargestFile = std::size_t{4} << 20U;
/// Deeper folders than any team keeps; a bind mount of a parent would otherwise never end.
constexpr std::size_t kDeepest = 64;
constexpr std::string_view kExtension = ".fleet";

bool is_fleet_file(const DirectoryEntry& entry) {
  return entry.kind == FileKind::file && entry.name.size() > kExtension.size() && entry.name.ends_with(kExtension);
}

bool is_skipped(std::string_view name) { return name.starts_with('.') || name.starts_with('_'); }

Result<std::string> read_text(Files& files, const Path& file, std::string_view shown) {
  Result<std::string> text = files.read(file, kLargestFile);
  if (!text.ok() && text.failure().reason == Reason::limit) {
    return stalled(Reason::invalid, fmt::format("{} is larger than {} MiB, which no fleet file is; take it apart, or give it another name",
                                                escape_for_terminal(shown), kLargestFile >> 20U));
  }
  if (!text.ok()) return std::move(text).failure().with_context(fmt::format("reading {}", escape_for_terminal(shown)));
  if (!is_valid_utf8(*text)) {
    return stalled(Reason::invalid, fmt::format("{} is not valid UTF-8; fleet files are UTF-8 text", escape_for_terminal(shown)));
  }
  return text;
}

Result<void> read_below(Files& files, const Path& folder, const std::string& prefix, std::size_t depth, std::vector<FleetText>& out) {
  if (depth > kDeepest) return stalled(Reason::limit, fmt::format("{} is nested more than {} folders deep", prefix, kDeepest));
  MUSTER_TRY(const std::vector<DirectoryEntry> entries, files.list(folder));
  for (const DirectoryEntry& entry : entries) {
    if (is_skipped(entry.name)) continue;
    const std::string path = prefix + entry.name;
    if (entry.kind == FileKind::directory) {
      MUSTER_CHECK(read_below(files, folder / entry.name, path + "/", depth + 1, out));
    } else if (is_fleet_file(entry)) {
      MUSTER_TRY(std::string text, read_text(files, folder / entry.name, path));
      out.push_back({path, std::move(text)});
    }
  }
  return {};
}

/// A `fleet NAME` declaration stands in column 1, so no parser is needed to see it.
bool declares_fleet(std::string_view text) {
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with("fleet ") || line.starts_with("fleet\t")) return true;
  }
  return false;
}

enum class Holds : std::uint8_t { nothing, fleet_files, fleet_declaration };

Result<Holds> look_into(Files& files, const Path& folder) {
  Result<std::vector<DirectoryEntry>> entries = files.list(folder);
  if (!entries.ok()) {
    // A parent folder that may not be listed cannot be the root; what lies below it still can.
    const Reason reason = entries.failure().reason;
    if (reason == Reason::denied || reason == Reason::absent) return Holds::nothing;
    return std::move(entries).failure();
  }
  Holds holds = Holds::nothing;
  for (const DirectoryEntry& entry : *entries) {
    if (is_skipped(entry.name) || !is_fleet_file(entry)) continue;
    holds = Holds::fleet_files;
    Result<std::string> text = files.read(folder / entry.name, kLargestFile);
    if (text.ok() && declares_fleet(*text)) return Holds::fleet_declaration;
  }
  return holds;
}

}  // namespace

Result<std::vector<FleetText>> read_fleet_files(Files& files, const Path& root) {
  std::vector<FleetText> texts;
  MUSTER_CHECK(read_below(files, root, "", 0, texts));
  std::sort(texts.begin(), texts.end(), [](const FleetText& a, const FleetText& b) { return a.path < b.path; });
  return texts;
}

Result<Path> find_fleet_root(Files& files, const Path& start) {
  std::optional<Path> topmost;
  for (Path folder = start;; folder = folder.parent_path()) {
    MUSTER_TRY(const Holds holds, look_into(files, folder));
    if (holds == Holds::fleet_declaration) return folder;
    if (holds == Holds::fleet_files) topmost = folder;
    if (folder == folder.parent_path() || folder.parent_path().empty()) break;
  }
  if (topmost) return *topmost;
  return stalled(Reason::absent, fmt::format("no *.fleet file in {} or any folder above it; `muster init` writes a first one",
                                             escape_for_terminal(start.string())));
}

}  // namespace muster::diag

#include "pipeline/export.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "muster/base/text.hpp"

namespace muster::pipeline {
namespace {

constexpr unsigned kPlain = 0644;
constexpr unsigned kExecutable = 0755;

bool is_git_folder(std::string_view name) {
  return name.size() == 4 && name[0] == '.' && (name[1] | 0x20) == 'g' && (name[2] | 0x20) == 'i' && (name[3] | 0x20) == 't';
}

/// Trees of strangers may hold names that no git would write.
Result<void> check_name(std::string_view path) {
  if (path.find('\0') != std::string_view::npos) return stalled(Reason::invalid, "a name in the tree has a NUL in it");
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == "." || part == ".." || is_git_folder(part)) {
      return stalled(Reason::invalid, fmt::format("`{}` is no path that a tree may have", escape_for_terminal(path)));
    }
  }
  return {};
}

/// Folders of a path, outermost first: "a/b/c.txt" is in "a" and "a/b".
std::vector<std::string> folders_of(std::string_view path) {
  std::vector<std::string> out;
  for (std::size_t at = path.find('/'); at != std::string_view::npos; at = path.find('/', at + 1)) out.emplace_back(path.substr(0, at));
  return out;
}

class Exporter {
 public:
  Exporter(Files& files, const source::Tree& tree, const Path& folder, const ExportLimits& limits)
      : files_(files), tree_(tree), folder_(folder), limits_(limits) {}

  Result<void> add(const source::File& file) {
    MUSTER_CHECK(check_name(file.path));
    if (!written_.insert(file.path).second) return stalled(Reason::invalid, fmt::format("the tree has `{}` twice", file.path));
    MUSTER_CHECK(make_folders(file.path));
    const auto left = static_cast<std::size_t>(std::min<std::uint64_t>(limits_.file, limits_.total - total_));
    auto bytes = tree_.read(file, left);
    if (!bytes.ok() && bytes.failure().reason == Reason::limit && left < limits_.file) return too_large();
    if (!bytes.ok()) return std::move(bytes).failure();
    total_ += bytes->size();
    MUSTER_CHECK(files_.append(folder_ / file.path, *bytes));
    return files_.set_permissions(folder_ / file.path, file.executable ? kExecutable : kPlain);
  }

  Result<void> make_folder(const Path& path) {
    MUSTER_CHECK(files_.make_directories(path));
    return files_.set_permissions(path, kExecutable);
  }

 private:
  Result<void> make_folders(std::string_view path) {
    for (const std::string& name : folders_of(path)) {
      if (made_.insert(name).second) MUSTER_CHECK(make_folder(folder_ / name));
    }
    return {};
  }

  [[nodiscard]] Failure too_large() const {
    return stalled(Reason::limit, fmt::format("the files of {} are more than {} MiB together", tree_.origin(), limits_.total >> 20U));
  }

  Files& files_;
  const source::Tree& tree_;
  const Path& folder_;
  const ExportLimits& limits_;
  std::set<std::string> made_;
  std::set<std::string> written_;
  std::uint64_t total_ = 0;
};

}  // namespace

Result<void> export_tree(Files& files, const source::Tree& tree, const Path& folder, const ExportLimits& limits,
                         const std::stop_token& stop) {
  MUSTER_TRY(const std::vector<source::File> listed, tree.files_through_links());
  Exporter exporter(files, tree, folder, limits);
  MUSTER_CHECK(exporter.make_folder(folder));
  for (const source::File& file : listed) {
    if (stop.stop_requested()) return retry(Reason::cancelled, "the export was stopped");
    MUSTER_CHECK(exporter.add(file));
  }
  return {};
}

}  // namespace muster::pipeline

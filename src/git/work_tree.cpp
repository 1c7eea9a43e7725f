#include "muster/git/work_tree.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "git/disk_repository.hpp"
#include "git/library.hpp"

namespace muster::git {
namespace {

using StatusList = std::unique_ptr<git_status_list, Released<git_status_list_free>>;
using AnyObject = std::unique_ptr<git_object, Released<git_object_free>>;

/// The folder with `.git` at or above `folder`; empty where there is none. Stops at file system borders, as git does.
Result<std::string> discover(const Path& folder) {
  git_buf found = GIT_BUF_INIT;
  const int code = git_repository_discover(&found, folder.c_str(), 0, nullptr);
  if (code == GIT_ENOTFOUND) return std::string();
  if (code < 0) return library_failure(code, "looking for a git work tree around " + folder.string());
  std::string path = found.ptr;
  git_buf_dispose(&found);
  return path;
}

Result<RepositoryHandle> open_for_reading(const Path& root) {
  git_repository* opened = nullptr;
  if (const int code = git_repository_open(&opened, root.c_str()); code < 0) return library_failure(code, "opening " + root.string());
  return RepositoryHandle(opened);
}

}  // namespace

Result<std::optional<WorkTree>> find_work_tree(const World& world, const Path& folder) {
  start_library();
  MUSTER_TRY(const std::string git_folder, discover(folder));
  if (git_folder.empty()) return std::optional<WorkTree>();
  MUSTER_TRY(const RepositoryHandle handle, open_for_reading(git_folder));
  const char* top = git_repository_workdir(handle.get());
  if (top == nullptr) return std::optional<WorkTree>();
  WorkTree out;
  std::error_code error;
  out.root = Path(top).lexically_normal();
  if (!out.root.has_filename()) out.root = out.root.parent_path();
  const Path below =
      std::filesystem::weakly_canonical(folder, error).lexically_relative(std::filesystem::weakly_canonical(out.root, error));
  int ignored = 0;
  if (!below.empty() && below != ".") git_ignore_path_is_ignored(&ignored, handle.get(), (below.generic_string() + "/").c_str());
  if (ignored != 0) return std::optional<WorkTree>();
  git_oid head{};
  if (git_reference_name_to_id(&head, handle.get(), "HEAD") == 0) out.head = from_raw(head);
  MUSTER_TRY(out.repository, DiskRepository::open(world, Path(git_repository_commondir(handle.get())), DiskRepository::Durability::cache));
  return std::optional<WorkTree>(std::move(out));
}

Result<std::vector<std::string>> changed_files(const WorkTree& work_tree, const Path& folder, std::string_view suffix) {
  MUSTER_TRY(const RepositoryHandle handle, open_for_reading(work_tree.root));
  std::error_code error;
  std::string below = std::filesystem::weakly_canonical(folder, error)
                          .lexically_relative(std::filesystem::weakly_canonical(work_tree.root, error))
                          .generic_string();
  below = below == "." ? "" : below + "/";
  std::string pattern = fmt::format("{}*{}", below, suffix);
  char* patterns[] = {pattern.data()};
  git_status_options options{};
  options.version = GIT_STATUS_OPTIONS_VERSION;
  options.show = GIT_STATUS_SHOW_INDEX_AND_WORKDIR;
  options.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED | GIT_STATUS_OPT_RECURSE_UNTRACKED_DIRS | GIT_STATUS_OPT_EXCLUDE_SUBMODULES;
  options.pathspec = {patterns, 1};
  git_status_list* listed = nullptr;
  if (const int code = git_status_list_new(&listed, handle.get(), &options); code < 0)
    return library_failure(code, "comparing fleet files with their commit");
  const StatusList list(listed);
  std::vector<std::string> out;
  for (std::size_t i = 0; i < git_status_list_entrycount(list.get()); ++i) {
    const git_status_entry* entry = git_status_byindex(list.get(), i);
    const git_diff_delta* delta = entry->index_to_workdir != nullptr ? entry->index_to_workdir : entry->head_to_index;
    if (delta == nullptr || entry->status == GIT_STATUS_CURRENT || entry->status == GIT_STATUS_IGNORED) continue;
    const std::string path = delta->new_file.path != nullptr ? delta->new_file.path : delta->old_file.path;
    if (path.ends_with(suffix)) out.push_back(path);
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<Oid> resolve_revision(const WorkTree& work_tree, std::string_view revision) {
  MUSTER_TRY(const RepositoryHandle handle, open_for_reading(work_tree.root));
  git_object* found = nullptr;
  const std::string text = fmt::format("{}^{{commit}}", revision);
  if (git_revparse_single(&found, handle.get(), text.c_str()) < 0) {
    return stalled(Reason::absent, fmt::format("there is no commit `{}` in {}", revision, work_tree.root.string()));
  }
  const AnyObject object(found);
  return from_raw(*git_object_id(object.get()));
}

}  // namespace muster::git

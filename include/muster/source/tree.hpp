// Tree: a folder of an application repository at a commit, read from the object database without a checkout.
//
// Symbolic links resolve inside the tree of the commit only; where a link leaves it the read fails. A link that leaves
// the folder but not the repository makes the whole commit's tree the identity of what is read, so that equal ids always
// mean equal bytes.
// Ownership: keeps its repository alive. Thread-safety: const access from any thread. Failures: absent (no such folder or
// file), invalid (a link that leads out, a file where a folder should be), limit, corrupt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/git/repository.hpp"

namespace muster::source {

inline constexpr std::size_t kMaxFiles = 100'000;  ///< Entries below one folder.
inline constexpr int kMaxLinks = 40;               ///< Links followed on the way to one file.
inline constexpr int kMaxDepth = 100;              ///< Nested folders.

/// A file below the folder; a link to a file counts as that file, links to folders and submodules are not listed. A link
/// that leads nowhere or out of the repository is listed with a zero blob, and reading it says why not.
struct File {
  std::string path;  ///< Relative to the folder, with `/`.
  git::Oid blob;
  bool executable = false;
};

class Tree {
 public:
  /// `path`: folder inside the repository, "" is its root. `origin` is how people see the repository, for messages.
  static Result<std::shared_ptr<const Tree>> open(std::shared_ptr<git::Repository> repository, const git::Oid& commit,
                                                  std::string_view path, std::string origin);

  /// Identity of all that can be read through this: the folder's tree, or the commit's where links lead out of the folder.
  [[nodiscard]] const git::Oid& id() const { return id_; }
  [[nodiscard]] const git::Oid& commit() const { return commit_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::string& origin() const { return origin_; }

  /// All files, sorted by path.
  [[nodiscard]] Result<std::vector<File>> files() const;
  /// Also those of folders that links lead to, under the link's name; a link into a folder around it is left out.
  [[nodiscard]] Result<std::vector<File>> files_through_links() const;
  /// The bytes of a file. `path` is relative to the folder and may not climb out of it with `..`; a link may lead
  /// elsewhere in the same commit.
  [[nodiscard]] Result<std::string> read(std::string_view path, std::size_t limit) const;
  /// The bytes of a file that files() listed.
  [[nodiscard]] Result<std::string> read(const File& file, std::size_t limit) const;

 private:
  enum class FolderLinks : bool { left_out, followed };
  [[nodiscard]] Result<std::vector<File>> list(FolderLinks links) const;

  Tree() = default;
  std::shared_ptr<git::Repository> repository_;
  git::Oid commit_;
  git::Oid root_;    ///< Tree of the commit.
  git::Oid folder_;  ///< Tree at `path_`.
  git::Oid id_;
  std::string path_;
  std::string origin_;
};

/// The identity that Tree::open would give, without opening: nullopt where there is no such folder.
/// `memory` keeps what was learnt about trees, which never changes; one per repository and thread.
class TreeIds {
 public:
  explicit TreeIds(std::shared_ptr<git::Repository> repository);
  ~TreeIds();
  TreeIds(TreeIds&&) noexcept;
  TreeIds& operator=(TreeIds&&) noexcept;
  Result<git::Oid> id_at(const git::Oid& commit, std::string_view path);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace muster::source

// Commits and trees as git stores them, read and written as plain data. Pure functions over bytes of strangers: every
// length is checked, nothing recurses. Formats: git's documentation, gitformat-commit and git-mktree.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/git/repository.hpp"

namespace muster::git {

/// The commit whose stored bytes these are; Reason::corrupt otherwise. Times outside the years 1970-9999 are clamped.
Result<Commit> parse_commit(const Oid& id, std::string_view bytes);
/// Reason::invalid where a person or message holds what git cannot store.
Result<std::string> commit_text(const NewCommit& commit);

/// What an annotated tag points at.
std::optional<Oid> parse_tag_target(std::string_view bytes);

/// Steps through a stored tree; `next` gives false at its end or at the first damaged entry (then `damaged` is set).
class TreeReader {
 public:
  explicit TreeReader(std::string_view bytes) : rest_(bytes) {}
  bool next();
  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] Mode mode() const { return mode_; }
  [[nodiscard]] Oid id() const { return id_; }
  [[nodiscard]] bool damaged() const { return damaged_; }

 private:
  std::string_view rest_;
  std::string_view name_;
  Mode mode_ = Mode::file;
  Oid id_;
  bool damaged_ = false;
};
Result<std::vector<TreeEntry>> parse_tree(std::string_view bytes);
/// Checks names, sorts, refuses duplicates.
Result<std::string> tree_text(std::vector<TreeEntry> entries);

/// A name that may stand in a tree: not empty, `.`, `..`, nor `.git` as any file system would read it; no `/`, no control bytes.
bool is_safe_name(std::string_view name);

}  // namespace muster::git

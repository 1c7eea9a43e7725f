// Trees edited, compared and taken back through the Repository interface alone, so that they work on every store.
#include <fmt/core.h>

#include <algorithm>
#include <memory>

#include "git/object_text.hpp"
#include "muster/base/text.hpp"
#include "muster/git/repository.hpp"

namespace muster::git {
namespace {

constexpr int kDepth = 256;                  ///< Folders in folders; a hostile tree may go on for ever.
constexpr std::size_t kChanges = 1'000'000;  ///< A few objects can name each other into billions of paths.

/// The edits below one folder.
struct EditNode {
  const TreeEdit* edit = nullptr;
  std::map<std::string, EditNode, std::less<>> children;
};

Result<void> insert(EditNode& root, const std::string& path, const TreeEdit& edit) {
  EditNode* at = &root;
  for (const std::string_view part : split(path, '/')) {
    if (!is_safe_name(part)) return stalled(Reason::invalid, fmt::format("'{}' cannot be a path in a git tree", path));
    at = &at->children[std::string(part)];
  }
  at->edit = &edit;
  return {};
}

bool has_additions(const EditNode& node) {
  if (node.edit != nullptr && node.edit->entry) return true;
  return std::any_of(node.children.begin(), node.children.end(), [](const auto& child) { return has_additions(child.second); });
}

Result<std::optional<TreeEntry>> edited(Repository& repository, std::optional<TreeEntry> entry, const EditNode& node,
                                        const std::string& path);

/// The folder `base` with the children of `node` applied; nullopt where nothing is left in it.
Result<std::optional<Oid>> edited_folder(Repository& repository, std::optional<Oid> base, const EditNode& node, const std::string& path) {
  std::map<std::string, TreeEntry, std::less<>> entries;
  if (base) {
    MUSTER_TRY(const auto present, repository.tree(*base));
    for (const TreeEntry& entry : present) entries.emplace_hint(entries.end(), entry.name, entry);
  }
  bool changed = false;
  for (const auto& [name, child] : node.children) {
    const auto found = entries.find(name);
    const std::optional<TreeEntry> before = found == entries.end() ? std::nullopt : std::optional(found->second);
    MUSTER_TRY(std::optional<TreeEntry> after, edited(repository, before, child, path.empty() ? name : path + "/" + name));
    if (after) after->name = name;
    if (before == after) continue;
    changed = true;
    if (found != entries.end()) entries.erase(found);
    if (after) entries.emplace(name, std::move(*after));
  }
  if (!changed && base) return base;
  if (entries.empty()) return std::optional<Oid>();
  std::vector<TreeEntry> list;
  list.reserve(entries.size());
  for (auto& [name, entry] : entries) list.push_back(std::move(entry));
  MUSTER_TRY(const Oid written, repository.write_tree(std::move(list)));
  return std::optional(written);
}

Result<std::optional<TreeEntry>> edited(Repository& repository, std::optional<TreeEntry> entry, const EditNode& node,
                                        const std::string& path) {
  if (node.edit != nullptr) entry = node.edit->entry;
  if (node.children.empty()) return entry;
  if (entry && entry->mode != Mode::tree) {
    const bool adds =
        std::any_of(node.children.begin(), node.children.end(), [](const auto& child) { return has_additions(child.second); });
    if (!adds) return entry;
    return stalled(Reason::conflict, fmt::format("'{}' is a file, so nothing can stand below it", path));
  }
  const std::optional<Oid> base = entry ? std::optional(entry->id) : std::nullopt;
  MUSTER_TRY(const std::optional<Oid> folder, edited_folder(repository, base, node, path));
  if (!folder) return std::optional<TreeEntry>();
  return std::optional(TreeEntry{{}, Mode::tree, *folder});
}

struct Comparison {
  Repository& repository;
  std::vector<TreeChange> changes;

  Result<void> compare(const std::optional<Oid>& before, const std::optional<Oid>& after, const std::string& prefix, int depth);
  Result<void> note(const std::string& path, const TreeEntry* before, const TreeEntry* after, int depth);
};

Result<void> Comparison::note(const std::string& path, const TreeEntry* before, const TreeEntry* after, int depth) {
  const auto is_folder = [](const TreeEntry* entry) { return entry != nullptr && entry->mode == Mode::tree; };
  const auto file = [&](const TreeEntry* entry) { return entry != nullptr && !is_folder(entry) ? std::optional(*entry) : std::nullopt; };
  if (is_folder(before) || is_folder(after)) {
    const auto folder = [&](const TreeEntry* entry) { return is_folder(entry) ? std::optional(entry->id) : std::nullopt; };
    MUSTER_CHECK(compare(folder(before), folder(after), path + "/", depth + 1));
  }
  TreeChange change{path, file(before), file(after)};
  if (!change.before && !change.after) return {};
  if (changes.size() >= kChanges) return stalled(Reason::limit, fmt::format("more than {} files differ", kChanges));
  changes.push_back(std::move(change));
  return {};
}

Result<void> Comparison::compare(const std::optional<Oid>& before, const std::optional<Oid>& after, const std::string& prefix, int depth) {
  if (before == after) return {};
  if (depth > kDepth) return stalled(Reason::limit, fmt::format("folders stand more than {} deep below {}", kDepth, prefix.substr(0, 80)));
  std::map<std::string, std::pair<const TreeEntry*, const TreeEntry*>> names;
  std::vector<TreeEntry> old_entries;
  std::vector<TreeEntry> new_entries;
  if (before) {
    MUSTER_TRY(old_entries, repository.tree(*before));
  }
  if (after) {
    MUSTER_TRY(new_entries, repository.tree(*after));
  }
  for (const TreeEntry& entry : old_entries) names[entry.name].first = &entry;
  for (const TreeEntry& entry : new_entries) names[entry.name].second = &entry;
  for (const auto& [name, pair] : names) {
    const auto [old_entry, new_entry] = pair;
    if (old_entry != nullptr && new_entry != nullptr && *old_entry == *new_entry) continue;
    MUSTER_CHECK(note(prefix + name, old_entry, new_entry, depth));
  }
  return {};
}

}  // namespace

Result<std::optional<TreeEntry>> Repository::entry(const Oid& tree_id, std::string_view name) {
  MUSTER_TRY(const auto entries, tree(tree_id));
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const TreeEntry& entry) { return entry.name == name; });
  return found == entries.end() ? std::optional<TreeEntry>() : std::optional(*found);
}

Result<Oid> edit_tree(Repository& repository, std::optional<Oid> base, const std::map<std::string, TreeEdit>& edits) {
  EditNode root;
  for (const auto& [path, edit] : edits) MUSTER_CHECK(insert(root, path, edit));
  MUSTER_TRY(const std::optional<Oid> folder, edited_folder(repository, base, root, {}));
  if (folder) return *folder;
  return repository.write_tree({});
}

Result<std::optional<TreeEntry>> find_entry(Repository& repository, const Oid& tree, std::string_view path) {
  TreeEntry at{{}, Mode::tree, tree};
  if (path.empty()) return std::optional(std::move(at));
  for (const std::string_view part : split(path, '/')) {
    if (at.mode != Mode::tree) return std::optional<TreeEntry>();
    MUSTER_TRY(std::optional<TreeEntry> next, repository.entry(at.id, part));
    if (!next) return next;
    at = std::move(*next);
  }
  return std::optional(std::move(at));
}

Result<std::vector<TreeChange>> compare_trees(Repository& repository, std::optional<Oid> before, std::optional<Oid> after) {
  Comparison comparison{repository, {}};
  MUSTER_CHECK(comparison.compare(before, after, {}, 0));
  std::vector<TreeChange> changes = std::move(comparison.changes);
  std::sort(changes.begin(), changes.end(), [](const TreeChange& a, const TreeChange& b) { return a.path < b.path; });
  return changes;
}

}  // namespace muster::git

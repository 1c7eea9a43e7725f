#include <algorithm>

#include "git/session.hpp"

namespace muster::git {
namespace {

using Revwalk = std::unique_ptr<git_revwalk, Released<git_revwalk_free>>;

struct Collector {
  DiskRepository& from;
  git_packbuilder* builder;

  Result<void> add(const Oid& id, const std::string& name) {
    const int code = git_packbuilder_insert(builder, raw(id), name.c_str());
    if (code != 0) return library_failure(code, "packing object " + id.text());
    return {};
  }

  /// The entries of `after` that `before` has not under the same name.
  Result<void> add_changes(const std::optional<Oid>& before, const Oid& after, const std::string& name, int depth) {
    constexpr int kDepth = 256;
    if (before == after) return {};
    if (depth > kDepth) return stalled(Reason::limit, "folders stand too deep in " + name.substr(0, 80));
    MUSTER_CHECK(add(after, name));
    MUSTER_TRY(const auto entries, from.tree(after));
    for (const TreeEntry& entry : entries) {
      std::optional<TreeEntry> old;
      if (before) {
        MUSTER_TRY(old, from.entry(*before, entry.name));
      }
      if ((old && old->id == entry.id) || entry.mode == Mode::submodule) continue;
      if (entry.mode == Mode::tree) {
        MUSTER_CHECK(add_changes(old && old->mode == Mode::tree ? std::optional(old->id) : std::nullopt, entry.id, entry.name, depth + 1));
      } else {
        MUSTER_CHECK(add(entry.id, entry.name));
      }
    }
    return {};
  }

  Result<void> add_commit(const Oid& id) {
    MUSTER_TRY(const Commit commit, from.commit(id));
    MUSTER_CHECK(add(id, {}));
    std::optional<Oid> before;
    if (!commit.parents.empty()) {
      MUSTER_TRY(const Commit parent, from.commit(commit.parents.front()));
      before = parent.tree;
    }
    return add_changes(before, commit.tree, {}, 0);
  }
};

}  // namespace

Result<void> add_new_objects(DiskRepository& from, git_packbuilder* builder, const Oid& value, std::span<const Oid> have) {
  MUSTER_TRY(DiskRepository::Lease lease, from.borrow());
  git_revwalk* made = nullptr;
  int code = git_revwalk_new(&made, lease.repository());
  const Revwalk walk(made);
  if (code == 0) code = git_revwalk_push(made, raw(value));
  for (const Oid& id : have) {
    // A ref may name something that is no commit; it hides nothing then.
    if (git_odb_exists_ext(lease.odb(), raw(id), GIT_ODB_LOOKUP_NO_REFRESH) == 1) git_revwalk_hide(made, raw(id));
  }
  Collector collector{from, builder};
  git_oid id;
  while (code == 0 && (code = git_revwalk_next(&id, made)) == 0) MUSTER_CHECK(collector.add_commit(from_raw(id)));
  if (code != GIT_ITEROVER) return library_failure(code, "walking the commits to push");
  return {};
}

Result<std::string> make_pack(DiskRepository& from, std::span<const Push> updates, std::span<const Oid> have) {
  MUSTER_TRY(DiskRepository::Lease lease, from.borrow());
  git_packbuilder* made = nullptr;
  int code = git_packbuilder_new(&made, lease.repository());
  if (code != 0) return library_failure(code, "making a pack");
  const PackBuilder builder(made);
  git_packbuilder_set_threads(made, 1);
  for (const Push& update : updates) {
    if (update.value) MUSTER_CHECK(add_new_objects(from, made, *update.value, have));
  }
  std::string out;
  const auto append = [](void* bytes, std::size_t size, void* payload) {
    static_cast<std::string*>(payload)->append(static_cast<const char*>(bytes), size);
    return 0;
  };
  code = git_packbuilder_foreach(made, append, &out);
  if (code != 0) return library_failure(code, "making a pack");
  return out;
}

bool matches_any(std::string_view name, std::span<const std::string> prefixes) {
  return prefixes.empty() ||
         std::any_of(prefixes.begin(), prefixes.end(), [&](const std::string& prefix) { return name.starts_with(prefix); });
}

}  // namespace muster::git

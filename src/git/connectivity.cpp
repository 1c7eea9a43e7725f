#include "git/connectivity.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <unordered_set>

#include "git/object_text.hpp"

namespace muster::git {
namespace {

constexpr std::size_t kSmall = 50'000;       ///< Objects of a pack that is read whole.
constexpr std::size_t kBetweenLooks = 1024;  ///< Objects between looks at the clock.

struct OidHash {
  std::size_t operator()(const Oid& id) const {
    std::size_t out = 0;
    for (std::size_t i = 0; i < sizeof(out); ++i) out = (out << 8U) | id.bytes[i];
    return out;
  }
};

struct Link {
  Oid id;
  git_object_t type = GIT_OBJECT_ANY;
};

/// What an object names, of the things git keeps beside it.
Result<std::vector<Link>> links_of(const Oid& id, git_object_t type, std::string_view bytes) {
  std::vector<Link> out;
  if (type == GIT_OBJECT_COMMIT) {
    MUSTER_TRY(const Commit commit, parse_commit(id, bytes));
    for (const Oid& parent : commit.parents) out.push_back({parent, GIT_OBJECT_COMMIT});
    out.push_back({commit.tree, GIT_OBJECT_TREE});
  } else if (type == GIT_OBJECT_TREE) {
    TreeReader reader(bytes);
    while (reader.next()) {
      if (reader.mode() != Mode::submodule) out.push_back({reader.id(), reader.mode() == Mode::tree ? GIT_OBJECT_TREE : GIT_OBJECT_BLOB});
    }
    if (reader.damaged()) return stalled(Reason::corrupt, "tree " + id.text() + " is damaged");
  } else if (type == GIT_OBJECT_TAG) {
    const auto target = parse_tag_target(bytes);
    if (!target) return stalled(Reason::corrupt, "tag " + id.text() + " is damaged");
    out.push_back({*target, GIT_OBJECT_ANY});
  }
  return out;
}

class Check {
 public:
  /// Without `ids` every object is new.
  Check(git_odb* odb, std::optional<std::span<const Oid>> ids, const Deadline& deadline)
      : odb_(odb), ids_(ids), is_small_(ids && ids->size() <= kSmall), deadline_(deadline) {}

  Result<void> reach(std::span<const Oid> tips) {
    for (const Oid& tip : tips) MUSTER_CHECK(take({tip, GIT_OBJECT_ANY}, tip, true));
    while (!todo_.empty()) {
      const auto [link, is_tip] = todo_.back();
      todo_.pop_back();
      MUSTER_TRY(const std::vector<Link> links, read(link.id));
      for (const Link& next : links) MUSTER_CHECK(take(next, link.id, is_tip && next.type != GIT_OBJECT_COMMIT));
    }
    return {};
  }

 private:
  /// Sees that an object is there, once, and puts it on the list if what it names is to be followed: history always; in
  /// large packs trees only below the tips.
  Result<void> take(const Link& link, const Oid& named_by, bool is_tip) {
    if (!known_.insert(link.id).second) return {};
    const bool is_new = !ids_ || std::binary_search(ids_->begin(), ids_->end(), link.id);
    const bool is_followed = is_small_ || is_tip || link.type == GIT_OBJECT_COMMIT;
    if (is_new && is_followed && link.type != GIT_OBJECT_BLOB) {
      todo_.push_back({link, is_tip});
      return {};
    }
    if (is_new && ids_) return {};
    if (git_odb_exists_ext(odb_, raw(link.id), GIT_ODB_LOOKUP_NO_REFRESH) == 1) return {};
    const std::string naming = link.id == named_by ? std::string() : fmt::format(", which {} names", named_by.text());
    return stalled(Reason::corrupt, fmt::format("the pack lacks object {}{}", link.id.text(), naming));
  }

  Result<std::vector<Link>> read(const Oid& id) {
    if (++count_ % kBetweenLooks == 0) MUSTER_CHECK(deadline_.check());
    git_odb_object* object = nullptr;
    if (const int code = git_odb_read(&object, odb_, raw(id)); code != 0) return library_failure(code, "checking object " + id.text());
    const ObjectHandle owner(object);
    return links_of(id, git_odb_object_type(object), {static_cast<const char*>(git_odb_object_data(object)), git_odb_object_size(object)});
  }

  struct Step {
    Link link;
    bool is_tip = false;
  };
  git_odb* odb_;
  std::optional<std::span<const Oid>> ids_;
  bool is_small_;
  const Deadline& deadline_;
  std::unordered_set<Oid, OidHash> known_;
  std::vector<Step> todo_;
  std::size_t count_ = 0;
};

int collect(const git_oid* id, void* ids) {
  static_cast<std::vector<Oid>*>(ids)->push_back(from_raw(*id));
  return 0;
}

}  // namespace

Result<std::vector<Oid>> objects_of_pack(const Path& index) {
  git_odb_backend* backend = nullptr;
  git_odb* odb = nullptr;
  std::vector<Oid> out;
  int code = git_odb_new(&odb);
  const OdbHandle owner(odb);
  if (code == 0) code = git_odb_backend_one_pack(&backend, index.c_str());
  if (code == 0) code = git_odb_add_backend(odb, backend, 1);
  if (code == 0) code = git_odb_foreach(odb, collect, &out);
  if (code != 0) return library_failure(code, "reading " + index.string());
  std::sort(out.begin(), out.end());
  return out;
}

Result<void> check_connected(git_odb* odb, std::span<const Oid> ids, std::span<const Oid> tips, const Deadline& deadline) {
  return Check(odb, ids, deadline).reach(tips);
}

Result<void> check_whole(git_odb* odb, std::span<const Oid> tips, const Deadline& deadline) {
  return Check(odb, std::nullopt, deadline).reach(tips);
}

}  // namespace muster::git

// A remote that is a folder on this machine: no process, no protocol; objects are copied as one pack.
#include <fmt/core.h>

#include <unistd.h>

#include <algorithm>

#include "git/channel.hpp"
#include "git/refs.hpp"
#include "git/session.hpp"
#include "muster/base/log.hpp"

namespace muster::git {
namespace {

using Revwalk = std::unique_ptr<git_revwalk, Released<git_revwalk_free>>;

struct PackCopy {
  PackWriter& into;
  Result<void> state;
};

int copy_bytes(void* bytes, std::size_t size, void* payload) {
  auto& copy = *static_cast<PackCopy*>(payload);
  copy.state = copy.into.append({static_cast<const char*>(bytes), size});
  return copy.state.ok() ? 0 : -1;
}

/// Hooks that may refuse a push, or must hear of it.
bool has_hooks(const Path& git_folder) {
  static constexpr const char* kHooks[] = {"pre-receive", "update", "reference-transaction", "post-receive", "post-update"};
  return std::any_of(std::begin(kHooks), std::end(kHooks),
                     [&](const char* hook) { return ::access((git_folder / "hooks" / hook).c_str(), X_OK) == 0; });
}

class LocalSession final : public Session {
 public:
  LocalSession(const World& world, std::shared_ptr<DiskRepository> there, std::map<std::string, std::string> environment,
               const Deadline& deadline)
      : world_(world), there_(std::move(there)), environment_(std::move(environment)), deadline_(deadline) {}

  Result<RefListing> list(std::span<const std::string> prefixes) override {
    MUSTER_TRY(DiskRepository::Lease lease, there_->borrow());
    RefListing out;
    out.at = world_.clock.now();
    MUSTER_TRY(std::vector<Ref> refs, list_local_refs(lease.repository(), "refs/"));
    for (Ref& ref : refs) {
      if (matches_any(ref.name, prefixes)) out.refs.push_back(std::move(ref));
    }
    git_reference* head = nullptr;
    if (git_reference_lookup(&head, lease.repository(), "HEAD") == 0 && git_reference_type(head) == GIT_REFERENCE_SYMBOLIC) {
      out.head = git_reference_symbolic_target(head);
    }
    git_reference_free(head);
    return out;
  }

  Result<void> fetch(const WantedObjects& objects, PackWriter& pack) override {
    MUSTER_TRY(DiskRepository::Lease lease, there_->borrow());
    git_revwalk* made_walk = nullptr;
    git_packbuilder* made_builder = nullptr;
    int code = git_revwalk_new(&made_walk, lease.repository());
    const Revwalk walk(made_walk);
    if (code == 0) code = git_packbuilder_new(&made_builder, lease.repository());
    const PackBuilder builder(made_builder);
    for (const Oid& want : objects.wants) {
      if (code == 0) code = insert_wanted(lease, made_walk, made_builder, want);
    }
    MUSTER_TRY(const std::vector<Oid> ancestors, objects.ancestors());
    for (const auto* haves : {&objects.tips, &ancestors}) {
      for (const Oid& have : *haves) {
        if (git_odb_exists(lease.odb(), raw(have)) == 1) git_revwalk_hide(made_walk, raw(have));
      }
    }
    if (code == 0) code = git_packbuilder_insert_walk(made_builder, made_walk);
    PackCopy copy{pack, {}};
    if (code == 0) code = git_packbuilder_foreach(made_builder, copy_bytes, &copy);
    if (!copy.state.ok()) return copy.state;
    if (code != 0) return library_failure(code, "reading " + there_->path().string());
    return {};
  }

  Result<void> push(DiskRepository& from, std::span<const Push> updates) override {
    if (has_hooks(there_->git_folder())) return push_past_hooks(from, updates);
    MUSTER_CHECK(refuse_checked_out(updates));
    MUSTER_CHECK(copy_new_objects(from, updates));
    std::vector<Push> done;
    for (const Push& update : updates) {
      auto moved = there_->update_ref(update.ref, update.value, update.expected);
      if (!moved.ok()) {
        take_back(done);
        return moved;
      }
      done.push_back(update);
    }
    return {};
  }

 private:
  /// All or none: what was set before one was refused goes back, unless somebody moved it on already.
  void take_back(const std::vector<Push>& done) {
    for (auto update = done.rbegin(); update != done.rend(); ++update) {
      const auto back = there_->update_ref(update->ref, update->expected, update->value);
      if (!back.ok()) log::warning("{} stays at its pushed value: {}", update->ref, back.failure().text);
    }
  }

  /// A tag object is wanted for itself, and the history it points at.
  static int insert_wanted(DiskRepository::Lease& lease, git_revwalk* walk, git_packbuilder* builder, const Oid& want) {
    git_object* object = nullptr;
    git_object* commit = nullptr;
    int code = git_object_lookup(&object, lease.repository(), raw(want), GIT_OBJECT_ANY);
    if (code == 0 && git_object_type(object) == GIT_OBJECT_TAG) code = git_packbuilder_insert_recur(builder, raw(want), nullptr);
    if (code == 0) code = git_object_peel(&commit, object, GIT_OBJECT_COMMIT);
    if (code == 0) code = git_revwalk_push(walk, git_object_id(commit));
    git_object_free(commit);
    git_object_free(object);
    return code;
  }

  Result<void> push_past_hooks(DiskRepository& from, std::span<const Push> updates) {
    Command command;
    command.argv = {"git-receive-pack", there_->path().string()};
    command.environment = environment_;
    const TransferLimits limits;
    Whereabouts here;
    MUSTER_TRY(auto channel, open_process_channel(world_, std::move(command), "git-receive-pack", limits, deadline_));
    return make_wire_session(std::move(channel), world_.clock, limits, here)->push(from, updates);
  }

  /// git refuses it too: the work tree would show the opposite of the push as a change of its own.
  Result<void> refuse_checked_out(std::span<const Push> updates) {
    MUSTER_TRY(DiskRepository::Lease lease, there_->borrow());
    if (git_repository_is_bare(lease.repository()) == 1) return {};
    MUSTER_TRY(const RefListing listing, list({}));
    for (const Push& update : updates) {
      if (update.ref == listing.head) {
        return stalled(Reason::denied,
                       fmt::format("{} is checked out in {}; push to a bare repository", update.ref, there_->path().string()));
      }
    }
    return {};
  }

  Result<void> copy_new_objects(DiskRepository& from, std::span<const Push> updates) {
    MUSTER_TRY(const std::vector<Ref> refs, there_->refs("refs/"));
    std::vector<Oid> have;
    for (const Ref& ref : refs) have.push_back(ref.id);
    MUSTER_TRY(const std::string pack, make_pack(from, updates, have));
    constexpr std::size_t kEmptyPack = 32;  // Header and checksum.
    if (pack.size() <= kEmptyPack) return {};
    const TransferLimits limits;
    MUSTER_TRY(const auto writer, PackWriter::open(*there_, limits, deadline_));
    MUSTER_CHECK(writer->append(pack));
    std::vector<Oid> tips;
    for (const Push& update : updates) {
      if (update.value) tips.push_back(*update.value);
    }
    return writer->finish(tips);
  }

  const World& world_;
  std::shared_ptr<DiskRepository> there_;
  std::map<std::string, std::string> environment_;
  const Deadline& deadline_;
};

}  // namespace

Result<void> copy_reachable(DiskRepository& from, DiskRepository& into, const Deadline& deadline) {
  MUSTER_TRY(const std::vector<Ref> refs, from.refs("refs/"));
  if (refs.empty()) return {};
  WantedObjects objects;
  for (const Ref& ref : refs) objects.wants.push_back(ref.id);
  objects.ancestors = [] { return std::vector<Oid>(); };
  MUSTER_TRY(const auto session, open_local_session(from.world(), from.path(), {}, deadline));
  const TransferLimits limits;
  MUSTER_TRY(const auto pack, PackWriter::open(into, limits, deadline));
  MUSTER_CHECK(session->fetch(objects, *pack));
  MUSTER_CHECK(pack->finish(objects.wants));
  for (const Ref& ref : refs) MUSTER_CHECK(into.update_ref(ref.name, ref.id, std::nullopt));
  return {};
}

Result<std::unique_ptr<Session>> open_local_session(const World& world, const Path& path,
                                                    const std::map<std::string, std::string>& environment, const Deadline& deadline) {
  if (const auto stat = world.files.stat(path); !stat.ok() && stat.failure().reason == Reason::absent) {
    return stalled(Reason::absent, fmt::format("there is no folder {}", path.string()));
  }
  MUSTER_TRY(auto there, DiskRepository::open(world, path, DiskRepository::Durability::durable));
  return std::unique_ptr<Session>(std::make_unique<LocalSession>(world, std::move(there), environment, deadline));
}

}  // namespace muster::git

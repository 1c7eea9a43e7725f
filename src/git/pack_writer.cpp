#include "git/pack_writer.hpp"

#include <fmt/core.h>

#include <unordered_set>

#include "git/object_text.hpp"

namespace muster::git {
namespace {

// A small pack of deltas can ask for any amount of work. What an honest one unfolds to, counting objects above 256 KiB:
// thousands of versions of one large file, each a delta of some hundred bytes.
constexpr std::uint64_t kUnpacked = std::uint64_t{512} << 20U;
constexpr std::uint64_t kUnpackedPerByte = 4000;

struct OidHash {
  std::size_t operator()(const Oid& id) const {
    std::size_t out = 0;
    for (std::size_t i = 0; i < sizeof(out); ++i) out = (out << 8U) | id.bytes[i];
    return out;
  }
};
using Known = std::unordered_set<Oid, OidHash>;

/// What the object names, of the things git keeps beside it.
Result<std::vector<Oid>> links_of(const Oid& id, git_object_t type, std::string_view bytes) {
  std::vector<Oid> out;
  if (type == GIT_OBJECT_COMMIT) {
    MUSTER_TRY(const Commit commit, parse_commit(id, bytes));
    out = commit.parents;
    out.push_back(commit.tree);
  } else if (type == GIT_OBJECT_TREE) {
    TreeReader reader(bytes);
    while (reader.next()) {
      if (reader.mode() != Mode::submodule) out.push_back(reader.id());
    }
    if (reader.damaged()) return stalled(Reason::corrupt, "tree " + id.text() + " is damaged");
  } else if (type == GIT_OBJECT_TAG) {
    const auto target = parse_tag_target(bytes);
    if (!target) return stalled(Reason::corrupt, "tag " + id.text() + " is damaged");
    out.push_back(*target);
  }
  return out;
}

int collect(const git_oid* id, void* ids) {
  static_cast<std::vector<Oid>*>(ids)->push_back(from_raw(*id));
  return 0;
}

/// The objects of one pack, from its index.
Result<std::vector<Oid>> objects_of(const Path& index) {
  git_odb_backend* backend = nullptr;
  git_odb* odb = nullptr;
  std::vector<Oid> out;
  int code = git_odb_new(&odb);
  const OdbHandle owner(odb);
  if (code == 0) code = git_odb_backend_one_pack(&backend, index.c_str());
  if (code == 0) code = git_odb_add_backend(odb, backend, 1);
  if (code == 0) code = git_odb_foreach(odb, collect, &out);
  if (code != 0) return library_failure(code, "reading " + index.string());
  return out;
}

}  // namespace

Result<void> Deadline::check() const {
  if (stop.stop_requested()) return retry(Reason::cancelled, "cancelled");
  if (clock.elapsed() > end) return retry(Reason::timeout, "the transfer took longer than allowed");
  return {};
}

PackWriter::PackWriter(DiskRepository& into, const TransferLimits& limits, const Deadline& deadline, DiskRepository::Lease lease)
    : into_(into), limits_(limits), deadline_(deadline), lease_(std::move(lease)) {}

PackWriter::~PackWriter() { drop_indexer(); }

void PackWriter::drop_indexer() {
  const AllocationBudget::Entered entered(budget_);
  indexer_.reset();
}

Result<std::unique_ptr<PackWriter>> PackWriter::open(DiskRepository& into, const TransferLimits& limits, const Deadline& deadline) {
  MUSTER_TRY(DiskRepository::Lease lease, into.borrow());
  std::unique_ptr<PackWriter> out(new PackWriter(into, limits, deadline, std::move(lease)));
  git_indexer_options options{};
  options.version = GIT_INDEXER_OPTIONS_VERSION;
  options.progress_cb = progress;
  options.progress_cb_payload = out.get();
  git_indexer* made = nullptr;
  const Path packs = into.git_folder() / "objects" / "pack";
  const int code = git_indexer_new(&made, packs.c_str(), 0, out->lease_.odb(), &options);
  if (code != 0) return library_failure(code, "receiving a pack");
  out->indexer_.reset(made);
  return out;
}

int PackWriter::progress(const git_indexer_progress* stats, void* self) {
  auto& writer = *static_cast<PackWriter*>(self);
  if (stats->total_objects > writer.limits_.objects) {
    writer.refusal_ = stalled(Reason::limit, fmt::format("the pack has {} objects; at most {} are taken", stats->total_objects, writer.limits_.objects));
  } else if (auto end = writer.deadline_.check(); !end.ok()) {
    writer.refusal_ = std::move(end).failure();
  }
  return writer.refusal_ ? -1 : 0;
}

Failure PackWriter::failure(int code, std::string_view doing) {
  if (refusal_) return *refusal_;
  if (budget_.is_spent()) return stalled(Reason::limit, fmt::format("the pack of {} bytes unfolds to far more than an honest one", bytes_));
  return library_failure(code, doing);
}

Result<void> PackWriter::append(std::string_view bytes) {
  bytes_ += bytes.size();
  if (bytes_ > limits_.bytes) return stalled(Reason::limit, fmt::format("the pack is larger than {} bytes", limits_.bytes));
  MUSTER_CHECK(deadline_.check());
  const AllocationBudget::Entered entered(budget_);
  budget_.allow(kUnpacked + kUnpackedPerByte * bytes_);
  const int code = git_indexer_append(indexer_.get(), bytes.data(), bytes.size(), &stats_);
  if (code != 0) return failure(code, "reading the pack");
  return {};
}

Result<void> PackWriter::finish() {
  if (bytes_ == 0 || stats_.total_objects == 0) return stalled(Reason::corrupt, "the pack is empty");
  {
    const AllocationBudget::Entered entered(budget_);
    const int code = git_indexer_commit(indexer_.get(), &stats_);
    if (code != 0) return failure(code, "reading the pack");
  }
  const Path index = into_.git_folder() / "objects" / "pack" / fmt::format("pack-{}.idx", git_indexer_name(indexer_.get()));
  git_odb_refresh(lease_.odb());
  MUSTER_TRY(const std::vector<Oid> ids, objects_of(index));
  auto connected = check_connected(into_, ids, deadline_);
  if (connected.ok()) return {};
  // The refs do not name it yet, and with it the mirror would seem to have what it lacks.
  MUSTER_CHECK(into_.world().files.remove(index));
  MUSTER_CHECK(into_.world().files.remove(Path(index).replace_extension(".pack")));
  into_.reopen();
  return connected;
}

Result<void> check_connected(DiskRepository& repository, std::span<const Oid> ids, const Deadline& deadline) {
  constexpr std::size_t kBetweenLooks = 1024;
  MUSTER_TRY(DiskRepository::Lease lease, repository.borrow());
  Known known(ids.begin(), ids.end());
  std::size_t count = 0;
  for (const Oid& id : ids) {
    if (++count % kBetweenLooks == 0) MUSTER_CHECK(deadline.check());
    std::size_t size = 0;
    git_object_t type = GIT_OBJECT_INVALID;
    int code = git_odb_read_header(&size, &type, lease.odb(), raw(id));
    if (code == 0 && type == GIT_OBJECT_BLOB) continue;
    git_odb_object* object = nullptr;
    if (code == 0) code = git_odb_read(&object, lease.odb(), raw(id));
    if (code != 0) return library_failure(code, "checking object " + id.text());
    const ObjectHandle owner(object);
    const std::string_view bytes(static_cast<const char*>(git_odb_object_data(object)), git_odb_object_size(object));
    MUSTER_TRY(const std::vector<Oid> links, links_of(id, type, bytes));
    for (const Oid& link : links) {
      if (known.contains(link)) continue;
      if (git_odb_exists_ext(lease.odb(), raw(link), GIT_ODB_LOOKUP_NO_REFRESH) != 1) {
        return stalled(Reason::corrupt, fmt::format("the pack lacks object {}, which {} names", link.text(), id.text()));
      }
      known.insert(link);
    }
  }
  return {};
}

}  // namespace muster::git

#include "git/pack_writer.hpp"

#include <fmt/core.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "git/connectivity.hpp"
#include "git/refs.hpp"

namespace muster::git {
namespace {

// A small pack of deltas can ask for any amount of work. What an honest one unfolds to, counting objects above 256 KiB:
// thousands of versions of one large file, each a delta of some hundred bytes.
constexpr std::uint64_t kUnpacked = std::uint64_t{512} << 20U;
constexpr std::uint64_t kUnpackedPerByte = 4000;

Result<Path> make_folder(Files& files, const Path& parent) {
  MUSTER_CHECK(files.make_directories(parent));
  std::string pattern = (parent / (std::string(kIncomingPrefix) + "XXXXXX")).string();
  if (::mkdtemp(pattern.data()) != nullptr) return Path(pattern);
  const int error = errno;
  return retry(Reason::exhausted, fmt::format("making a folder in {}: {}", parent.string(), std::strerror(error)));
}

}  // namespace

Result<void> Deadline::check() const {
  if (stop.stop_requested()) return retry(Reason::cancelled, "cancelled");
  if (clock.elapsed() > end) return retry(Reason::timeout, "the transfer took longer than allowed");
  return {};
}

PackWriter::PackWriter(DiskRepository& into, const TransferLimits& limits, const Deadline& deadline, DiskRepository::Lease lease,
                       Path folder)
    : into_(into), limits_(limits), deadline_(deadline), lease_(std::move(lease)), folder_(std::move(folder)) {}

PackWriter::~PackWriter() {
  drop_indexer();
  const auto removed = into_.world().files.remove_all(folder_);
  static_cast<void>(removed.ok());  // tidy() looks for what could not be removed.
}

void PackWriter::drop_indexer() {
  const AllocationBudget::Entered entered(budget_);
  indexer_.reset();
}

Result<std::unique_ptr<PackWriter>> PackWriter::open(DiskRepository& into, const TransferLimits& limits, const Deadline& deadline) {
  MUSTER_TRY(DiskRepository::Lease lease, into.borrow());
  MUSTER_TRY(Path folder, make_folder(into.world().files, into.git_folder() / "muster"));
  std::unique_ptr<PackWriter> out(new PackWriter(into, limits, deadline, std::move(lease), std::move(folder)));
  git_indexer_options options{};
  if (const int code = git_indexer_options_init(&options, GIT_INDEXER_OPTIONS_VERSION); code != 0)
    return library_failure(code, "receiving a pack");
  options.progress_cb = progress;
  options.progress_cb_payload = out.get();
  git_indexer* made = nullptr;
  const int code = git_indexer_new(&made, out->folder_.c_str(), 0, out->lease_.odb(), &options);
  if (code != 0) return library_failure(code, "receiving a pack");
  out->indexer_.reset(made);
  return out;
}

int PackWriter::progress(const git_indexer_progress* stats, void* self) {
  auto& writer = *static_cast<PackWriter*>(self);
  if (stats->total_objects > writer.limits_.objects) {
    writer.refusal_ =
        stalled(Reason::limit, fmt::format("the pack has {} objects; at most {} are taken", stats->total_objects, writer.limits_.objects));
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

Result<void> PackWriter::finish(std::span<const Oid> tips) {
  if (bytes_ == 0 || stats_.total_objects == 0) return stalled(Reason::corrupt, "the pack is empty");
  {
    const AllocationBudget::Entered entered(budget_);
    const int code = git_indexer_commit(indexer_.get(), &stats_);
    if (code != 0) return failure(code, "reading the pack");
  }
  const std::string name = fmt::format("pack-{}", git_indexer_name(indexer_.get()));
  drop_indexer();
  MUSTER_CHECK(check(folder_ / (name + ".idx"), tips));
  const Path packs = into_.git_folder() / "objects" / "pack";
  // The index last: it is what makes a pack one.
  for (const char* extension : {".pack", ".idx"}) {
    const Path from = folder_ / (name + extension);
    if (into_.is_durable()) MUSTER_CHECK(sync_to_disk(from));
    if (std::rename(from.c_str(), (packs / (name + extension)).c_str()) == 0) continue;
    const int error = errno;
    return retry(Reason::exhausted, fmt::format("storing a pack in {}: {}", packs.string(), std::strerror(error)));
  }
  if (into_.is_durable()) MUSTER_CHECK(sync_to_disk(packs));
  git_odb_refresh(lease_.odb());
  return {};
}

Result<void> PackWriter::check(const Path& index, std::span<const Oid> tips) {
  MUSTER_TRY(const std::vector<Oid> ids, objects_of_pack(index));
  git_odb* odb = nullptr;
  git_odb_backend* incoming = nullptr;
  int code = git_odb_open(&odb, (into_.git_folder() / "objects").c_str());
  const OdbHandle owner(odb);
  if (code == 0) code = git_odb_backend_one_pack(&incoming, index.c_str());
  if (code == 0) code = git_odb_add_backend(odb, incoming, 10);
  if (code != 0) return library_failure(code, "checking the pack");
  return check_connected(odb, ids, tips, deadline_);
}

}  // namespace muster::git

#include "muster/record/history.hpp"

#include <algorithm>
#include <set>

#include "muster/git/repository.hpp"

namespace muster::record {
namespace {

std::string subject_of(const std::string& message) { return message.substr(0, message.find('\n')); }

/// Monotone dates from the root on: the later of a commit's own and every earlier one's.
void make_monotone(std::vector<HistoryEntry>& newest_first) {
  for (std::size_t i = newest_first.size(); i-- > 1;) newest_first[i - 1].at = std::max(newest_first[i - 1].at, newest_first[i].at);
}

}  // namespace

Result<std::vector<HistoryEntry>> read_history(Chain& chain, std::string_view service, std::size_t limit) {
  std::vector<HistoryEntry> entries;
  for (std::size_t index = 0; entries.size() < limit; ++index) {
    MUSTER_TRY(const Step* step, chain.step(index));
    if (step == nullptr) break;
    if (!service.empty() && !concerns(*step, service)) continue;
    MUSTER_TRY(const auto commit, chain.repository().commit(step->commit));
    entries.push_back({*step, commit.author, subject_of(commit.message), step->at});
  }
  make_monotone(entries);
  return entries;
}

bool concerns(const Step& step, std::string_view service) {
  if (step.touches(service)) return true;
  const auto& resumes = step.trailers.resumes;
  if (std::any_of(resumes.begin(), resumes.end(), [&](const auto& line) { return line.service == service; })) return true;
  // ".holds/cart.yaml", ".approvals/cart-1f0c2a9b.yaml"
  return std::any_of(step.statements.begin(), step.statements.end(), [&](const std::string& path) {
    const std::string_view name = std::string_view(path).substr(path.find('/') + 1);
    return name.starts_with(service) && (name.substr(service.size()) == ".yaml" || name.substr(service.size()).starts_with('-'));
  });
}

Result<std::optional<git::Oid>> commit_at(git::Repository& repository, const git::Oid& tip, Instant at) {
  struct Dated {
    git::Oid commit;
    Instant at;
  };
  std::vector<Dated> dated;
  MUSTER_CHECK(repository.walk_first_parents(tip, [&](const git::Commit& commit) {
    dated.push_back({commit.id, commit.committer.at});
    return true;
  }));
  // From the root on; the first commit past `at` ends it, whatever later ones say.
  std::optional<git::Oid> last;
  for (auto entry = dated.rbegin(); entry != dated.rend() && entry->at <= at; ++entry) last = entry->commit;
  return last;
}

}  // namespace muster::record

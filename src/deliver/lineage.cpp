#include "deliver/lineage.hpp"

#include <algorithm>

#include "muster/record/layout.hpp"
#include "muster/record/release.hpp"

namespace muster::deliver {
namespace {

constexpr std::size_t kMaxReleaseBytes = std::size_t{5} << 20U;
constexpr std::size_t kRemembered = 200'000;

bool carries(std::string_view input) { return input == record::kSource || input.starts_with(record::kImagePrefix); }

bool is_candidate(const Touch& touch) {
  return touch.record && std::any_of(touch.listed.begin(), touch.listed.end(), [](const auto& entry) {
           return (carries(entry.first) || entry.first == record::kFrom) && !std::holds_alternative<record::Absent>(entry.second);
         });
}

/// What stood of a service after a commit.
Result<Touch> read_touch(record::Chain& chain, const record::Step& step, const std::string& service) {
  Touch touch;
  touch.commit = step.commit;
  touch.record = step.record;
  if (const auto* line = step.line(service)) touch.listed = line->moved;
  MUSTER_TRY(const auto folder, git::find_entry(chain.repository(), step.tree, service));
  touch.present = folder.has_value() && folder->mode == git::Mode::tree;
  if (!touch.present) return touch;
  MUSTER_TRY(const auto entry, git::find_entry(chain.repository(), folder->id, record::kReleaseFile));
  if (!entry || entry->mode == git::Mode::tree) return touch;
  MUSTER_TRY(const std::string bytes, chain.repository().blob(entry->id, kMaxReleaseBytes));
  const auto release = record::parse_release(bytes, record::release_path(service));
  if (!release.ok()) return touch;  // Some other bundle, and nobody knows which.
  touch.values = bundle_values(release->values());
  touch.bundle = record::bundle_of(touch.values);
  return touch;
}

Result<Touch> remembered_touch(record::Chain& chain, LineageMemory& memory, const record::Step& step, const std::string& service,
                               std::size_t position) {
  const LineageMemory::Key key{step.commit, service};
  auto known = memory.touches.find(key);
  if (known == memory.touches.end()) {
    MUSTER_TRY(Touch read, read_touch(chain, step, service));
    known = memory.touches.emplace(key, std::move(read)).first;
  }
  Touch touch = known->second;
  touch.position = position;
  return touch;
}

/// By its trailer alone: may the service stand at `bundle` after this step?
bool may_leave(const record::Step& step, const std::string& service, const record::Bundle& bundle) {
  const auto* line = step.line(service);
  if (line == nullptr) return true;
  for (const auto& [name, value] : line->moved) {
    if (const auto* from = std::get_if<record::FromValue>(&value)) return from->bundle == bundle.digest();
    if (!carries(name)) continue;
    const auto part = bundle.parts.find(name);
    if (part == bundle.parts.end() || record::bundle_of({{name, value}}).parts != std::map<std::string, std::string>{*part}) return false;
  }
  return true;
}

/// What the service was called before this step, if the step renamed it.
void follow_rename(const record::Step& step, std::string& service) {
  for (const auto& rename : step.trailers.renames) {
    if (step.record && rename.to == service) {
      service = rename.from;
      return;
    }
  }
}

void revive(Candidate& candidate, const git::Oid& commit) {
  if (!candidate.alive) candidate.stands_at.clear();
  candidate.alive = true;
  candidate.stands_at.push_back(commit);
}

void void_after(std::vector<Candidate>& candidates, std::size_t first) {
  for (std::size_t i = first; i < candidates.size(); ++i) candidates[i].alive = false;
}

/// Index after the newest candidate with this bundle; 0: there is none.
std::size_t after_bundle(const std::vector<Candidate>& candidates, const record::Bundle& bundle) {
  for (std::size_t i = candidates.size(); i > 0; --i) {
    if (candidates[i - 1].bundle == bundle) return i;
  }
  return 0;
}

}  // namespace

record::Inputs bundle_values(const record::Inputs& inputs) {
  record::Inputs out;
  for (const auto& [name, value] : inputs) {
    if (carries(name)) out.emplace(name, value);
  }
  return out;
}

void LineageMemory::bound() {
  if (touches.size() > kRemembered) touches.clear();
  if (older.size() > kRemembered) older.clear();
}

Result<std::vector<Candidate>> judge(const std::vector<Touch>& oldest_first, const Older& older) {
  std::vector<Candidate> candidates;
  const Touch nothing;
  const Touch* before = &nothing;
  for (const Touch& touch : oldest_first) {
    if (!touch.present) {
      void_after(candidates, 0);
    } else if (!before->present || touch.bundle != before->bundle) {
      const std::size_t known = after_bundle(candidates, touch.bundle);
      if (known > 0) {
        void_after(candidates, known);
        revive(candidates[known - 1], touch.commit);
      } else {
        MUSTER_TRY(const bool stood_before, older(touch.bundle));
        const std::size_t replaced = after_bundle(candidates, before->bundle);
        if (stood_before) {
          void_after(candidates, 0);
        } else if (!touch.record && before->present && replaced > 0) {
          candidates[replaced - 1].alive = false;
        }
      }
    } else if (const std::size_t same = after_bundle(candidates, touch.bundle); same > 0 && candidates[same - 1].alive) {
      candidates[same - 1].stands_at.push_back(touch.commit);
    }
    if (is_candidate(touch) && touch.present) {
      candidates.push_back({touch.commit, touch.position, touch.listed, touch.values, before->values, touch.bundle, true, {touch.commit}});
    }
    before = &touch;
  }
  return candidates;
}

Result<std::vector<Candidate>> read_candidates(record::Chain& chain, LineageMemory& memory, const std::string& service,
                                               std::size_t position, const record::Bundle* until) {
  memory.bound();
  std::vector<Touch> touches;  // Newest first.
  bool met = until == nullptr;
  std::size_t next = 0;
  std::string name = service;
  for (; next <= position || (!met && next < kLineageSteps && touches.size() < kLineageTouches); ++next) {
    MUSTER_TRY(const record::Step* step, chain.step(next));
    if (step == nullptr) break;
    if (!step->touches(name)) continue;
    MUSTER_TRY(Touch touch, remembered_touch(chain, memory, *step, name, next));
    // Before the place where it stood something else did: that touch is where the reading may end.
    if (until != nullptr && next > position && !touches.empty() && touches.back().bundle == *until && touch.bundle != *until) met = true;
    touches.push_back(std::move(touch));
    follow_rename(*step, name);
  }
  std::reverse(touches.begin(), touches.end());
  if (touches.empty()) return std::vector<Candidate>{};

  const LineageMemory::Key oldest{touches.front().commit, name};
  return judge(touches, [&](const record::Bundle& bundle) -> Result<bool> {
    const auto known = memory.older.find({oldest, bundle.digest()});
    if (known != memory.older.end()) return known->second;
    bool found = false;
    std::string former = name;
    for (std::size_t i = next; !found && i < next + kLineageSteps; ++i) {
      MUSTER_TRY(const record::Step* step, chain.step(i));
      if (step == nullptr) break;
      if (!step->touches(former)) continue;
      if (step->record && may_leave(*step, former, bundle)) {
        MUSTER_TRY(const Touch touch, remembered_touch(chain, memory, *step, former, i));
        found = is_candidate(touch) && touch.present && touch.bundle == bundle;
      }
      follow_rename(*step, former);
    }
    memory.older.emplace(std::pair(oldest, bundle.digest()), found);
    return found;
  });
}

}  // namespace muster::deliver

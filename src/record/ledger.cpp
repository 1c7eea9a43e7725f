#include "muster/record/ledger.hpp"

#include <algorithm>
#include <set>

namespace muster::record {
namespace {

constexpr Duration kRecent = std::chrono::hours(48);

/// Reads a branch from its tip back, so that the first thing seen of an input is the newest. Names are followed across
/// renames: what `old` recorded before it became `new` is `new`'s.
class Reader {
 public:
  void take(const Step& step) {
    dated_.push_back({step.commit, step.at});
    if (step.record && !seen_record_) {
      seen_record_ = true;
      out_.newest = step.trailers.made_by;
    }
    for (const auto& path : step.statements) out_.statements.emplace(path, step.commit);
    for (const auto& line : step.trailers.resumes) take_resume(line, step);
    for (const auto& name : step.touched) touch(name, step.commit, step.at, step.record);
    if (!step.record) return;
    for (const auto& line : step.trailers.releases) take_line(line, step);
    for (const auto& rename : step.trailers.renames) take_rename(rename);
  }

  /// What an earlier ledger knew, as if its commits were read now.
  void take(const Ledger& known) {
    if (!seen_record_) out_.newest = known.newest;
    for (const auto& [path, commit] : known.statements) out_.statements.emplace(path, commit);
    for (const auto& [name, service] : known.services) {
      const std::string* to = current_name(name);
      if (to == nullptr) continue;
      ServiceLedger& ledger = out_.services[*to];
      if (!closed_.contains(*to)) {
        ledger.followed.insert(ledger.followed.end(), service.followed.begin(), service.followed.end());
      }
      if (ledger.since.is_zero()) {
        if (!ledger.resume) ledger.resume = service.resume;
        ledger.since = service.since;
        ledger.since_at = service.since_at;
        ledger.since_record = service.since_record;
      }
      for (const auto& [input, value] : service.inputs) ledger.inputs.emplace(input, value);
    }
    for (auto dated = known.recent.rbegin(); dated != known.recent.rend(); ++dated) dated_.push_back(*dated);
    before_ = known.before_recent;
  }

  Ledger finish(const git::Oid& tip) {
    out_.tip = tip;
    finish_dates();
    return std::move(out_);
  }

 private:
  /// Today's name of a service that was called `name` at the point that is being read; nullptr: it went under.
  const std::string* current_name(const std::string& name) const {
    const auto alias = aliases_.find(name);
    if (alias == aliases_.end()) return &name;
    return alias->second ? &*alias->second : nullptr;
  }

  void touch(const std::string& name, const git::Oid& commit, Instant at, bool record) {
    const std::string* to = current_name(name);
    if (to == nullptr) return;
    ServiceLedger& ledger = out_.services[*to];
    if (!ledger.since.is_zero()) return;
    ledger.since = commit;
    ledger.since_at = at;
    ledger.since_record = record;
  }

  void take_resume(const ResumeLine& line, const Step& step) {
    const std::string* to = current_name(line.service);
    if (to == nullptr || step.touches(line.service)) return;
    ServiceLedger& ledger = out_.services[*to];
    if (ledger.since.is_zero() && !ledger.resume) ledger.resume = Resume{step.commit, step.at, line.accepted};
  }

  void take_line(const ReleaseLine& line, const Step& step) {
    const std::string* to = current_name(line.service);
    if (to == nullptr) return;
    ServiceLedger& ledger = out_.services[*to];
    for (const auto& [name, value] : line.moved) {
      ledger.inputs.emplace(name, LedgerInput{value, step.commit, step.trailers.made_by});
      const auto* from = std::get_if<FromValue>(&value);
      if (from == nullptr || closed_.contains(*to)) continue;
      ledger.followed.push_back(*from);
      const bool manual = std::find(line.causes.begin(), line.causes.end(), Cause::manual) != line.causes.end();
      if (!manual) closed_.insert(*to);
    }
  }

  void take_rename(const RenameLine& rename) {
    const std::string* to = current_name(rename.to);
    const std::optional<std::string> target = to == nullptr ? std::nullopt : std::optional(*to);
    aliases_.insert_or_assign(rename.to, std::nullopt);
    aliases_.insert_or_assign(rename.from, target);
  }

  void finish_dates() {
    std::reverse(dated_.begin(), dated_.end());
    std::optional<Instant> floor = before_;
    for (auto& dated : dated_) {
      if (floor) dated.at = std::max(dated.at, *floor);
      floor = dated.at;
    }
    if (dated_.empty()) return;
    const Instant from = dated_.back().at - kRecent;
    const auto first = std::find_if(dated_.begin(), dated_.end(), [&](const auto& dated) { return dated.at > from; });
    out_.before_recent = first == dated_.begin() ? before_ : std::optional(std::prev(first)->at);
    out_.recent.assign(first, dated_.end());
  }

  Ledger out_;
  bool seen_record_ = false;
  std::map<std::string, std::optional<std::string>> aliases_;
  std::set<std::string> closed_;  ///< Services whose `followed` is complete.
  std::vector<Ledger::Dated> dated_;
  std::optional<Instant> before_;
};

}  // namespace

const LedgerInput* ServiceLedger::input(std::string_view name) const {
  const auto found = inputs.find(std::string(name));
  return found == inputs.end() ? nullptr : &found->second;
}

bool ServiceLedger::removed() const {
  const LedgerInput* declaration = input(kDeclaration);
  return declaration != nullptr && std::holds_alternative<Absent>(declaration->value);
}

const ServiceLedger* Ledger::service(std::string_view name) const {
  const auto found = services.find(name);
  return found == services.end() ? nullptr : &found->second;
}

Result<Ledger> read_ledger(git::Repository& repository, const EnvironmentFile& file, const git::Oid& tip, const Ledger* known) {
  if (known != nullptr && known->tip == tip) return *known;
  Reader reader;
  bool met = false;
  MUSTER_CHECK(walk_steps(repository, file, tip, [&](Step&& step) -> Result<bool> {
    met = known != nullptr && step.commit == known->tip;
    if (!met) reader.take(step);
    return !met;
  }));
  if (met) reader.take(*known);
  return reader.finish(tip);
}

}  // namespace muster::record

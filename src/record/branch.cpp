#include "muster/record/branch.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "muster/base/log.hpp"
#include "muster/base/text.hpp"
#include "muster/record/layout.hpp"
#include "muster/record/standing.hpp"

namespace muster::record {
namespace {

constexpr std::size_t kMaxTipBytes = 4096;
constexpr std::string_view kEmbedded = "records.git";
constexpr std::string_view kLooked = "records-seen";  // When all branches of a remote were last seen.

/// A whole environment is held: nothing changes until a person acts, or the remote is put right.
Failure hold_environment(std::string text) { return stalled(Reason::conflict, std::move(text)); }

/// Is this ref the branch or the notes of one of these environments (nullopt: of any)?
bool concerns_any(std::string_view ref, const std::optional<std::vector<std::string>>& environments) {
  if (!ref.starts_with(kHeads) && !ref.starts_with(kNotes)) return false;
  if (!environments) return true;
  return std::any_of(environments->begin(), environments->end(),
                     [&](const auto& e) { return ref == branch_ref(e) || ref == notes_ref(e); });
}

}  // namespace

EnvironmentRepository::EnvironmentRepository(const World& world, git::Remotes& remotes, Location location)
    : world_(world), remotes_(remotes), location_(std::move(location)) {}

// ---- looking ----

Result<void> EnvironmentRepository::look(const std::optional<std::vector<std::string>>& environments, const std::stop_token& stop) {
  std::map<std::string, std::optional<git::Oid>> before;
  for (int attempt = 1;; ++attempt) {
    MUSTER_CHECK(look_once(environments, stop));
    auto behind = overtaken(environments);
    // A branch that is listed twice at the same older commit is older.
    if (behind.empty() || behind == before || attempt == kAttempts) return {};
    before = std::move(behind);
  }
}

/// Branches that another process here pushed on, and noted as seen, after they were listed: they look rewound, and are not.
std::map<std::string, std::optional<git::Oid>> EnvironmentRepository::overtaken(
    const std::optional<std::vector<std::string>>& environments) const {
  std::map<std::string, std::optional<git::Oid>> out;
  for (const auto& [environment, branch] : branches_) {
    const bool asked = !environments || std::find(environments->begin(), environments->end(), environment) != environments->end();
    if (!asked || branch.ok() || branch.failure().reason != Reason::conflict) continue;
    const auto seen = remembered(environment);
    const auto listed = refs_.find(branch_ref(environment));
    if (!seen) continue;
    if (listed == refs_.end()) {
      out.emplace(environment, std::nullopt);
      continue;
    }
    const auto behind = repository_->is_ancestor(listed->second, seen->tip);
    if (behind.ok() && *behind) out.emplace(environment, listed->second);
  }
  return out;
}

Result<void> EnvironmentRepository::look_once(const std::optional<std::vector<std::string>>& environments, const std::stop_token& stop) {
  auto listed = location_.remote ? list_remote(environments, stop) : list_embedded();
  if (!listed.ok()) {
    // A repository that is said not to exist says nothing about its branches: absence is a branch's, in a whole answer. Nor does the
    // web page of a proxy in its place, and nobody is to be told to take the branch as it is for that.
    Failure failure = std::move(listed).failure();
    if (failure.reason == Reason::absent || failure.reason == Reason::corrupt) failure.reason = Reason::unreachable;
    // Nothing is known of what was asked for; what was seen of others before stays as it was.
    if (!environments) branches_.clear();
    if (!environments) unasked_ = failure;
    for (const auto& name : environments.value_or(std::vector<std::string>{})) branches_.insert_or_assign(name, failure);
    return failure;
  }
  looked_ = world_.clock.now();
  std::erase_if(refs_, [&](const auto& ref) { return concerns_any(ref.first, environments); });
  refs_.merge(*listed);
  if (!environments) branches_.clear();
  if (!environments) unasked_ = wait(Reason::absent, "the environment repository has no such branch");
  if (!environments && location_.remote) remember_look();
  inspect_all(environments);
  return {};
}

Result<void> EnvironmentRepository::recall() {
  if (location_.remote) {
    const auto text = world_.files.read(cache() / kLooked, kMaxTipBytes);
    const auto at = text.ok() ? parse_instant(trim(*text)) : std::nullopt;
    if (!at) return wait(Reason::absent, "the environment repository was never seen from here");
    MUSTER_TRY(repository_, remotes_.mirror(*location_.remote));
    MUSTER_TRY(refs_, list_repository());
    looked_ = *at;
  } else {
    MUSTER_TRY(refs_, list_embedded());
    looked_ = world_.clock.now();
  }
  branches_.clear();
  inspect_all(std::nullopt);
  return {};
}

Result<std::optional<git::Oid>> EnvironmentRepository::tip_now(std::string_view environment, const std::stop_token& stop) const {
  const std::string name = branch_ref(environment);
  if (!location_.remote) return repository_->ref(name);
  const std::vector<std::string> prefixes{name};
  MUSTER_TRY(const auto listing, remotes_.list_refs(*location_.remote, prefixes, stop));
  for (const auto& ref : listing.refs) {
    if (ref.name == name) return std::optional(ref.id);
  }
  return std::optional<git::Oid>();
}

Result<EnvironmentRepository::Refs> EnvironmentRepository::list_embedded() {
  MUSTER_TRY(repository_, remotes_.open_local(location_.state / kEmbedded));
  return list_repository();
}

Result<EnvironmentRepository::Refs> EnvironmentRepository::list_repository() {
  Refs out;
  for (const std::string_view prefix : {kHeads, kNotes}) {
    MUSTER_TRY(const auto refs, repository_->refs(prefix));
    for (const auto& ref : refs) out.emplace(ref.name, ref.id);
  }
  return out;
}

Result<EnvironmentRepository::Refs> EnvironmentRepository::list_remote(const std::optional<std::vector<std::string>>& environments,
                                                                       const std::stop_token& stop) {
  const std::vector<std::string> prefixes{std::string(kHeads), std::string(kNotes)};
  MUSTER_TRY(const auto listing, remotes_.list_refs(*location_.remote, prefixes, stop));
  MUSTER_TRY(repository_, remotes_.mirror(*location_.remote));
  std::vector<std::string> missing;
  Refs out;
  for (const auto& ref : listing.refs) {
    if (!concerns_any(ref.name, environments)) continue;
    out.emplace(ref.name, ref.id);
    MUSTER_TRY(const auto here, repository_->ref(ref.name));
    if (here != ref.id) missing.push_back(ref.name);
  }
  if (missing.empty()) return out;
  MUSTER_TRY(repository_, remotes_.fetch(*location_.remote, missing, stop));
  for (const auto& name : missing) {
    // What came counts, not what was listed: the branch may have moved between the two.
    MUSTER_TRY(const auto here, repository_->ref(name));
    if (!here) return retry(Reason::unreachable, fmt::format("{} did not send {}", location_.remote->url, name));
    out.insert_or_assign(name, *here);
  }
  return out;
}

void EnvironmentRepository::inspect_all(const std::optional<std::vector<std::string>>& environments) {
  std::vector<std::string> names;
  if (environments) {
    names = *environments;
  } else {
    for (const auto& [name, id] : refs_) {
      if (name.starts_with(kHeads)) names.push_back(name.substr(kHeads.size()));
    }
    // A branch that was seen and is gone must not simply be missing from the list.
    const auto tips = world_.files.list(cache() / "tips");
    for (const auto& tip : tips.ok() ? *tips : std::vector<DirectoryEntry>{}) {
      const bool is_being_written = tip.name.starts_with('.');
      if (!is_being_written && !refs_.contains(branch_ref(tip.name))) names.push_back(tip.name);
    }
  }
  for (const auto& name : names) {
    auto branch = inspect(name);
    if (branch.ok()) remember(*branch);
    // Where nobody asked for it by name, a branch without muster.yaml is simply something else.
    if (!environments && !branch.ok() && branch.failure().reason == Reason::invalid) continue;
    branches_.insert_or_assign(name, std::move(branch));
  }
}

Result<Branch> EnvironmentRepository::inspect(const std::string& environment) {
  const auto found = refs_.find(branch_ref(environment));
  if (found == refs_.end()) {
    const auto before = remembered(environment);
    if (before)
      return hold_environment(
          fmt::format("the branch {} is gone; it was at {} when it was last seen", environment, before->tip.short_text()));
    return wait(Reason::absent, fmt::format("there is no branch {} in the environment repository", environment));
  }
  Branch branch;
  branch.environment = environment;
  branch.tip = found->second;
  branch.seen = looked_;
  if (repository_->is_shallow()) return hold_environment("the environment repository is shallow here; muster needs its whole history");
  const auto commit = repository_->commit(branch.tip);
  if (!commit.ok()) {
    // Its ref names a commit that is not here: damage, never "no such branch".
    const Reason reason = commit.failure().reason == Reason::absent ? Reason::corrupt : commit.failure().reason;
    return Failure{commit.failure().kind == FailureKind::wait ? FailureKind::stalled : commit.failure().kind, reason, commit.failure().text,
                   std::nullopt};
  }
  branch.tree = commit->tree;
  Standing standing(repository_, branch.tip);
  auto file = standing.environment_file();
  if (!file.ok()) return std::move(file).failure().with_context(fmt::format("branch {}", environment));
  branch.file = std::move(file).value();
  if (branch.file.fleet != location_.fleet) {
    return hold_environment(
        fmt::format("the branch {} belongs to the fleet `{}`, this is `{}`", environment, branch.file.fleet, location_.fleet));
  }
  if (!branch.file.renamed_to.empty()) {
    return stalled(Reason::absent, fmt::format("the environment {} was renamed; it goes on as {}", environment, branch.file.renamed_to));
  }
  if (branch.file.environment != environment) {
    return hold_environment(fmt::format("the branch {} says that it is the environment {}", environment, branch.file.environment));
  }
  const auto notes = refs_.find(notes_ref(environment));
  if (notes != refs_.end()) branch.notes = notes->second;
  MUSTER_CHECK(check_remembered(branch));
  return branch;
}

Result<void> EnvironmentRepository::check_remembered(const Branch& branch) {
  const auto before = remembered(branch.environment);
  if (!before || (before->tip == branch.tip && before->id == branch.file.id)) return {};
  if (before->id != branch.file.id) {
    return hold_environment(
        fmt::format("the branch {} is of another environment: its id was {} and is {}", branch.environment, before->id, branch.file.id));
  }
  bool met = false;
  MUSTER_CHECK(repository_->walk_first_parents(branch.tip, [&](const git::Commit& commit) {
    met = commit.id == before->tip;
    return !met;
  }));
  if (met) return {};
  return hold_environment(fmt::format("the branch {} was rewritten or is older than before: {} was seen and is not in the history of {}",
                                      branch.environment, before->tip.short_text(), branch.tip.short_text()));
}

std::vector<std::string> EnvironmentRepository::environments() const {
  std::vector<std::string> names;
  for (const auto& [name, branch] : branches_) {
    if (branch.ok()) names.push_back(name);
  }
  return names;
}

std::vector<std::string> EnvironmentRepository::known() const {
  std::vector<std::string> names;
  for (const auto& [name, branch] : branches_) {
    if (branch.ok() || branch.failure().reason != Reason::absent || branch.failure().kind != FailureKind::stalled) names.push_back(name);
  }
  return names;
}

Result<Branch> EnvironmentRepository::branch(std::string_view environment) const {
  const auto found = branches_.find(environment);
  if (found != branches_.end()) return found->second;
  return Failure(unasked_).with_context(fmt::format("branch {}", environment));
}

// ---- what was seen before ----

Path EnvironmentRepository::remembered_path(std::string_view environment) const { return cache() / "tips" / std::string(environment); }

std::optional<EnvironmentRepository::Remembered> EnvironmentRepository::remembered(std::string_view environment) const {
  const auto bytes = world_.files.read(remembered_path(environment), kMaxTipBytes);
  if (!bytes.ok()) return std::nullopt;
  const auto words = split(trim(*bytes), ' ');
  if (words.size() != 2) return std::nullopt;
  const auto tip = git::Oid::parse(words[0]);
  if (!tip) return std::nullopt;
  return Remembered{*tip, std::string(words[1])};
}

void EnvironmentRepository::remember(const Branch& branch) {
  const auto before = remembered(branch.environment);
  if (before && before->tip == branch.tip && before->id == branch.file.id) return;
  auto written = world_.files.write_atomic(remembered_path(branch.environment), fmt::format("{} {}\n", branch.tip.text(), branch.file.id));
  // Without it a rewound branch is noticed later, by the target's stamp.
  if (!written.ok()) log::warning("remembering the tip of {}: {}", branch.environment, written.failure().text);
}

void EnvironmentRepository::remember_look() {
  // Only ages are shown from it, so it need not be written at every look.
  constexpr Duration kOften = std::chrono::seconds(10);
  const auto before = world_.files.read(cache() / kLooked, kMaxTipBytes);
  const auto at = before.ok() ? parse_instant(trim(*before)) : std::nullopt;
  if (at && *at <= looked_ && looked_ - *at < kOften) return;
  auto written = world_.files.write_atomic(cache() / kLooked, format_instant(looked_) + "\n");
  if (!written.ok()) log::debug("remembering when the environment repository was seen: {}", written.failure().text);
}

Result<void> EnvironmentRepository::accept_rewritten(std::string_view environment) {
  ledgers_.erase(std::string(environment));
  chains_.erase(std::string(environment));
  return world_.files.remove(remembered_path(environment));
}

// ---- the past ----

Result<const Ledger*> EnvironmentRepository::ledger(const Branch& branch) {
  auto known = ledgers_.find(branch.environment);
  if (known != ledgers_.end() && known->second.tip == branch.tip) return &known->second;
  std::optional<Ledger> loaded;
  if (known == ledgers_.end()) loaded = load_ledger(world_.files, cache(), branch.file);
  const Ledger* base = known != ledgers_.end() ? &known->second : loaded ? &*loaded : nullptr;
  MUSTER_TRY(Ledger ledger, read_ledger(*repository_, branch.file, branch.tip, base));
  if (base == nullptr || base->tip != branch.tip) {
    auto saved = save_ledger(world_.files, cache(), branch.file, ledger);
    if (!saved.ok()) log::debug("keeping the ledger of {}: {}", branch.environment, saved.failure().text);
  }
  return &ledgers_.insert_or_assign(branch.environment, std::move(ledger)).first->second;
}

Result<Chain*> EnvironmentRepository::chain(const Branch& branch) {
  auto& chain = chains_[branch.environment];
  if (chain != nullptr && chain->advance(branch.tip).ok()) return chain.get();
  chain = std::make_unique<Chain>(repository_, branch.file, branch.tip);
  return chain.get();
}

}  // namespace muster::record

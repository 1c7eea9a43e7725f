// Observe: what each input is now. Absence and trouble are "unknown", and say why.
#include <fmt/core.h>

#include <algorithm>

#include "deliver/pass.hpp"
#include "muster/base/text.hpp"

namespace muster::deliver {
namespace {

using record::SourceValue;

struct WayOut {
  Reason reason;
  const char* lift;
};
/// What helps where a repository could not be read; anything else is a repository that does not answer.
constexpr WayOut kWaysOut[] = {
    {Reason::exhausted, "make room on the disk, or raise the limit, that the message names; the next pass goes on"},
    {Reason::denied, "mend the credentials of the repository, or its permissions; the next pass goes on"},
    {Reason::absent, "put the repository back, or name the right one in the fleet file"},
    {Reason::limit, "take out of the repository what is too large"},
    {Reason::corrupt, "mend the repository"},
    {Reason::invalid, "mend what the message names"},
    {Reason::unsupported, "name another repository in the fleet file"},
};

const char* way_out(Reason reason) {
  const auto* found = std::find_if(std::begin(kWaysOut), std::end(kWaysOut), [&](const WayOut& way) { return way.reason == reason; });
  return found == std::end(kWaysOut) ? "it goes on by itself when the repository answers" : found->lift;
}

/// What a failed look at a branch means.
Observation no_head(const Failure& failure, bool recorded_before) {
  const std::string_view input = record::kSource;
  // The repository answered, and the branch is not in it. A repository that is not there itself says nothing.
  if (failure.kind == FailureKind::wait && failure.reason == Reason::absent) {
    if (recorded_before)
      return unknown(Why::branch_deleted, input, failure.text + " any more", "push the branch again, or map another one");
    return unknown(Why::branch_missing, input, failure.text + " yet", "it begins when somebody pushes it");
  }
  if (failure.reason == Reason::cancelled) return unknown(Why::cancelled, input, failure.text, "run again");
  return unknown(Why::source_unreachable, input, failure.text, way_out(failure.reason));
}

const SourceValue* recorded_source(const Item& item) {
  const Base base = base_of(item.ledger, std::string(record::kSource));
  return base.value == nullptr ? nullptr : std::get_if<SourceValue>(base.value);
}

/// Where the fleet demands it, a commit moves nothing until somebody who may has signed it. nullopt: it is as demanded.
std::optional<Observation> ask_signature(Pass& pass, const model::Repository& repository, const source::Head& head) {
  if (repository.verify_keys.empty()) return std::nullopt;
  Deliverer::State& state = pass.run.state;
  const std::string about = head.commit.text() + " " + join(repository.verify_keys, "\n");
  auto known = state.signatures.find(about);
  if (known == state.signatures.end()) {
    auto raw = head.repository->raw_commit(head.commit);
    auto answer = raw.ok() ? state.settings.verify(*raw, repository.verify_keys) : Result<std::optional<std::string>>(raw.failure());
    if (!answer.ok()) {
      return unknown(Why::source_failed, record::kSource,
                     fmt::format("the signature of {} cannot be checked: {}", head.commit.short_text(), answer.failure().text),
                     "mend what the message names");
    }
    known = state.signatures.emplace(about, answer->has_value()).first;
  }
  if (known->second) return std::nullopt;
  return unknown(Why::source_unsigned, record::kSource,
                 fmt::format("{} of {} is not signed with a key that the fleet takes (`verify`)", head.commit.short_text(), repository.url),
                 "have it signed: a new commit with `git commit -S` on top is enough");
}

Observation observe_source(Pass& pass, const Item& item) {
  const model::SourceRef& source = *item.instance->source;
  const std::string key = git::url_key(source.repository.url);
  const SourceValue* recorded = recorded_source(item);
  const auto found = pass.run.answers.heads.find({key, source.branch});
  if (found == pass.run.answers.heads.end()) {
    return unknown(Why::source_unreachable, record::kSource, fmt::format("{} was not asked", source.repository.url), "run again");
  }
  if (!found->second.ok()) return no_head(found->second.failure(), recorded != nullptr);
  const source::Head& head = *found->second;
  Observation out;
  out.seen = head.seen;
  SourceValue value{head.commit, git::Oid{}, source.branch, source.path, key};
  if (recorded != nullptr && recorded->commit == head.commit && recorded->same_key(value)) {
    out.value = *recorded;
    return out;
  }
  auto ids = pass.run.state.tree_ids.find(key);
  if (ids == pass.run.state.tree_ids.end()) ids = pass.run.state.tree_ids.emplace(key, source::TreeIds(head.repository)).first;
  auto id = ids->second.id_at(head.commit, source.path);
  if (!id.ok()) {
    const std::string text = fmt::format("{} at {}: {}", source.repository.url, head.commit.short_text(), id.failure().text);
    return unknown(Why::source_failed, record::kSource, text, "mend the repository, or the `path` of the service");
  }
  if (auto unsigned_commit = ask_signature(pass, source.repository, head)) return std::move(*unsigned_commit);
  value.tree = *id;
  out.value = std::move(value);
  return out;
}

}  // namespace

const model::Instance* fed_by_branch(const model::Fleet& fleet, const model::Instance* instance) {
  for (std::size_t hops = 0; instance != nullptr && !instance->follows.empty() && hops <= fleet.environments.size(); ++hops) {
    instance = fleet.instance(instance->name, instance->follows);
  }
  return instance;
}

namespace {

/// Whatever the instances of these environments, and those they follow, watch.
std::vector<const model::ImagePolicy*> watched(const model::Fleet& fleet, const std::set<std::string>& environments) {
  std::vector<const model::ImagePolicy*> out;
  for (const auto& instance : fleet.instances) {
    if (!environments.contains(fleet.environment(instance.environment).name)) continue;
    const model::Instance* fed = fed_by_branch(fleet, &instance);
    if (fed == nullptr) continue;
    for (const model::ImageInput& image : fed->images) {
      if (image.policy) out.push_back(&*image.policy);
    }
  }
  return out;
}

}  // namespace

Answers ask_outside(Deliverer::State& state, const model::Fleet& fleet, const std::set<std::string>& environments,
                    const std::stop_token& stop) {
  Answers out;
  std::vector<source::Question> questions;
  std::vector<std::pair<std::string, std::string>> keys;
  std::set<std::pair<std::string, std::string>> asked;
  for (const auto& instance : fleet.instances) {
    if (instance.source) out.remotes.emplace(git::url_key(instance.source->repository.url), source::remote_of(instance.source->repository));
    if (!environments.contains(fleet.environment(instance.environment).name)) continue;
    const model::Instance* fed = fed_by_branch(fleet, &instance);
    if (fed == nullptr || !fed->source || fed->source->branch.empty()) continue;
    std::pair key(git::url_key(fed->source->repository.url), fed->source->branch);
    if (!asked.insert(key).second) continue;
    questions.push_back({source::remote_of(fed->source->repository), fed->source->branch});
    keys.push_back(std::move(key));
  }
  out.images = std::make_shared<Images>(state.settings.registries, fleet.registries, state.settings.jobs);
  out.images->list(watched(fleet, environments), stop);
  source::Heads heads(state.remotes, state.settings.jobs);
  auto answers = heads.ask(questions, stop);
  for (std::size_t i = 0; i < answers.size(); ++i) out.heads.insert_or_assign(keys[i], std::move(answers[i]));
  return out;
}

void observe(Pass& pass, Item& item) {
  const model::Instance& instance = *item.instance;
  Observation declaration;
  declaration.value = record::DeclarationValue{instance.declaration_digest};
  declaration.seen = pass.now;
  item.observed.emplace(record::kDeclaration, std::move(declaration));
  if (!instance.follows.empty()) return;  // `from` is found by find_candidates.
  if (instance.source) item.observed.emplace(record::kSource, observe_source(pass, item));
  for (const auto& image : instance.images) {
    Observation seen = observe_image(pass, item, image);
    // Source and image of a build go together: until there is an image, nothing of the new commit is delivered.
    const bool lacks_build = instance.build && instance.build->image == image.name && !seen.value;
    if (lacks_build) item.observed[std::string(record::kSource)].value.reset();
    item.observed.emplace(std::string(record::kImagePrefix) + image.name, std::move(seen));
  }
}

Descends descends_in(Pass& pass, const std::string& repository_key) {
  return [&pass, repository_key](const git::Oid& ancestor, const git::Oid& descendant) -> Result<bool> {
    if (ancestor == descendant) return true;
    const auto remote = pass.run.answers.remotes.find(repository_key);
    if (remote == pass.run.answers.remotes.end()) return false;
    MUSTER_TRY(const auto mirror, pass.run.state.remotes.mirror(remote->second));
    auto answer = mirror->is_ancestor(ancestor, descendant);
    // A commit that is not here cannot be shown to be an ancestor.
    if (!answer.ok() && answer.failure().reason == Reason::absent) return false;
    return answer;
  };
}

}  // namespace muster::deliver

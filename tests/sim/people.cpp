// What people do: with application repositories, with fleet files, with plain git on environment branches, and with muster.
#include <fmt/format.h>

#include "sim/play.hpp"

namespace muster::sim {

namespace {

/// The tree of `onto` with the changes of `reverted` against its parent taken back, as `git revert` does it; nullopt where a
/// file of them changed since.
std::optional<git::Oid> reverted_tree(git::Repository& repository, const git::Commit& reverted, const git::Commit& parent,
                                      const git::Commit& onto) {
  const auto same = [](const auto& a, const auto& b) {
    return a.has_value() == b.has_value() && (!a || (a->id == b->id && a->mode == b->mode));
  };
  std::map<std::string, git::TreeEdit> edits;
  for (const git::TreeChange& change : git::compare_trees(repository, parent.tree, reverted.tree).value()) {
    const auto now = git::find_entry(repository, onto.tree, change.path).value();
    if (same(now, change.before)) continue;
    if (!same(now, change.after)) return std::nullopt;
    edits[change.path] = {change.before};
  }
  return git::edit_tree(repository, onto.tree, edits).value();
}

}  // namespace

std::string manifest_text(const std::string& service, const std::string& text) {
  return fmt::format(
      "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}\ndata:\n  text: \"{}\"\n---\napiVersion: v1\nkind: Service\nmetadata:\n  "
      "name: {}\nspec:\n  ports: []\n",
      service, text, service);
}

void Schedule::publish(const std::string& service, const std::string& text, const std::string& message) {
  const Place& place = places().at(service);
  (void)commit_files(network_, clock_, place.url, "main", {{place.path + "/all.yaml", text}}, message);
}

void Schedule::change_source() {
  const std::string service = any_service();
  const std::string text = manifest_text(service, fmt::format("{}", ++counter_));
  published_[service].push_back(text);
  publish(service, text, "change");
  tell(fmt::format("{} changes its source to {}", service, counter_));
}

void Schedule::revert_source() {
  const std::string service = any_service();
  const std::vector<std::string>& texts = published_[service];
  publish(service, texts.at(random_.below(texts.size())), "revert");
  tell(fmt::format("{} goes back to an earlier source in a new commit", service));
}

void Schedule::commit_elsewhere() {
  (void)commit_files(network_, clock_, places().at("api").url, "main", {{"docs/notes", fmt::format("{}", ++counter_)}}, "docs");
  tell("a commit elsewhere in the monorepo");
}

void Schedule::break_source() {
  const std::string service = any_service();
  publish(service, "kind: [\n", "broken");
  tell(fmt::format("{} breaks its manifests", service));
}

void Schedule::shrink_source() {
  const std::string service = any_service();
  const std::string whole = manifest_text(service, fmt::format("{}", ++counter_));
  const std::string text = whole.substr(0, whole.find("---\n"));
  published_[service].push_back(text);
  publish(service, text, "shrink");
  tell(fmt::format("{} loses half of its manifests ({})", service, counter_));
}

void Schedule::rewind_source() {
  Server& server = network_.server(places().at(any_service()).url);
  const auto head = server.repository->all_refs().find("refs/heads/main");
  if (head == server.repository->all_refs().end()) return;
  const git::Commit* commit = network_.pool()->commit(head->second);
  if (commit->parents.empty()) return;
  head->second = commit->parents.front();
  server.remember();
  tell("an application branch is rewound");
}

void Schedule::delete_branch() {
  Server& server = network_.server(places().at(any_service()).url);
  Refs& refs = server.repository->all_refs();
  const auto head = refs.find("refs/heads/main");
  if (head == refs.end()) return;
  refs["refs/heads/other"] = head->second;
  refs.erase("refs/heads/main");
  server.remember();
  tell("an application branch is deleted");
}

void Schedule::change_declaration() {
  Declared next = fleets_.newest();
  const std::string service = any_declared();
  next.services[service].version = ++counter_;
  fleets_.commit(next);
  tell(fmt::format("the fleet declares {} anew ({})", service, counter_));
}

void Schedule::change_image() {
  Declared next = fleets_.newest();
  next.services["plain"].image = fmt::format("1.{}", random_.below(4));
  fleets_.commit(next);
  tell("the fleet names image " + next.services["plain"].image);
}

void Schedule::toggle_service() {
  Declared next = fleets_.newest();
  const std::string service =
      with_images_ && random_.chance(40) ? pick(kImageServices) : pick(std::array<const char*, 3>{"plain", "web", "work"});
  next.services[service].declared = !next.services[service].declared;
  fleets_.commit(next);
  tell(fmt::format("the fleet {} {}", next.services[service].declared ? "declares again" : "no longer declares", service));
}

void Schedule::commit_tree(const std::string& environment, const git::Oid& tree, const std::string& message) {
  Server& server = network_.server(kRecordsUrl);
  git::Oid& tip = server.repository->all_refs()["refs/heads/" + environment];
  git::NewCommit made;
  made.tree = tree;
  made.parents = {tip};
  made.author = made.committer = {"Stranger", "stranger@example", clock_.now(), 0};
  made.message = message;
  tip = network_.pool()->put_commit(made);
  server.remember();
}

void Schedule::revert_newest() {
  const std::string environment = any_environment();
  MemoryRepository& repository = *network_.server(kRecordsUrl).repository;
  const auto tip = repository.all_refs().find("refs/heads/" + environment);
  if (tip == repository.all_refs().end()) return;
  // One of the last three commits: reverting a revert, and something older, happen too.
  git::Oid reverted = tip->second;
  for (std::uint64_t back = random_.below(3); back > 0; --back) {
    const git::Commit* commit = network_.pool()->commit(reverted);
    if (commit->parents.empty()) return;
    reverted = commit->parents.front();
  }
  const git::Commit& undone = *network_.pool()->commit(reverted);
  if (undone.parents.empty()) return;
  const git::Commit& onto = *network_.pool()->commit(tip->second);
  const auto tree = reverted_tree(repository, undone, *network_.pool()->commit(undone.parents.front()), onto);
  if (!tree || *tree == onto.tree) return;
  // The message quotes trailers, as `git revert` and squash merges do.
  commit_tree(environment, *tree, "Revert \"" + undone.message + "\"\n\n" + undone.message);
  tell(fmt::format("somebody reverts {} in {}", reverted.short_text(), environment));
}

void Schedule::edit_descriptor() {
  const std::string environment = any_environment();
  MemoryRepository& repository = *network_.server(kRecordsUrl).repository;
  const auto tip = repository.all_refs().find("refs/heads/" + environment);
  if (tip == repository.all_refs().end()) return;
  const std::string service = any_declared();
  const git::Oid tree = network_.pool()->commit(tip->second)->tree;
  const std::string path = service + (has_image(service) ? "/sim/podtemplate-" : "/sim/configmap-") + service + ".yaml";
  const auto entry = git::find_entry(repository, tree, path);
  if (!entry.ok() || !entry->has_value()) return;
  std::string text = *network_.pool()->blob((*entry)->id);
  text += fmt::format("extra: edited-{}\n", ++counter_);
  const auto edited = git::edit_tree(repository, tree, {{path, {git::TreeEntry{"", git::Mode::file, network_.pool()->put_blob(text)}}}});
  commit_tree(environment, *edited, "Edit by hand");
  tell(fmt::format("somebody edits {} in {}", service, environment));
}

void Schedule::remove_descriptor() {
  const std::string environment = any_environment();
  MemoryRepository& repository = *network_.server(kRecordsUrl).repository;
  const auto tip = repository.all_refs().find("refs/heads/" + environment);
  if (tip == repository.all_refs().end()) return;
  const std::string service = any_declared();
  const git::Oid tree = network_.pool()->commit(tip->second)->tree;
  const auto entry = git::find_entry(repository, tree, service);
  if (!entry.ok() || !entry->has_value()) return;
  const auto without = git::edit_tree(repository, tree, {{service, {std::nullopt}}});
  commit_tree(environment, *without, "Take " + service + " off");
  tell(fmt::format("somebody takes {} off {}", service, environment));
}

void Schedule::add_readme() {
  const std::string environment = any_environment();
  MemoryRepository& repository = *network_.server(kRecordsUrl).repository;
  const auto tip = repository.all_refs().find("refs/heads/" + environment);
  if (tip == repository.all_refs().end()) return;
  const git::Oid tree = network_.pool()->commit(tip->second)->tree;
  const auto with = git::edit_tree(
      repository, tree, {{"README", {git::TreeEntry{"", git::Mode::file, network_.pool()->put_blob(fmt::format("{}", ++counter_))}}}});
  commit_tree(environment, *with, "Explain");
  tell("somebody adds a readme to " + environment);
}

void Schedule::force_branch() {
  const std::string environment = any_environment();
  Server& server = network_.server(kRecordsUrl);
  const auto tip = server.repository->all_refs().find("refs/heads/" + environment);
  if (tip == server.repository->all_refs().end()) return;
  git::Oid to = tip->second;
  for (std::uint64_t back = 1 + random_.below(3); back > 0; --back) {
    const git::Commit* commit = network_.pool()->commit(to);
    if (commit->parents.empty()) break;
    to = commit->parents.front();
  }
  oracle_.look();
  tip->second = to;
  server.remember();
  oracle_.forgive(environment);
  forced_.insert(environment);
  tell(fmt::format("somebody forces {} back to {}", environment, to.short_text()));
}

namespace {

deliver::Person jane() { return {"Jane", "jane@example"}; }

}  // namespace

void Schedule::ask(const std::string& what,
                   const std::function<void(deliver::Deliverer&, const model::Fleet&, const deliver::FleetRevision&)>& verb) {
  if (random_.chance(20)) first_.steps().crash_at(1 + random_.below(4), random_.chance(50));
  const bool alive = first_.ask(verb);
  first_.steps().never_crash();
  tell(fmt::format("Jane {}{}", what, alive ? "" : " (and it dies)"));
}

void Schedule::hold() {
  const std::string environment = any_environment();
  const std::string service = any_service();
  const bool target = random_.chance(25);
  ask(fmt::format("holds {} in {}{}", service, environment, target ? ", its target too" : ""),
      [&](deliver::Deliverer& deliverer, const model::Fleet& fleet, const deliver::FleetRevision&) {
        (void)deliver::hold(deliverer, deliverer.records(fleet), &fleet, {environment, {service}, "because", target, false}, jane(), {});
      });
}

void Schedule::resume() {
  const std::string environment = any_environment();
  ask("resumes all of " + environment,
      [&](deliver::Deliverer& deliverer, const model::Fleet& fleet, const deliver::FleetRevision& revision) {
        (void)deliver::resume(deliverer, fleet, revision, {environment, {"*"}, false}, jane(), {});
      });
}

void Schedule::rollback() {
  deliver::RollbackRequest request;
  request.environment = any_environment();
  request.services = {with_images_ && random_.chance(50) ? pick(kImageServices) : any_service()};
  request.hold = random_.chance(50);
  ask(fmt::format("rolls {} back in {}", request.services.front(), request.environment),
      [&](deliver::Deliverer& deliverer, const model::Fleet& fleet, const deliver::FleetRevision& revision) {
        (void)deliver::rollback(deliverer, deliverer.records(fleet), &fleet, revision, request, jane(), {});
      });
}

void Schedule::approve_deletions() {
  deliver::ApproveRequest request;
  request.environment = any_environment();
  request.deletions = true;
  ask("approves the deletions in " + request.environment,
      [&](deliver::Deliverer& deliverer, const model::Fleet& fleet, const deliver::FleetRevision& revision) {
        (void)deliver::approve(deliverer, fleet, revision, request, jane(), {});
      });
}

void Schedule::accept_branch() {
  const std::string environment = any_environment();
  const bool alive = first_.accept(environment);
  tell(fmt::format("Jane takes the branch of {} as it is{}", environment, alive ? "" : " (and it dies)"));
}

}  // namespace muster::sim

#include "muster/source/heads.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "muster/base/parallel.hpp"

namespace muster::source {
namespace {

constexpr std::string_view kHeadsPrefix = "refs/heads/";

std::string ref_of(const std::string& branch) { return std::string(kHeadsPrefix) + branch; }

/// All questions that go to one URL.
struct Group {
  git::Remote remote;
  std::set<std::string> refs;
  std::map<std::string, Answer> answers;  ///< By ref.
};

const git::Ref* find_ref(const std::vector<git::Ref>& refs, const std::string& name) {
  const auto found = std::find_if(refs.begin(), refs.end(), [&](const git::Ref& ref) { return ref.name == name; });
  return found == refs.end() ? nullptr : &*found;
}

/// A repository that is not found (404, a folder that is gone) says nothing about its branches: `absent` is kept for a
/// branch that a listing does not have.
Failure of_repository(Failure failure) {
  if (failure.reason == Reason::absent) failure.reason = Reason::unreachable;
  return failure;
}

void answer_all(Group& group, Failure failure) {
  failure = of_repository(std::move(failure));
  for (const auto& ref : group.refs) group.answers.insert_or_assign(ref, failure);
}

/// A branch that a listing of exactly these branches does not have is deleted only if the repository has any other.
Failure missing_branch(git::Remotes& remotes, const git::Remote& remote, const std::string& ref, const std::stop_token& stop) {
  const std::string branch = ref.substr(kHeadsPrefix.size());
  const std::vector<std::string> all{std::string(kHeadsPrefix)};
  auto listing = remotes.list_refs(remote, all, stop);
  if (!listing.ok()) return of_repository(std::move(listing).failure());
  const bool any =
      std::any_of(listing->refs.begin(), listing->refs.end(), [](const git::Ref& r) { return r.name.starts_with(kHeadsPrefix); });
  if (!any) return retry(Reason::unreachable, fmt::format("{} lists no branch at all, which says nothing about `{}`", remote.url, branch));
  if (find_ref(listing->refs, ref) != nullptr) return retry(Reason::unreachable, fmt::format("{} moved while it was listed", remote.url));
  return wait(Reason::absent, fmt::format("{} has no branch `{}`", remote.url, branch));
}

/// Commits that the mirror lacks are fetched, all in one go; a ref that moved meanwhile is answered as it came.
void fetch_missing(git::Remotes& remotes, Group& group, const git::RefListing& listing, const std::vector<std::string>& present,
                   const std::stop_token& stop) {
  auto mirror = remotes.mirror(group.remote);
  if (!mirror.ok()) return answer_all(group, mirror.failure());
  std::vector<std::string> wanted;
  for (const auto& name : present) {
    const git::Oid id = find_ref(listing.refs, name)->id;
    // The mirror's own ref, not mere presence of the object: a fetch that died half-way may leave a commit without its trees.
    auto here = (*mirror)->ref(name);
    if (here.ok() && *here == id) {
      group.answers.insert_or_assign(name, Head{id, listing.at, *mirror});
    } else {
      wanted.push_back(name);
    }
  }
  if (wanted.empty()) return;
  auto fetched = remotes.fetch(group.remote, wanted, stop);
  for (const auto& name : wanted) {
    if (!fetched.ok()) {
      group.answers.insert_or_assign(name, of_repository(fetched.failure()));
      continue;
    }
    auto here = (*fetched)->ref(name);
    if (!here.ok()) {
      group.answers.insert_or_assign(name, of_repository(here.failure()));
    } else if (!*here) {
      group.answers.insert_or_assign(name, retry(Reason::unreachable, fmt::format("{} did not send {}", group.remote.url, name)));
    } else {
      group.answers.insert_or_assign(name, Head{**here, listing.at, *fetched});
    }
  }
}

void ask_group(git::Remotes& remotes, Group& group, const std::stop_token& stop) {
  const std::vector<std::string> prefixes(group.refs.begin(), group.refs.end());
  auto listing = remotes.list_refs(group.remote, prefixes, stop);
  if (!listing.ok()) return answer_all(group, listing.failure());
  std::vector<std::string> present;
  for (const auto& name : group.refs) {
    if (find_ref(listing->refs, name) != nullptr) {
      present.push_back(name);
    } else {
      group.answers.insert_or_assign(name, missing_branch(remotes, group.remote, name, stop));
    }
  }
  if (!present.empty()) fetch_missing(remotes, group, *listing, present, stop);
}

}  // namespace

git::Remote remote_of(const model::Repository& repository) {
  git::Remote remote;
  remote.url = repository.url;
  remote.allow_file = repository.local;
  remote.user = repository.auth.user;
  if (repository.auth.secret) remote.secret = repository.auth.secret->reference;
  using Method = model::Credentials::Method;
  constexpr std::pair<Method, git::Remote::Auth> kAuth[] = {
      {Method::none, git::Remote::Auth::none},          {Method::token, git::Remote::Auth::token},
      {Method::basic, git::Remote::Auth::basic},        {Method::ssh_key, git::Remote::Auth::ssh_key},
      {Method::docker_config, git::Remote::Auth::none},  // Of registries; means nothing to git.
  };
  for (const auto& [method, auth] : kAuth) {
    if (method == repository.auth.method) remote.auth = auth;
  }
  remote.ca_file = repository.ca_file;
  remote.known_hosts = repository.known_hosts;
  return remote;
}

std::vector<Answer> Heads::ask(std::span<const Question> questions, const std::stop_token& stop) {
  std::map<std::string, Group> groups;
  std::vector<std::string> keys;
  keys.reserve(questions.size());
  for (const auto& question : questions) {
    keys.push_back(git::url_key(question.remote.url));
    Group& group = groups[keys.back()];
    if (group.refs.empty()) group.remote = question.remote;
    group.refs.insert(ref_of(question.branch));
  }
  std::vector<Group*> slots;
  for (auto& [key, group] : groups) slots.push_back(&group);
  for_each_index(slots.size(), jobs_, [&](std::size_t i) { ask_group(remotes_, *slots[i], stop); });
  std::vector<Answer> answers;
  answers.reserve(questions.size());
  for (std::size_t i = 0; i < questions.size(); ++i) answers.push_back(groups.at(keys[i]).answers.at(ref_of(questions[i].branch)));
  return answers;
}

}  // namespace muster::source

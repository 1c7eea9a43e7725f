// The engine's deliver passes, and the builds that they ask for.
#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "muster/daemon/engine.hpp"
#include "muster/source/heads.hpp"

namespace muster::daemon {
namespace {

/// How often the newest lines of running builds are shown.
constexpr Duration kLookEvery = std::chrono::milliseconds(500);

bool builds(const model::Fleet& fleet) {
  return std::any_of(fleet.instances.begin(), fleet.instances.end(), [](const model::Instance& one) { return one.build.has_value(); });
}

/// What two passes of one run did together: as the second left it, with what the first moved.
deliver::Delivery joined(deliver::Delivery first, deliver::Delivery second) {
  for (deliver::EnvironmentOutcome& after : second.report.environments) {
    for (deliver::EnvironmentOutcome& before : first.report.environments) {
      if (before.environment != after.environment) continue;
      after.tip_before = before.tip_before;
      after.created = after.created || before.created;
      for (deliver::Outcome& moved : before.instances) {
        if (!moved.record) continue;
        const auto same =
            std::find_if(after.instances.begin(), after.instances.end(), [&](const auto& one) { return one.service == moved.service; });
        if (same == after.instances.end()) {
          after.instances.push_back(std::move(moved));
        } else if (!same->record) {
          same->verdict = std::max(same->verdict, deliver::Verdict::moved);
          same->moves = std::move(moved.moves);
          same->record = moved.record;
          same->removed = moved.removed;
          same->renamed_from = std::move(moved.renamed_from);
        }
      }
      std::sort(after.instances.begin(), after.instances.end(), [](const auto& a, const auto& b) { return a.service < b.service; });
    }
  }
  std::move(second.proposals.begin(), second.proposals.end(), std::back_inserter(first.proposals));
  second.proposals = std::move(first.proposals);
  return second;
}

/// The commit of a branch's history, merged in or not, that begins with these digits.
Result<git::Oid> commit_of(const source::Head& head, std::string_view begins, const std::string& branch) {
  const auto found = head.repository->find(begins);
  if (!found.ok() && found.failure().reason != Reason::absent) return found.failure();
  const auto here = found.ok() ? head.repository->is_ancestor(*found, head.commit) : Result<bool>(false);
  if (here.ok() && *here) return *found;
  return stalled(Reason::invalid, fmt::format("the branch {} has no commit {}", branch, begins));
}

}  // namespace

pipeline::Settings Engine::pipeline_settings(const model::Fleet& fleet) const {
  pipeline::Settings out;
  out.state = settings_.state;
  out.jobs = fleet.builds;
  out.environment = settings_.environment;
  out.docker_config = settings_.docker_config;
  return out;
}

Result<Engine::Built> Engine::build(const LoadedFleet& fleet, const model::Instance& instance, const ImageBuild& request,
                                    const std::stop_token& stop) {
  const model::SourceRef& from = *instance.source;
  const std::vector<source::Question> questions = {{source::remote_of(from.repository), from.branch}};
  MUSTER_TRY(const source::Head head, source::Heads(remotes_).ask(questions, stop).front());
  Built out;
  out.commit = head.commit;
  if (!request.at.empty()) {
    MUSTER_TRY(out.commit, commit_of(head, request.at, from.branch));
    out.is_head = out.commit == head.commit;
  }
  pipeline::Order order;
  order.service = instance.name;
  order.build = *instance.build;
  order.access = registry::access_of(fleet.fleet().registries, instance.build->push);
  MUSTER_TRY(order.tree, source::Tree::open(head.repository, out.commit, from.path, from.repository.url));
  out.progress = pipeline::build_now(world_, *settings_.registries, *settings_.secrets, pipeline_settings(fleet.fleet()), order,
                                     request.local, request.line, stop);
  return out;
}

deliver::Delivery Engine::deliver(const LoadedFleet& fleet, deliver::Request request, const std::stop_token& stop) {
  if (!request.dry && settings_.registries != nullptr && settings_.secrets != nullptr && builds(fleet.fleet())) {
    if (builds_) builds_->set_jobs(fleet.fleet().builds);
    if (!builds_) builds_ = pipeline::make_builds(world_, *settings_.registries, *settings_.secrets, pipeline_settings(fleet.fleet()));
    request.builds = builds_.get();
  }
  return deliverer_->deliver(fleet.fleet(), fleet.revision, request, stop);
}

bool Engine::wait_for_build(const std::stop_token& stop) { return builds_ && builds_->wait(stop); }

deliver::Delivery Engine::deliver_and_build(const LoadedFleet& fleet, const deliver::Request& request,
                                            const std::function<void(const Lines&)>& looking, const std::stop_token& stop) {
  deliver::Delivery out = deliver(fleet, request, stop);
  while (builds_ && out.report.has(deliver::Why::building) && !stop.stop_requested()) {
    bool look_again = false;
    {
      const std::jthread watch([&](const std::stop_token& ended) {
        while (!ended.stop_requested()) {
          looking(builds_->lines());
          world_.clock.sleep(kLookEvery, ended);
        }
      });
      look_again = builds_->wait(stop);
    }
    if (!look_again) break;
    out = joined(std::move(out), deliver(fleet, request, stop));
  }
  return out;
}

}  // namespace muster::daemon

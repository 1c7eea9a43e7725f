#include "muster/pipeline/builds.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>

#include "muster/base/log.hpp"
#include "pipeline/results.hpp"
#include "pipeline/run.hpp"
#include "pipeline/scratch.hpp"

namespace muster::pipeline {
namespace {

using State = Progress::State;

constexpr Duration kFirstPause = std::chrono::seconds(30);
constexpr Duration kLongestPause = std::chrono::hours(1);

// What failed for good is looked at again all the same: a person may have built it by hand.
constexpr Duration kLookAgain = std::chrono::minutes(1);

/// Everything known of one image. Guarded by the yard's mutex; `order` does not change while it waits or runs.
struct Job {
  explicit Job(Order given) : order(std::move(given)) {}
  Order order;
  Progress progress;
  std::string newest;
  std::stop_source stop;
  int tries = 0;         ///< That failed for a reason that passes.
  Duration next_try{};   ///< By elapsed().
  bool looking = false;  ///< Some ask() is in the registry for it.
};

/// Two orders of one lane differ in their commit alone: the newer one is the one that is wanted.
std::string lane_of(const Order& order) {
  const char separator = '\0';
  std::string out;
  for (const std::string& part : {order.service, order.build.image, order.branch, order.tree->origin(), order.tree->path(),
                                  order.build.declaration, order.build.push.where()}) {
    out += part;
    out += separator;
  }
  return out;
}

class Yard final : public Builds {
 public:
  Yard(const World& world, registry::Registries& registries, Secrets& secrets, Settings settings)
      : world_(world), registries_(registries), secrets_(secrets), settings_(std::move(settings)) {
    sweep_scratch(world_, settings_.state);
    const int workers = std::max(1, settings_.jobs);
    for (int i = 0; i < workers; ++i) workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  }
  Yard(const Yard&) = delete;
  Yard& operator=(const Yard&) = delete;
  ~Yard() override {
    for (std::jthread& worker : workers_) worker.request_stop();
    const std::lock_guard lock(mutex_);
    for (const auto& [key, job] : jobs_) job->stop.request_stop();
  }

  Progress ask(const Order& order, const std::stop_token& stop) override {
    const std::string key = tagged(order).text();
    std::unique_lock lock(mutex_);
    enter_lane(order, key);
    std::shared_ptr<Job>& known = jobs_[key];
    if (!known) known = std::make_shared<Job>(order);
    const std::shared_ptr<Job> job = known;
    if (!needs_a_look(*job, order.again)) return job->progress;
    job->looking = true;
    lock.unlock();
    const auto digest = registries_.digest(order.access, tagged(order), stop);
    const bool absent = !digest.ok() && digest.failure().reason == Reason::absent;
    if (absent && order.again) static_cast<void>(forget_failure(world_.files, settings_, order).ok());
    const auto earlier =
        absent ? failed_here(world_.files, settings_.state, order.service, content_tag(order.build, order.tree->id())) : std::nullopt;
    lock.lock();
    job->looking = false;
    if (digest.ok()) {
      job->progress = had(order, *digest, true, world_.clock.now());
    } else if (!absent && digest.failure().reason == Reason::cancelled) {
      return cancelled(order, digest.failure());
    } else if (!absent) {
      fall_back(*job, digest.failure());
    } else if (earlier) {
      job->progress = *earlier;
      job->next_try = world_.clock.elapsed() + kLookAgain;
    } else {
      queue(job, order);
    }
    return job->progress;
  }

  bool wait(const std::stop_token& stop) override {
    std::unique_lock lock(mutex_);
    news_.wait(lock, stop, [&] { return ended_ > told_ || (queue_.empty() && running_ == 0); });
    const bool look_again = ended_ > told_;
    told_ = ended_;
    return look_again && !stop.stop_requested();
  }

  [[nodiscard]] std::map<std::string, std::string> lines() const override {
    const std::lock_guard lock(mutex_);
    std::map<std::string, std::string> out;
    for (const auto& [key, job] : jobs_) {
      if (job->progress.state == State::running) out[fmt::format("{} {}", job->order.service, job->order.build.image)] = job->newest;
    }
    return out;
  }

 private:
  /// New, or failed for a reason that may have passed, or asked for by a person.
  [[nodiscard]] bool needs_a_look(const Job& job, bool again) const {
    if (job.looking) return false;
    if (!job.progress.since) return true;
    return job.progress.state == State::failed && (again || world_.clock.elapsed() >= job.next_try);
  }

  /// Takes the lane for this job; what was wanted before in it is wanted no more, unless by another lane.
  void enter_lane(const Order& order, const std::string& key) {
    std::string& wanted = lanes_[lane_of(order)];
    if (wanted == key) return;
    const std::string before = std::exchange(wanted, key);
    if (before.empty() || std::any_of(lanes_.begin(), lanes_.end(), [&](const auto& lane) { return lane.second == before; })) return;
    const auto old = jobs_.find(before);
    if (old == jobs_.end()) return;
    std::erase(queue_, old->second);
    old->second->stop.request_stop();
    jobs_.erase(old);
  }

  /// Nothing was learnt.
  static Progress cancelled(const Order& order, const Failure& failure) {
    Progress out;
    out.state = State::failed;
    out.tag = content_tag(order.build, order.tree->id());
    out.failure = failure;
    return out;
  }

  /// By the newest order: its limits and credentials may have changed.
  void queue(const std::shared_ptr<Job>& job, const Order& order) {
    job->order = order;
    job->progress = Progress();
    job->progress.tag = content_tag(job->order.build, job->order.tree->id());
    job->progress.since = world_.clock.now();
    queue_.push_back(job);
    work_.notify_one();
  }

  /// Failed for a reason that passes by itself: again after a while, each time a longer one.
  void fall_back(Job& job, Failure failure) const {
    ++job.tries;
    Duration pause = kFirstPause;
    for (int i = 1; i < job.tries && pause < kLongestPause; ++i) pause *= 2;
    pause = std::max(std::min(pause, kLongestPause), failure.after.value_or(Duration(0)));
    job.next_try = world_.clock.elapsed() + pause;
    job.progress.state = State::failed;
    job.progress.tag = content_tag(job.order.build, job.order.tree->id());
    job.progress.since = world_.clock.now();
    job.progress.again_at = world_.clock.now() + pause;
    job.progress.failure = std::move(failure);
  }

  void work(const std::stop_token& stop) {
    while (true) {
      std::unique_lock lock(mutex_);
      if (!work_.wait(lock, stop, [&] { return !queue_.empty(); }) || stop.stop_requested()) return;
      const std::shared_ptr<Job> job = queue_.front();
      queue_.pop_front();
      ++running_;
      job->progress.state = State::running;
      job->progress.since = world_.clock.now();
      lock.unlock();
      Progress progress = build(*job);
      lock.lock();
      --running_;
      ++ended_;
      end(*job, std::move(progress));
      news_.notify_all();
    }
  }

  Progress build(Job& job) {
    const auto newest = [&](std::string_view line) {
      const std::lock_guard lock(mutex_);
      job.newest = line;
    };
    return carry_out(Run{world_, registries_, secrets_, settings_, job.order, false, newest, {}, job.stop.get_token()});
  }

  void end(Job& job, Progress progress) {
    job.progress = std::move(progress);
    job.newest.clear();
    if (job.progress.state == State::done) {
      job.tries = 0;
      log::info("{}: built {}", job.order.service, job.progress.reference);
    } else if (is_for_good(*job.progress.failure)) {
      job.next_try = world_.clock.elapsed() + kLookAgain;
      log::warning("{}: {}; its log is {}", job.order.service, job.progress.failure->text, job.progress.log.string());
    } else if (job.progress.failure->reason != Reason::cancelled) {
      fall_back(job, *job.progress.failure);
      log::warning("{}: {}; again at {}", job.order.service, job.progress.failure->text, format_instant(*job.progress.again_at));
    }
  }

  World world_;
  registry::Registries& registries_;
  Secrets& secrets_;
  Settings settings_;

  mutable std::mutex mutex_;
  std::condition_variable_any work_;
  std::condition_variable_any news_;
  std::map<std::string, std::shared_ptr<Job>> jobs_;  ///< By reference.
  std::map<std::string, std::string> lanes_;          ///< The job that each wants.
  std::deque<std::shared_ptr<Job>> queue_;
  int running_ = 0;
  std::uint64_t ended_ = 0;
  std::uint64_t told_ = 0;

  std::vector<std::jthread> workers_;  ///< Last: they end before what they use.
};

}  // namespace

std::unique_ptr<Builds> make_builds(const World& world, registry::Registries& registries, Secrets& secrets, Settings settings) {
  return std::make_unique<Yard>(world, registries, secrets, std::move(settings));
}

}  // namespace muster::pipeline

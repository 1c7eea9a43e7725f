#include "muster/pipeline/builds.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
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

// Some tags are built with other limits in one environment than in another.
constexpr std::size_t kTriedWith = 16;

/// Everything known of one image. Guarded by the queue's mutex.
struct Job {
  std::string service;
  std::string image;
  std::string tag;
  std::optional<Order> order;  ///< While it waits or runs; it does not change then.
  Progress progress;
  std::string newest;
  std::stop_source stop;
  std::set<std::string> tried_with;  ///< inputs_digest: what is asked for with others is looked at at once.
  int tries = 0;                     ///< That failed for a reason that passes.
  Duration next_try{};               ///< By elapsed().
  bool looking = false;              ///< Some ask() is in the registry for it.
};

class BuildQueue final : public Builds {
 public:
  BuildQueue(const World& world, registry::Registries& registries, Secrets& secrets, Settings settings)
      : world_(world), registries_(registries), secrets_(secrets), settings_(std::move(settings)) {
    sweep_scratch(world_, settings_.state);
    set_jobs(settings_.jobs);
  }
  BuildQueue(const BuildQueue&) = delete;
  BuildQueue& operator=(const BuildQueue&) = delete;
  ~BuildQueue() override {
    const std::lock_guard lock(mutex_);
    for (std::jthread& worker : workers_) worker.request_stop();
    for (const auto& [key, job] : jobs_) job->stop.request_stop();
  }

  void set_jobs(int jobs) override {
    const std::lock_guard lock(mutex_);
    most_ = std::max(1, jobs);
    while (workers_.size() < static_cast<std::size_t>(most_)) {
      workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
    }
    work_.notify_all();
  }

  Progress ask(const Order& order, const std::stop_token& stop) override {
    const std::string inputs = inputs_digest(order.build, order.access);
    std::unique_lock lock(mutex_);
    const std::shared_ptr<Job> job = wanted_job(order);
    if (!needs_a_look(*job, inputs)) return job->progress;
    if (job->tried_with.size() >= kTriedWith) job->tried_with.clear();
    job->tried_with.insert(inputs);
    job->looking = true;
    lock.unlock();
    const auto digest = registries_.digest(order.access, tagged(order), stop);
    const bool absent = !digest.ok() && digest.failure().reason == Reason::absent;
    const auto earlier = absent ? failed_here(world_.files, settings_.state, order.service, job->tag, inputs) : std::nullopt;
    lock.lock();
    job->looking = false;
    if (digest.ok()) {
      job->progress = had(order, *digest, true, world_.clock.now());
    } else if (!absent && digest.failure().reason == Reason::cancelled) {
      return cancelled(*job, digest.failure());
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
      if (job->progress.state == State::running) out[fmt::format("{} {}", job->service, job->image)] = job->newest;
    }
    return out;
  }

 private:
  /// New, or failed for a reason that may have passed, or asked for with other inputs than those that failed.
  [[nodiscard]] bool needs_a_look(const Job& job, const std::string& inputs) const {
    if (job.looking) return false;
    if (!job.progress.since) return true;
    return job.progress.state == State::failed && (world_.clock.elapsed() >= job.next_try || !job.tried_with.contains(inputs));
  }

  /// The order's job. What was wanted before in its place is wanted no more, unless in another: so a queue has no more jobs
  /// than there are images in environments.
  std::shared_ptr<Job> wanted_job(const Order& order) {
    const std::string key = tagged(order).text();
    const std::string before = std::exchange(wanted_[{order.service, order.build.image, order.environment}], key);
    if (before != key && std::none_of(wanted_.begin(), wanted_.end(), [&](const auto& other) { return other.second == before; })) {
      cancel(before);
    }
    std::shared_ptr<Job>& job = jobs_[key];
    if (!job) {
      job = std::make_shared<Job>();
      job->service = order.service;
      job->image = order.build.image;
      job->tag = content_tag(order.build, order.tree->id());
    }
    return job;
  }

  void cancel(const std::string& key) {
    const auto old = jobs_.find(key);
    if (old == jobs_.end()) return;
    std::erase(queue_, old->second);
    old->second->stop.request_stop();
    jobs_.erase(old);
  }

  /// Nothing was learnt.
  static Progress cancelled(const Job& job, const Failure& failure) {
    Progress out;
    out.state = State::failed;
    out.tag = job.tag;
    out.failure = failure;
    return out;
  }

  /// By the newest order: its limits and credentials may have changed.
  void queue(const std::shared_ptr<Job>& job, const Order& order) {
    job->order = order;
    job->progress = Progress();
    job->progress.tag = job->tag;
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
    job.progress.tag = job.tag;
    job.progress.since = world_.clock.now();
    job.progress.again_at = world_.clock.now() + pause;
    job.progress.failure = std::move(failure);
  }

  void work(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (work_.wait(lock, stop, [&] { return !queue_.empty() && running_ < most_; }) && !stop.stop_requested()) {
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
      const Progress ended = job->progress;
      news_.notify_all();
      lock.unlock();
      say(*job, ended);
      lock.lock();
    }
  }

  Progress build(Job& job) {
    const auto newest = [&](std::string_view line) {
      const std::lock_guard lock(mutex_);
      job.newest = line;
    };
    return carry_out(Run{world_, registries_, secrets_, settings_, *job.order, false, newest, {}, job.stop.get_token()});
  }

  void end(Job& job, Progress progress) {
    job.progress = std::move(progress);
    job.order.reset();  // With the tree and its repository.
    job.newest.clear();
    if (job.progress.state == State::done) {
      job.tries = 0;
    } else if (is_for_good(*job.progress.failure)) {
      job.next_try = world_.clock.elapsed() + kLookAgain;
    } else if (job.progress.failure->reason != Reason::cancelled) {
      fall_back(job, *job.progress.failure);
    }
  }

  /// Nobody waits for the log.
  static void say(const Job& job, const Progress& ended) {
    if (ended.state == State::done) {
      log::info("{}: built {}", job.service, ended.reference);
    } else if (ended.again_at) {
      log::warning("{}: {}; again at {}", job.service, ended.failure->text, format_instant(*ended.again_at));
    } else if (is_for_good(*ended.failure)) {
      log::warning("{}: {}; its log is {}", job.service, ended.failure->text, ended.log.string());
    }
  }

  World world_;
  registry::Registries& registries_;
  Secrets& secrets_;
  Settings settings_;

  mutable std::mutex mutex_;
  std::condition_variable_any work_;
  std::condition_variable_any news_;
  std::map<std::string, std::shared_ptr<Job>> jobs_;          ///< By reference.
  std::map<std::array<std::string, 3>, std::string> wanted_;  ///< The job that each service, image and environment wants.
  std::deque<std::shared_ptr<Job>> queue_;
  int most_ = 1;
  int running_ = 0;
  std::uint64_t ended_ = 0;
  std::uint64_t told_ = 0;

  std::vector<std::jthread> workers_;  ///< Last: they end before what they use.
};

}  // namespace

std::unique_ptr<Builds> make_builds(const World& world, registry::Registries& registries, Secrets& secrets, Settings settings) {
  return std::make_unique<BuildQueue>(world, registries, secrets, std::move(settings));
}

}  // namespace muster::pipeline

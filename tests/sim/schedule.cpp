#include "sim/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/play.hpp"

namespace muster::sim {
namespace {

constexpr int kRounds = 12;
/// Within so many passes after everything healed, two in a row must change nothing.
constexpr int kRestWithin = 12;

}  // namespace

/// People and the world act between two steps of a pass.
void Schedule::meanwhile() {
  static constexpr std::array<void (Schedule::*)(), 8> kActs = {&Schedule::change_source,  &Schedule::revert_newest, &Schedule::weather,
                                                                &Schedule::drift,          &Schedule::lose_object,   &Schedule::add_readme,
                                                                &Schedule::toggle_service, &Schedule::refuse_writes};
  static constexpr std::array<void (Schedule::*)(), 5> kImageActs = {&Schedule::push_image, &Schedule::delete_tag, &Schedule::move_tag,
                                                                     &Schedule::registry_weather, &Schedule::change_rule};
  if (with_images_ && random_.chance(40)) (this->*kImageActs.at(random_.below(kImageActs.size())))();
  for (std::uint64_t i = 1 + random_.below(2); i > 0; --i) (this->*kActs.at(random_.below(kActs.size())))();
}

void Schedule::pass(Machine& machine) {
  if (random_.chance(35)) {
    const std::uint64_t step = 1 + random_.below(30);
    machine.steps().crash_at(step, random_.chance(50));
    tell(fmt::format("(the next pass dies at step {})", step));
  }
  // Other people, and another machine, act between the steps of this one.
  const std::uint64_t interrupted = random_.chance(30) ? machine.steps().taken() + 1 + random_.below(40) : 0;
  const bool by_machine = random_.chance(40);
  Machine& other = &machine == &first_ ? second_ : first_;
  machine.steps().between = [&, interrupted, by_machine] {
    if (acting_ || machine.steps().taken() + 1 != interrupted) return;
    acting_ = true;
    if (by_machine) {
      tell("meanwhile another machine passes");
      if (random_.chance(25)) other.steps().crash_at(1 + random_.below(30), random_.chance(50));
      (void)other.pass();
      other.steps().never_crash();
    } else {
      tell("meanwhile");
      meanwhile();
    }
    acting_ = false;
  };
  const std::size_t behind = random_.chance(10) ? 1 + random_.below(3) : 0;
  if (behind != 0) tell(fmt::format("the fleet files are {} revisions old", behind));
  tell(&machine == &first_ ? "pass" : "pass of the second machine");
  machine.distract(random_.chance(10) ? 5 : 0);
  ++result_.passes;
  if (!machine.pass(behind)) {
    ++result_.crashes;
    tell("died");
  }
  machine.steps().between = nullptr;
  machine.distract(0);
  machine.steps().never_crash();
  oracle_.look();
  clock_.advance(std::chrono::minutes(5));
}

void Schedule::begin() {
  Declared declared;
  for (const char* name : {"api", "plain", "web", "work"}) declared.services[name] = {};
  declared.services["plain"].image = "1.0";
  if (with_images_) begin_images(declared);
  fleets_.commit(declared);
  for (const std::string& service : sourced()) {
    const std::string text = manifest_text(service, "0");
    published_[service].push_back(text);
    publish(service, text, "first");
  }
  // The environment repository exists and is empty, apart from a branch of somebody's.
  (void)commit_files(network_, clock_, kRecordsUrl, "notes", {{"README", "environments"}}, "readme");
}

void Schedule::heal() {
  tell("everything heals");
  clear_sky();
  first_.files().full = false;
  for (const std::string& environment : environment_names()) {
    targets_.at(environment).fail_before(nullptr);
    targets_.at(environment).fail_after(nullptr);
  }
  for (const std::string& service : sourced()) {
    const std::string text = manifest_text(service, fmt::format("{}", ++counter_));
    published_[service].push_back(text);
    publish(service, text, "healed");
  }
  if (with_images_) heal_images();
  if (random_.chance(50)) remove_foreign_objects();
  if (random_.chance(70)) take_forced_branches();
  clock_.advance(std::chrono::hours(60));
}

void Schedule::remove_foreign_objects() {
  for (const std::string& environment : environment_names()) {
    for (const auto& [id, content] : targets_.at(environment).objects()) {
      if (!oracle_.is_strangers(environment, id)) continue;
      targets_.at(environment).edit(id, std::nullopt);
      oracle_.gone(environment, id);
      tell(fmt::format("{} of somebody else is gone from the target of {}", id.text(), environment));
    }
  }
}

void Schedule::take_forced_branches() {
  for (const std::string& environment : forced_) {
    (void)first_.accept(environment);
    tell(fmt::format("Jane takes the branch of {} as it is", environment));
  }
}

void Schedule::rest() {
  int silent = 0;
  for (int i = 0; i < kRestWithin && silent < 2; ++i) {
    const std::uint64_t pushes = network_.server(kRecordsUrl).pushes;
    const std::uint64_t writes = targets_.writes();
    if (!first_.pass()) result_.violations.push_back("P7: a pass died without being told to");
    oracle_.look();
    clock_.advance(std::chrono::hours(2));
    silent = network_.server(kRecordsUrl).pushes == pushes && targets_.writes() == writes ? silent + 1 : 0;
  }
  if (silent < 2) result_.violations.push_back("P13: it does not come to rest");
}

ScheduleResult Schedule::run() {
  begin();
  for (int round = 0; round < kRounds; ++round) {
    for (std::uint64_t i = random_.below(4); i > 0; --i) act();
    pass(random_.chance(85) ? first_ : second_);
  }
  heal();
  rest();
  judge_rest();
  for (const std::string& violation : oracle_.violations()) result_.violations.push_back(violation);
  for (const auto& [environment, entries] : oracle_.branches()) {
    result_.records +=
        static_cast<std::uint64_t>(std::count_if(entries.begin(), entries.end(), [](const Entry& entry) { return entry.record; }));
  }
  result_.target_writes = targets_.writes();
  return std::move(result_);
}

ScheduleResult run_schedule(std::uint64_t seed, Mix mix) { return Schedule(seed, mix).run(); }

}  // namespace muster::sim

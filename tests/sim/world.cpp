// What happens around muster: remotes, disks, clocks, targets; and who acts next.
#include <fmt/format.h>

#include <array>

#include "sim/play.hpp"

namespace muster::sim {

const std::vector<Schedule::Action>& Schedule::actions() {
  static const std::vector<Action> kActions = {
      {"change a source", 22, &Schedule::change_source},
      {"revert a source", 6, &Schedule::revert_source},
      {"commit elsewhere", 6, &Schedule::commit_elsewhere},
      {"break a source", 3, &Schedule::break_source},
      {"shrink a source", 3, &Schedule::shrink_source},
      {"rewind a branch", 2, &Schedule::rewind_source},
      {"delete a branch", 1, &Schedule::delete_branch},
      {"change a declaration", 8, &Schedule::change_declaration},
      {"change an image", 6, &Schedule::change_image},
      {"remove or declare a service", 5, &Schedule::toggle_service},
      {"revert the newest commit", 12, &Schedule::revert_newest},
      {"edit a descriptor", 2, &Schedule::edit_descriptor},
      {"take a service off the branch", 2, &Schedule::remove_descriptor},
      {"add a readme", 2, &Schedule::add_readme},
      {"force an environment branch", 1, &Schedule::force_branch},
      {"hold", 2, &Schedule::hold},
      {"resume", 5, &Schedule::resume},
      {"roll back", 4, &Schedule::rollback},
      {"approve deletions", 4, &Schedule::approve_deletions},
      {"take a branch as it is", 1, &Schedule::accept_branch},
      {"weather", 12, &Schedule::weather},
      {"clear sky", 5, &Schedule::clear_sky},
      {"fill or empty the disk", 3, &Schedule::fill_disk},
      {"wipe the state", 4, &Schedule::wipe_state},
      {"let time pass", 8, &Schedule::let_time_pass},
      {"jump the clock", 2, &Schedule::jump_clock},
      {"drift", 6, &Schedule::drift},
      {"lose an object", 3, &Schedule::lose_object},
      {"refuse writes", 4, &Schedule::refuse_writes},
      {"silence a target", 2, &Schedule::silence_target},
      {"make a foreign object", 3, &Schedule::make_foreign_object},
      {"damage an inventory", 2, &Schedule::damage_inventory},
      {"lose an inventory", 1, &Schedule::lose_inventory},
      {"damage the cache", 3, &Schedule::damage_cache},
  };
  return kActions;
}

void Schedule::weather() {
  static constexpr std::array kWeathers = {Weather::unreachable, Weather::denied, Weather::missing,
                                           Weather::empty,       Weather::stale,  Weather::push_refused,
                                           Weather::answer_lost, Weather::flaky,  Weather::no_objects};
  std::string url = pick(std::array<const char*, 4>{kRecordsUrl, "https://git.example/mono", "https://git.example/web", kRecordsUrl});
  if (with_images_ && random_.chance(25)) url = pick(std::array<const char*, 2>{"https://git.example/ci", "https://git.example/shop"});
  const std::size_t which = random_.below(kWeathers.size());
  network_.server(url).weather = kWeathers.at(which);
  tell(fmt::format("weather {} over {}", which, url));
}

void Schedule::clear_sky() {
  for (auto& [url, server] : network_.servers()) server.weather = Weather::fine;
  tell("the sky clears");
}

void Schedule::fill_disk() {
  first_.files().full = !first_.files().full;
  tell(first_.files().full ? "the disk is full" : "the disk has room");
}

void Schedule::wipe_state() {
  first_.wipe();
  tell("the state directory is deleted");
}

void Schedule::let_time_pass() {
  const Duration time = std::chrono::hours(1 + random_.below(40));
  clock_.advance(time);
  tell(format_duration(time) + " pass");
}

void Schedule::jump_clock() {
  const Duration jump = std::chrono::hours(random_.below(96)) - std::chrono::hours(48);
  clock_.jump(jump);
  tell("the clock jumps by " + format_duration(jump));
}

std::optional<std::pair<manifest::ObjectId, Value>> Schedule::any_object(const std::string& environment) {
  const auto objects = targets_.at(environment).objects();
  if (objects.empty()) return std::nullopt;
  auto at = objects.begin();
  std::advance(at, static_cast<std::ptrdiff_t>(random_.below(objects.size())));
  return *at;
}

void Schedule::drift() {
  const std::string environment = any_environment();
  auto object = any_object(environment);
  if (!object) return;
  object->second.if_object()->set("drifted", ++counter_);
  targets_.at(environment).edit(object->first, object->second);
  tell(fmt::format("somebody edits {} in the target of {}", object->first.text(), environment));
}

void Schedule::lose_object() {
  const std::string environment = any_environment();
  const auto object = any_object(environment);
  if (!object) return;
  targets_.at(environment).edit(object->first, std::nullopt);
  oracle_.gone(environment, object->first);
  tell(fmt::format("somebody deletes {} from the target of {}", object->first.text(), environment));
}

void Schedule::make_foreign_object() {
  const std::string environment = any_environment();
  const std::string name = pick(std::array<const char*, 4>{"api", "plain", "web", "work"});
  const manifest::ObjectId id{"sim", "", "ConfigMap", name};
  if (targets_.at(environment).objects().contains(id)) return;
  targets_.at(environment)
      .edit(id, Object{{"apiVersion", "v1"},
                       {"kind", "ConfigMap"},
                       {"metadata", Object{{"name", name}, {"namespace", "sim"}}},
                       {"data", Object{{"foreign", ++counter_}}}});
  oracle_.stranger_made(environment, id);
  tell(fmt::format("somebody makes a {} of their own in the target of {}", id.text(), environment));
}

void Schedule::fail_some(const std::string& environment, bool reads_too) {
  const std::uint64_t share = 20 + random_.below(80);
  const auto seed = random_.next();
  const auto hook = [share, reads_too,
                     random = std::make_shared<SeededRandom>(seed)](const test::TargetCall& call) -> std::optional<Failure> {
    if ((!reads_too && !call.writes()) || random->below(100) >= share) return std::nullopt;
    return retry(Reason::unreachable, "refused by the target");
  };
  if (random_.chance(50)) {
    targets_.at(environment).fail_before(hook);
  } else {
    targets_.at(environment).fail_after(hook);
  }
  tell(fmt::format("the target of {} fails {} % of its {}", environment, share, reads_too ? "calls" : "writes"));
}

void Schedule::refuse_writes() { fail_some(any_environment(), false); }
void Schedule::silence_target() { fail_some(any_environment(), true); }

void Schedule::damage_inventory() {
  const std::string environment = any_environment();
  const std::string service = pick(std::array<const char*, 4>{"api", "plain", "web", "work"});
  for (const target::Stamp& stamp : targets_.at(environment).standing_stamps()) {
    targets_.at(environment).damage_inventory(stamp.environment_id, service);
    damaged_.insert({environment, service});
    tell(fmt::format("the inventory of {} in the target of {} is cut off", service, environment));
  }
}

void Schedule::lose_inventory() {
  const std::string environment = any_environment();
  const std::string service = pick(std::array<const char*, 4>{"api", "plain", "web", "work"});
  for (const target::Stamp& stamp : targets_.at(environment).standing_stamps()) {
    targets_.at(environment).lose_inventory(stamp.environment_id, service);
    lost_.insert({environment, service});
    tell(fmt::format("the inventory of {} in the target of {} is deleted", service, environment));
  }
}

void Schedule::damage_cache() {
  auto& files = first_.files().contents();
  if (files.empty()) return;
  auto at = files.begin();
  std::advance(at, static_cast<std::ptrdiff_t>(random_.below(files.size())));
  at->second = random_.chance(50) ? at->second.substr(0, at->second.size() / 2) : std::string("\0garbage", 8);
  tell("a file of the state directory is damaged: " + at->first);
}

void Schedule::act() { draw(with_images_ && random_.chance(50) ? image_actions() : actions()); }

void Schedule::draw(const std::vector<Action>& from) {
  unsigned total = 0;
  for (const Action& action : from) total += action.weight;
  auto drawn = static_cast<unsigned>(random_.below(total));
  for (const Action& action : from) {
    if (drawn < action.weight) {
      acting_ = true;
      (this->*action.act)();
      acting_ = false;
      return;
    }
    drawn -= action.weight;
  }
}

}  // namespace muster::sim

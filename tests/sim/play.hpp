// A schedule while it is played: the world, the two machines, and everything that anybody may do between two passes.
// schedule.cpp plays and heals, people.cpp and world.cpp act, rest.cpp judges what stands when all is quiet.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/machine.hpp"
#include "sim/schedule.hpp"

namespace muster::sim {

/// Objects of a service as its source has them.
std::string manifest_text(const std::string& service, const std::string& text);

class Schedule {
 public:
  Schedule(std::uint64_t seed, Mix mix)
      : with_images_(mix == Mix::images),
        random_(seed),
        clock_(std::chrono::sys_days(std::chrono::year(2026) / 3 / 2)),
        fleets_(network_, clock_),
        oracle_(network_, fleets_, clock_, with_images_ ? &images_ : nullptr),
        executes_(seed % 3 == 0),
        targets_(oracle_, executes_),
        first_(network_, fleets_, targets_, clock_, with_images_ ? &images_ : nullptr, seed + 1),
        second_(network_, fleets_, targets_, clock_, with_images_ ? &images_ : nullptr, seed + 2) {}

  ScheduleResult run();

 private:
  struct Action {
    const char* name;
    unsigned weight;
    void (Schedule::*act)();
  };
  static const std::vector<Action>& actions();
  static const std::vector<Action>& image_actions();
  void draw(const std::vector<Action>& from);

  void tell(std::string text) { result_.story.push_back(format_instant(clock_.now()) + "  " + std::move(text)); }
  void begin();
  void act();
  void pass(Machine& machine);
  void meanwhile();
  void heal();
  void remove_foreign_objects();
  void take_forced_branches();
  void rest();
  void judge_rest();
  void judge_environment(const reconcile::Report& report, const std::string& environment);
  void judge_sources(const deliver::Report& report);

  // Application repositories.
  std::string any_service() {
    if (with_images_) return pick(std::array<const char*, 6>{"api", "ci", "lib", "shop", "web", "work"});
    return pick(std::array<const char*, 3>{"api", "web", "work"});
  }
  [[nodiscard]] std::vector<std::string> sourced() const {
    if (with_images_) return {"api", "ci", "lib", "shop", "web", "work"};
    return {"api", "web", "work"};
  }
  void publish(const std::string& service, const std::string& text, const std::string& message);
  void change_source();
  void revert_source();
  void commit_elsewhere();
  void break_source();
  void shrink_source();
  void rewind_source();
  void delete_branch();

  // Registries and builders.
  void begin_images(Declared& declared);
  void push_image();
  void delete_tag();
  void move_tag();
  void registry_weather();
  void clear_registry();
  void change_rule();
  void toggle_registry();
  void hand_in();
  void rollback_image();
  void heal_images();
  void judge_images_at_rest(const deliver::Report& report);
  void judge_image_at_rest(const deliver::Outcome& outcome);
  [[nodiscard]] std::string tag_selected(const std::string& service, const std::string& rule) const;

  // Fleet files.
  std::string any_declared() {
    if (with_images_ && random_.chance(50)) return pick(kImageServices);
    return pick(std::array<const char*, 4>{"api", "plain", "web", "work"});
  }
  void change_declaration();
  void change_image();
  void toggle_service();

  // Environment branches, by strangers with plain git.
  std::string any_environment() { return pick(std::array<const char*, 3>{"edge", "production", "staging"}); }
  void commit_tree(const std::string& environment, const git::Oid& tree, const std::string& message);
  void revert_newest();
  void edit_descriptor();
  void remove_descriptor();
  void add_readme();
  void force_branch();

  // People with muster.
  void hold();
  void resume();
  void rollback();
  void approve_deletions();
  void accept_branch();
  /// Something asked of the first machine, which may die of it.
  void ask(const std::string& what,
           const std::function<void(deliver::Deliverer&, const model::Fleet&, const deliver::FleetRevision&)>& verb);

  // The world.
  void weather();
  void clear_sky();
  void fill_disk();
  void wipe_state();
  void let_time_pass();
  void jump_clock();
  void drift();
  void lose_object();
  void refuse_writes();
  void silence_target();
  void make_foreign_object();
  void damage_inventory();
  void lose_inventory();
  void damage_cache();
  /// An object that stands in a target, or nullptr where none does.
  std::optional<std::pair<manifest::ObjectId, Value>> any_object(const std::string& environment);
  void fail_some(const std::string& environment, bool reads_too);

  template <std::size_t N>
  std::string pick(const std::array<const char*, N>& names) {
    return names.at(random_.below(N));
  }

  const bool with_images_;
  SeededRandom random_;
  SimulatedClock clock_;
  Network network_;
  ImageServer images_;
  FleetHistory fleets_;
  Oracle oracle_;
  bool executes_;  ///< Targets like clusters: objects have uids and managers.
  Targets targets_;
  Machine first_;
  Machine second_;
  ScheduleResult result_;
  std::map<std::string, std::vector<std::string>> published_;  ///< Texts of a service's source, oldest first.
  std::set<std::pair<std::string, std::string>> lost_;         ///< Environment and service whose inventory somebody deleted.
  std::set<std::pair<std::string, std::string>> damaged_;      ///< … or cut off.
  std::set<std::string> forced_;                               ///< Environments whose branch somebody rewrote.
  int counter_ = 0;
  bool acting_ = false;
  bool pushed_at_last_ = false;  ///< Something newer than all before was pushed when everything healed.
};

}  // namespace muster::sim

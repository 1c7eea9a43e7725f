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
  explicit Schedule(std::uint64_t seed)
      : random_(seed),
        clock_(std::chrono::sys_days(std::chrono::year(2026) / 3 / 2)),
        fleets_(network_, clock_),
        oracle_(network_, fleets_, clock_),
        executes_(seed % 3 == 0),
        targets_(oracle_, executes_),
        first_(network_, fleets_, targets_, clock_, seed + 1),
        second_(network_, fleets_, targets_, clock_, seed + 2) {}

  ScheduleResult run();

 private:
  struct Action {
    const char* name;
    unsigned weight;
    void (Schedule::*act)();
  };
  static const std::vector<Action>& actions();

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
  std::string any_service() { return pick(std::array<const char*, 3>{"api", "web", "work"}); }
  void publish(const std::string& service, const std::string& text, const std::string& message);
  void change_source();
  void revert_source();
  void commit_elsewhere();
  void break_source();
  void shrink_source();
  void rewind_source();
  void delete_branch();

  // Fleet files.
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

  SeededRandom random_;
  SimulatedClock clock_;
  Network network_;
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
};

}  // namespace muster::sim

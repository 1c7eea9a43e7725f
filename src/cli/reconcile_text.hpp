// What reconcile did or would do, for people and as JSON; and its progress while it runs.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cli/session.hpp"
#include "muster/reconcile/pass.hpp"

namespace muster::cli {

Colour colour_of(reconcile::State state);
/// "2 created, 1 changed, 1 pruned".
std::string changes_text(const reconcile::Outcome& outcome);
/// Lines of a finished pass: a head an environment, then every instance that is not simply matched.
std::vector<std::string> reconcile_lines(const Terminal& terminal, const reconcile::Report& report);
Value to_value(const reconcile::Outcome& outcome);
Value to_value(const reconcile::Report& report);

/// Progress of a pass: on a terminal a live line for each running instance with its time, in a pipe a plain line when
/// something happens, with --json an object a line.
class Progress final : public reconcile::Observer {
 public:
  explicit Progress(Session& session) : session_(session) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() override;
  void on(const reconcile::Event& event) override;

 private:
  struct Running {
    std::string text;
    Duration since{};
  };
  void draw();

  Session& session_;
  std::mutex mutex_;
  std::map<reconcile::InstanceKey, Running> running_;
  std::size_t done_ = 0;
  std::size_t total_ = 0;
};

}  // namespace muster::cli

#include "muster/base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>

#include "muster/base/text.hpp"
#include "muster/base/value.hpp"

namespace muster::log {
namespace {

std::atomic<Level> threshold = Level::info;
std::atomic<bool> json_lines = false;

spdlog::logger& sink() {
  static const std::shared_ptr<spdlog::logger> logger = [] {
    auto made = std::make_shared<spdlog::logger>("muster", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->set_level(spdlog::level::trace);
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *logger;
}

std::string_view name(Level level) {
  switch (level) {
    case Level::debug: return "debug";
    case Level::info: return "info";
    case Level::warning: return "warning";
    case Level::error: return "error";
    case Level::quiet: break;
  }
  return "quiet";
}

}  // namespace

void set_level(Level level) { threshold = level; }
void set_json(bool json) { json_lines = json; }
bool enabled(Level level) { return level >= threshold.load(); }

void write(Level level, std::string_view text) {
  if (!enabled(level)) return;
  if (json_lines) {
    sink().info("{}", to_canonical_json(Object{{"level", name(level)}, {"message", text}}));
  } else if (level == Level::info) {
    sink().info("{}", escape_for_terminal(text));
  } else {
    sink().info("{}: {}", name(level), escape_for_terminal(text));
  }
}

}  // namespace muster::log

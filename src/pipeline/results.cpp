#include "pipeline/results.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>

#include "muster/base/value.hpp"
#include "muster/manifest/yaml.hpp"

namespace muster::pipeline {
namespace {

constexpr std::size_t kKept = 20;  ///< Builds of a service.

Path with_extension(const Path& path, std::string_view extension) { return Path(path).concat(extension); }

Reason reason_from(std::string_view text) {
  constexpr std::array kForGood = {Reason::invalid, Reason::limit, Reason::unsupported};
  const auto found = std::find_if(kForGood.begin(), kForGood.end(), [&](Reason reason) { return to_string(reason) == text; });
  return found == kForGood.end() ? Reason::invalid : *found;
}

/// "muster-0f3a…" of "muster-0f3a….log".
std::string tag_of(std::string_view name) { return std::string(name.substr(0, name.find('.'))); }

}  // namespace

Path result_path(const Settings& settings, const Order& order) {
  return settings.state / "builds" / order.service / content_tag(order.build, order.tree->id());
}

Path log_of(const Path& state, const std::string& service, const std::string& tag) {
  return with_extension(state / "builds" / service / tag, ".log");
}

Result<void> write_failure(Files& files, const Settings& settings, const Order& order, const Progress& progress,
                           std::optional<int> exit_code) {
  Array lines;
  for (const std::string& line : progress.last_lines) lines.emplace_back(line);
  const Value result = Object{
      {"service", order.service},
      {"image", order.build.image},
      {"reference", fmt::format("{}:{}", order.build.push.where(), progress.tag)},
      {"commit", order.tree->commit().text()},
      {"failed", progress.since ? format_instant(*progress.since) : ""},
      {"reason", to_string(progress.failure->reason)},
      {"text", progress.failure->text},
      {"exit_code", exit_code ? Value(*exit_code) : Value()},
      {"log", progress.log.string()},
      {"lines", std::move(lines)},
  };
  return files.write_atomic(with_extension(result_path(settings, order), ".json"), to_pretty_json(result));
}

std::optional<Progress> failed_here(Files& files, const Path& state, const std::string& service, const std::string& tag) {
  const Path path = with_extension(state / "builds" / service / tag, ".json");
  const auto bytes = files.read(path, std::size_t{1} << 20U);
  if (!bytes.ok()) return std::nullopt;
  const auto result = manifest::parse_json(*bytes, path.string());
  if (!result.ok() || result->string_at("text").empty()) return std::nullopt;
  Progress out;
  out.state = Progress::State::failed;
  out.tag = tag;
  out.log = Path(result->string_at("log"));
  out.failure = stalled(reason_from(result->string_at("reason")), std::string(result->string_at("text")));
  out.since = parse_instant(result->string_at("failed"));
  if (const Value* lines = result->find("lines"); lines != nullptr && lines->if_array() != nullptr) {
    for (const Value& line : *lines->if_array()) {
      if (line.if_string() != nullptr) out.last_lines.push_back(*line.if_string());
    }
  }
  return out;
}

Result<void> forget_failure(Files& files, const Settings& settings, const Order& order) {
  return files.remove(with_extension(result_path(settings, order), ".json"));
}

void drop_old_results(Files& files, const Settings& settings, const Order& order) {
  const Path folder = result_path(settings, order).parent_path();
  const auto entries = files.list(folder);
  if (!entries.ok()) return;
  std::map<std::string, Instant> written;  // Newest file of each build.
  for (const DirectoryEntry& entry : *entries) {
    Instant& at = written[tag_of(entry.name)];
    at = std::max(at, entry.written);
  }
  if (written.size() <= kKept) return;
  std::vector<std::pair<Instant, std::string>> by_age;
  by_age.reserve(written.size());
  for (const auto& [tag, at] : written) by_age.emplace_back(at, tag);
  std::sort(by_age.begin(), by_age.end());
  by_age.resize(by_age.size() - kKept);
  for (const DirectoryEntry& entry : *entries) {
    const auto is_old = [&](const auto& old) { return old.second == tag_of(entry.name); };
    if (std::any_of(by_age.begin(), by_age.end(), is_old)) static_cast<void>(files.remove(folder / entry.name).ok());
  }
}

}  // namespace muster::pipeline

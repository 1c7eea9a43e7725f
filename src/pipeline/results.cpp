#include "pipeline/results.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "muster/base/value.hpp"
#include "muster/manifest/yaml.hpp"

namespace muster::pipeline {
namespace {

// Of a service.
constexpr std::size_t kKept = 20;
constexpr std::size_t kKeptImages = 3;
constexpr std::string_view kImageEnding = ".oci.tar";

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

namespace {

/// Those of `result` and one more, the newest last.
Array with_inputs(const Value* result, const std::string& inputs) {
  constexpr std::size_t kInputs = 16;
  Array out;
  const Value* known = result == nullptr ? nullptr : result->find("inputs");
  if (known != nullptr && known->if_array() != nullptr) out = *known->if_array();
  std::erase(out, Value(inputs));
  out.emplace_back(inputs);
  if (out.size() > kInputs) out.erase(out.begin(), out.end() - kInputs);
  return out;
}

std::optional<Value> read_result(Files& files, const Path& path) {
  const auto bytes = files.read(path, std::size_t{1} << 20U);
  if (!bytes.ok()) return std::nullopt;
  auto result = manifest::parse_json(*bytes, path.string());
  if (!result.ok() || result->string_at("text").empty()) return std::nullopt;
  return std::move(result).value();
}

}  // namespace

Result<void> write_failure(Files& files, const Settings& settings, const Order& order, const Progress& progress,
                           std::optional<int> exit_code) {
  Array lines;
  for (const std::string& line : progress.last_lines) lines.emplace_back(line);
  const Path path = with_extension(result_path(settings, order), ".json");
  const auto earlier = read_result(files, path);
  const Value result = Object{
      {"service", order.service},
      {"image", order.build.image},
      {"reference", fmt::format("{}:{}", order.build.push.where(), progress.tag)},
      {"commit", order.tree->commit().text()},
      {"failed", progress.since ? format_instant(*progress.since) : ""},
      {"reason", to_string(progress.failure->reason)},
      {"text", progress.failure->text},
      {"inputs", with_inputs(earlier ? &*earlier : nullptr, inputs_digest(order.build, order.access))},
      {"exit_code", exit_code ? Value(*exit_code) : Value()},
      {"log", progress.log.string()},
      {"lines", std::move(lines)},
  };
  return files.write_atomic(path, to_pretty_json(result));
}

std::optional<Progress> failed_here(Files& files, const Path& state, const std::string& service, const std::string& tag,
                                    const std::string& inputs) {
  const auto result = read_result(files, with_extension(state / "builds" / service / tag, ".json"));
  const Value* failed_with = result ? result->find("inputs") : nullptr;
  const Array* known = failed_with == nullptr ? nullptr : failed_with->if_array();
  if (known == nullptr || std::find(known->begin(), known->end(), Value(inputs)) == known->end()) return std::nullopt;
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

namespace {

/// The tags of all but the newest `kept` builds that have a file with this ending.
std::set<std::string> old_tags(const std::vector<DirectoryEntry>& entries, std::string_view ending, std::size_t kept) {
  std::map<std::string, Instant> written;  // Newest file of each build.
  for (const DirectoryEntry& entry : entries) {
    if (!entry.name.ends_with(ending)) continue;
    Instant& at = written[tag_of(entry.name)];
    at = std::max(at, entry.written);
  }
  std::vector<std::pair<Instant, std::string>> by_age;
  by_age.reserve(written.size());
  for (const auto& [tag, at] : written) by_age.emplace_back(at, tag);
  std::sort(by_age.begin(), by_age.end());
  std::set<std::string> out;
  for (std::size_t i = 0; i + kept < by_age.size(); ++i) out.insert(by_age[i].second);
  return out;
}

}  // namespace

void drop_old_results(Files& files, const Settings& settings, const Order& order) {
  const Path folder = result_path(settings, order).parent_path();
  const auto entries = files.list(folder);
  if (!entries.ok()) return;
  const std::set<std::string> builds = old_tags(*entries, "", kKept);
  const std::set<std::string> images = old_tags(*entries, kImageEnding, kKeptImages);
  for (const DirectoryEntry& entry : *entries) {
    const std::string tag = tag_of(entry.name);
    const bool is_old = builds.contains(tag) || (entry.name.ends_with(kImageEnding) && images.contains(tag));
    if (is_old) static_cast<void>(files.remove(folder / entry.name).ok());
  }
}

Path image_path(const Settings& settings, const Order& order) { return with_extension(result_path(settings, order), kImageEnding); }

}  // namespace muster::pipeline

#include "target/directory/inventory_text.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>

#include "muster/manifest/yaml.hpp"

namespace muster::target {

namespace {

using Members = ::muster::Object;
using ::muster::Array;

constexpr std::int64_t kFormat = 1;
constexpr std::string_view kChecksum = "checksum";

struct RunState {
  JobRun::State state;
  std::string_view name;
};
constexpr auto kRunStates = std::to_array<RunState>(
    {{JobRun::State::running, "running"}, {JobRun::State::succeeded, "succeeded"}, {JobRun::State::failed, "failed"}});

std::string_view name_of(JobRun::State state) {
  return std::find_if(kRunStates.begin(), kRunStates.end(), [&](const RunState& each) { return each.state == state; })->name;
}

std::string seal(Members document) {
  const std::string sum = sha256(to_canonical_json(document)).text();
  document.append(std::string(kChecksum), sum);
  return "# Written by muster, for muster: what it owns here.\n" + manifest::print_yaml(document);
}

Failure corrupt(std::string_view path, std::string_view what) { return stalled(Reason::corrupt, fmt::format("{}: {}", path, what)); }

// The document, if its checksum holds and its format is ours.
Result<Value> unseal(std::string_view text, std::string_view path) {
  auto parsed = manifest::parse_document(text, path);
  if (!parsed.ok()) return corrupt(path, parsed.failure().text);
  Members* document = parsed->if_object();
  if (document == nullptr) return corrupt(path, "not what muster writes");
  const std::string sum(parsed->string_at(kChecksum));
  document->erase(kChecksum);
  if (sum != sha256(to_canonical_json(*parsed)).text()) return corrupt(path, "its checksum does not hold: it was cut off or edited");
  const Value* format = parsed->find("format");
  if (format == nullptr || *format != Value(kFormat)) return corrupt(path, "its format is not one that this version of muster reads");
  return std::move(parsed).value();
}

Value milliseconds(Instant at) { return static_cast<std::int64_t>(at.time_since_epoch().count()); }

std::optional<Instant> instant_of(const Value& value) {
  const std::int64_t* count = value.if_int();
  return count == nullptr ? std::nullopt : std::optional(Instant(Duration(*count)));
}

Value to_value(const InventoryEntry& entry) {
  Members out{{"id", entry.id.text()}, {"uid", entry.uid}, {"applied", entry.applied.text()}};
  if (!entry.repairs.empty()) {
    Array repairs;
    for (const Instant at : entry.repairs) repairs.push_back(milliseconds(at));
    out.append("repairs", std::move(repairs));
  }
  if (entry.leftover) out.append("leftover", true);
  return out;
}

Value to_value(const JobRun& job) {
  Array completed;
  for (const std::string& bundle : job.completed) completed.emplace_back(bundle);
  return Members{{"state", name_of(job.state)},
                 {"bundle", job.bundle},
                 {"resume", job.resume},
                 {"at", milliseconds(job.at)},
                 {"completed", std::move(completed)}};
}

// nullopt: no list.
const Array* list_at(const Value& value, std::string_view key) {
  static const Array kNone;
  const Value* member = value.find(key);
  return member == nullptr ? &kNone : member->if_array();
}

std::optional<InventoryEntry> entry_of(const Value& value) {
  auto id = manifest::ObjectId::parse(value.string_at("id"));
  const auto applied = Digest::parse(value.string_at("applied"));
  const Array* repairs = list_at(value, "repairs");
  if (!id || !applied || repairs == nullptr) return std::nullopt;
  InventoryEntry entry{*std::move(id), std::string(value.string_at("uid")), *applied, {}};
  for (const Value& repair : *repairs) {
    const auto at = instant_of(repair);
    if (!at) return std::nullopt;
    entry.repairs.push_back(*at);
  }
  const Value* leftover = value.find("leftover");
  if (leftover != nullptr && leftover->if_bool() == nullptr) return std::nullopt;
  entry.leftover = leftover != nullptr && *leftover->if_bool();
  return entry;
}

std::optional<JobRun> job_of(const Value& value) {
  const std::string_view state = value.string_at("state");
  const auto* const known = std::find_if(kRunStates.begin(), kRunStates.end(), [&](const RunState& each) { return each.name == state; });
  const auto at = value.find("at") == nullptr ? std::nullopt : instant_of(*value.find("at"));
  const Array* completed = list_at(value, "completed");
  if (known == kRunStates.end() || !at || completed == nullptr) return std::nullopt;
  JobRun job{known->state, std::string(value.string_at("bundle")), std::string(value.string_at("resume")), *at, {}};
  for (const Value& bundle : *completed) {
    if (bundle.if_string() == nullptr) return std::nullopt;
    job.completed.push_back(*bundle.if_string());
  }
  return job;
}

}  // namespace

std::string print_stamp(const Stamp& stamp) {
  return seal({{"format", kFormat},
               {"fleet", stamp.fleet},
               {"environment", stamp.environment},
               {"id", stamp.environment_id},
               {"record", stamp.record}});
}

Result<Stamp> parse_stamp(std::string_view text, std::string_view path) {
  MUSTER_TRY(const Value document, unseal(text, path));
  return Stamp{std::string(document.string_at("id")), std::string(document.string_at("fleet")),
               std::string(document.string_at("environment")), std::string(document.string_at("record"))};
}

std::string print_inventory(const Inventory& inventory) {
  Array entries;
  entries.reserve(inventory.entries.size());
  for (const InventoryEntry& entry : inventory.entries) entries.push_back(to_value(entry));
  Members document{{"format", kFormat},
                   {"service", inventory.service},
                   {"record", inventory.record},
                   {"objects", inventory.objects},
                   {"folder", inventory.folder}};
  document.append("entries", std::move(entries));
  if (inventory.job) document.append("job", to_value(*inventory.job));
  return seal(std::move(document));
}

Result<Inventory> parse_inventory(std::string_view text, std::string_view path) {
  MUSTER_TRY(const Value document, unseal(text, path));
  Inventory inventory;
  inventory.service = document.string_at("service");
  inventory.record = document.string_at("record");
  inventory.objects = document.string_at("objects");
  inventory.folder = document.string_at("folder");
  const Array* entries = list_at(document, "entries");
  if (entries == nullptr) return corrupt(path, "its entries are no list");
  for (const Value& value : *entries) {
    auto entry = entry_of(value);
    if (!entry) return corrupt(path, fmt::format("entry {} cannot be read", to_canonical_json(value)));
    inventory.entries.push_back(*std::move(entry));
  }
  if (const Value* job = document.find("job")) {
    inventory.job = job_of(*job);
    if (!inventory.job) return corrupt(path, "its job cannot be read");
  }
  return inventory;
}

}  // namespace muster::target

// The ledger's cache file: one line with the digest of the rest, then canonical JSON. Anything unexpected means "no cache".
#include <fmt/core.h>

#include <utility>

#include "muster/base/text.hpp"
#include "muster/manifest/yaml.hpp"
#include "muster/record/ledger.hpp"

namespace muster::record {
namespace {

constexpr int kCacheFormat = 1;
constexpr std::size_t kMaxCacheBytes = std::size_t{256} << 20U;

Path cache_path(const Path& cache, const EnvironmentFile& file) { return cache / "ledger" / (file.environment + ".json"); }

std::int64_t number_of(Instant at) { return at.time_since_epoch().count(); }

Value value_of(const FleetStamp& stamp) { return Array{stamp.revision, stamp.muster, stamp.edition}; }

Value value_of(const LedgerInput& input) { return Array{encode(input.value), input.record.text(), value_of(input.made_by)}; }

Value value_of(const Resume& resume) {
  Object accepted;
  for (const auto& [name, value] : resume.accepted) accepted.append(name, encode(value));
  return Object{{"commit", resume.commit.text()}, {"at", number_of(resume.at)}, {"accepted", std::move(accepted)}};
}

Value value_of(const ServiceLedger& service) {
  Object inputs;
  for (const auto& [name, input] : service.inputs) inputs.append(name, value_of(input));
  Array followed;
  for (const auto& from : service.followed) followed.emplace_back(encode(from));
  Object out{{"inputs", std::move(inputs)},
             {"followed", std::move(followed)},
             {"since", service.since.text()},
             {"since_at", number_of(service.since_at)},
             {"since_record", service.since_record}};
  if (service.resume) out.append("resume", value_of(*service.resume));
  return out;
}

Value value_of(const Ledger& ledger, const EnvironmentFile& file) {
  Object services;
  for (const auto& [name, service] : ledger.services) services.append(name, value_of(service));
  Object statements;
  for (const auto& [path, commit] : ledger.statements) statements.append(path, commit.text());
  Array recent;
  for (const auto& dated : ledger.recent) recent.emplace_back(Array{dated.commit.text(), number_of(dated.at)});
  Object out{{"format", kCacheFormat},          {"id", file.id},
             {"tip", ledger.tip.text()},        {"newest", value_of(ledger.newest)},
             {"services", std::move(services)}, {"statements", std::move(statements)},
             {"recent", std::move(recent)}};
  if (ledger.before_recent) out.append("before_recent", number_of(*ledger.before_recent));
  return out;
}

/// Reads the JSON back; the first surprise clears `good` and everything after is ignored.
struct Loader {
  bool good = true;

  template <typename T>
  T surprise() {
    good = false;
    return T{};
  }
  std::string text(const Value* value) {
    const auto* string = value == nullptr ? nullptr : value->if_string();
    return string == nullptr ? surprise<std::string>() : *string;
  }
  git::Oid oid(const Value* value) {
    const auto id = git::Oid::parse(text(value));
    return id ? *id : surprise<git::Oid>();
  }
  Instant instant(const Value* value) {
    const auto* number = value == nullptr ? nullptr : value->if_int();
    return number == nullptr ? surprise<Instant>() : Instant(Duration(*number));
  }
  bool flag(const Value* value) {
    const auto* boolean = value == nullptr ? nullptr : value->if_bool();
    return boolean == nullptr ? surprise<bool>() : *boolean;
  }
  const Array& array(const Value* value, std::size_t size) {
    static const Array kEmpty(8);
    const auto* list = value == nullptr ? nullptr : value->if_array();
    if (list == nullptr || (size != 0 && list->size() != size)) {
      good = false;
      return kEmpty;
    }
    return *list;
  }
  const Object& object(const Value* value) {
    static const Object kEmpty;
    const auto* members = value == nullptr ? nullptr : value->if_object();
    if (members == nullptr) good = false;
    return members == nullptr ? kEmpty : *members;
  }
  InputValue input(std::string_view name, const Value* value) {
    auto decoded = decode(name, text(value));
    return decoded ? std::move(*decoded) : surprise<InputValue>();
  }
  FleetStamp stamp(const Value* value) {
    const Array& parts = array(value, 3);
    return {text(&parts[0]), text(&parts[1]), text(&parts[2])};
  }

  ServiceLedger service(const Value& value) {
    ServiceLedger out;
    for (const auto& [name, entry] : object(value.find("inputs"))) {
      const Array& parts = array(&entry, 3);
      out.inputs.emplace(name, LedgerInput{input(name, &parts[0]), oid(&parts[1]), stamp(&parts[2])});
    }
    for (const Value& entry : array(value.find("followed"), 0)) {
      const InputValue from = input(kFrom, &entry);
      if (const auto* followed = std::get_if<FromValue>(&from)) out.followed.push_back(*followed);
    }
    out.since = oid(value.find("since"));
    out.since_at = instant(value.find("since_at"));
    out.since_record = flag(value.find("since_record"));
    if (const Value* resume = value.find("resume")) {
      out.resume = Resume{oid(resume->find("commit")), instant(resume->find("at")), {}};
      for (const auto& [name, entry] : object(resume->find("accepted"))) out.resume->accepted.emplace(name, input(name, &entry));
    }
    return out;
  }

  Ledger ledger(const Value& value) {
    Ledger out;
    out.tip = oid(value.find("tip"));
    out.newest = stamp(value.find("newest"));
    for (const auto& [name, entry] : object(value.find("services"))) out.services.emplace(name, service(entry));
    for (const auto& [path, entry] : object(value.find("statements"))) out.statements.emplace(path, oid(&entry));
    for (const Value& entry : array(value.find("recent"), 0)) {
      const Array& parts = array(&entry, 2);
      out.recent.push_back({oid(&parts[0]), instant(&parts[1])});
    }
    if (const Value* before = value.find("before_recent")) out.before_recent = instant(before);
    return out;
  }
};

}  // namespace

std::optional<Ledger> load_ledger(Files& files, const Path& cache, const EnvironmentFile& file) {
  const auto bytes = files.read(cache_path(cache, file), kMaxCacheBytes);
  if (!bytes.ok()) return std::nullopt;
  const std::string_view whole = *bytes;
  const auto line = whole.find('\n');
  if (line == std::string_view::npos || sha256(whole.substr(line + 1)).text() != whole.substr(0, line)) return std::nullopt;
  const auto value = manifest::parse_json(whole.substr(line + 1), "ledger cache");
  if (!value.ok()) return std::nullopt;
  const Value* format = value->find("format");
  if (format == nullptr || *format != Value(kCacheFormat) || value->string_at("id") != file.id) return std::nullopt;
  Loader loader;
  Ledger ledger = loader.ledger(*value);
  if (!loader.good) return std::nullopt;
  return ledger;
}

Result<void> save_ledger(Files& files, const Path& cache, const EnvironmentFile& file, const Ledger& ledger) {
  const std::string text = to_canonical_json(value_of(ledger, file));
  return files.write_atomic(cache_path(cache, file), sha256(text).text() + "\n" + text);
}

}  // namespace muster::record

#include "muster/model/dump.hpp"

#include <utility>

#include "muster/model/patch.hpp"

namespace muster::model {
namespace {

void put(Object& object, std::string_view key, const std::string& text) {
  if (!text.empty()) object.append(std::string(key), text);
}

void put(Object& object, std::string_view key, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  Array list;
  for (const std::string& one : texts) list.emplace_back(one);
  object.append(std::string(key), std::move(list));
}

void put(Object& object, std::string_view key, const std::map<std::string, std::string>& texts) {
  if (texts.empty()) return;
  Object map;
  for (const auto& [name, text] : texts) map.append(name, text);
  object.append(std::string(key), std::move(map));
}

/// Placeholders of late values in a form that people can read.
Value readable(const Value& value) {
  if (const std::string* text = value.if_string()) {
    std::string out;
    for (const char c : *text) {
      if (c == kLateOpen) {
        out.append("${");
      } else if (c == kLateClose) {
        out.push_back('}');
      } else {
        out.push_back(c);
      }
    }
    return out;
  }
  if (const Array* list = value.if_array()) {
    Array out;
    for (const Value& item : *list) out.push_back(readable(item));
    return out;
  }
  if (const Object* object = value.if_object()) {
    Object out;
    for (const auto& [key, member] : *object) out.append(key, readable(member));
    return out;
  }
  return value;
}

std::string_view method_text(Credentials::Method method) {
  static constexpr std::string_view kNames[] = {"none", "token", "basic", "ssh_key", "docker_config"};
  return kNames[static_cast<std::size_t>(method)];
}

Object auth_value(const Credentials& auth) {
  Object object{{"method", method_text(auth.method)}};
  put(object, "user", auth.user);
  if (auth.secret) object.append("secret", auth.secret->reference);
  return object;
}

Value environment_value(const Environment& one, const Fleet& fleet) {
  Object object;
  if (one.branch) object.append("branch", *one.branch);
  if (one.from) object.append("from", *one.from);
  if (static_cast<std::size_t>(one.target) < fleet.targets.size()) object.append("target", fleet.target(one.target).name);
  put(object, "namespace", one.namespace_name);
  put(object, "kinds", one.kinds);
  put(object, "renamed_from", one.renamed_from);
  if (Value gate = to_value(one.gate); !gate.if_object()->empty()) object.append("gate", std::move(gate));
  Object budget;
  if (one.budget.deletions) budget.append("deletions", *one.budget.deletions);
  if (one.budget.changes) budget.append("changes", *one.budget.changes);
  if (!budget.empty()) object.append("budget", std::move(budget));
  object.append("drift", one.repair_drift ? "repair" : "show");
  object.append("fields", one.fields);
  return object;
}

Value freeze_value(const Freeze& one) {
  Object object;
  put(object, "applies_to", one.applies_to);
  Array days;
  for (const int day : one.weekdays) days.emplace_back(day);
  if (!days.empty()) object.append("weekdays", std::move(days));
  put(object, "from", one.from);
  put(object, "to", one.to);
  put(object, "timezone", one.timezone);
  put(object, "allow", one.allow);
  put(object, "reason", one.reason);
  return object;
}

Value patch_value(const Patch& patch) {
  static constexpr std::string_view kOperators[] = {"=", "+=", "-="};
  Array operations;
  for (const PatchOperation& one : patch.operations) {
    Object operation{{"path", path_text(one.path)}, {"operator", kOperators[static_cast<std::size_t>(one.kind)]}};
    if (one.drop) {
      operation.append("drop", true);
    } else {
      operation.append("value", readable(one.value));
    }
    operations.emplace_back(std::move(operation));
  }
  return Object{{"object", patch.name.empty() ? patch.kind : patch.kind + "/" + patch.name}, {"operations", std::move(operations)}};
}

Object registry_value(const Registry& one) {
  Object object{{"match", one.match}, {"auth", auth_value(one.auth)}};
  put(object, "ca_file", one.ca_file);
  if (one.plain_http) object.append("plain_http", true);
  if (!one.realm.empty()) object.append("realm", one.realm);
  if (one.requests != 0) object.append("requests", one.requests);
  return object;
}

/// A literal without demands is its text alone, as fleet files write it.
Value image_value(const ImageInput& one) {
  if (!one.policy && one.keys.empty()) return one.reference;
  Object object;
  put(object, "reference", one.reference);
  if (one.policy) {
    object.append("watch", one.policy->repository.where());
    object.append("rule", one.policy->rule());
  }
  put(object, "keys", one.keys);
  return object;
}

Object build_value(const Build& one) {
  Object object{{"image", one.image}};
  put(object, "file", one.file);
  put(object, "command", one.command);
  put(object, "arguments", one.arguments);
  Object secrets;
  for (const auto& [name, secret] : one.secrets) secrets.append(name, secret.reference);
  if (!secrets.empty()) object.append("secrets", std::move(secrets));
  object.append("push", one.push.where());
  object.append("timeout", format_duration(one.timeout));
  if (one.memory != 0) object.append("memory", Value(one.memory));
  return object;
}

void put_source(Object& object, const Instance& instance) {
  if (instance.source) {
    Object source{{"repository", instance.source->repository.url}};
    put(source, "branch", instance.source->branch);
    put(source, "path", instance.source->path);
    if (instance.source->repository.auth.method != Credentials::Method::none)
      source.append("auth", auth_value(instance.source->repository.auth));
    put(source, "verify", instance.source->repository.verify_keys);
    object.append("source", std::move(source));
  }
  put(object, "follows", instance.follows);
  Object images;
  for (const ImageInput& image : instance.images) images.append(image.name, image_value(image));
  if (!images.empty()) object.append("images", std::move(images));
  if (instance.build) object.append("build", build_value(*instance.build));
}

void put_renderer(Object& object, const Instance& instance) {
  if (instance.renderer == Renderer::none) return;
  object.append("renderer", to_string(instance.renderer));
  Object options;
  put(options, "ignore", instance.renderer_options.ignore);
  put(options, "labels", instance.renderer_options.labels);
  put(options, "annotations", instance.renderer_options.annotations);
  if (!options.empty()) object.append("options", readable(options));
}

template <typename Items, typename Convert>
Object by_name(const Items& items, const Convert& convert) {
  Object object;
  for (const auto& one : items) object.append(one.name, convert(one));
  return object;
}

}  // namespace

Value to_value(const Gate& gate) {
  Object object;
  Object soak;
  for (const Gate::Soak& one : gate.soak) soak.append(one.environment, format_duration(one.time));
  if (!soak.empty()) object.append("soak", std::move(soak));
  Array approvals;
  for (const Gate::Approval& one : gate.approvals) {
    Object approval;
    put(approval, "from", one.from);
    approval.append("count", one.count);
    approvals.emplace_back(std::move(approval));
  }
  if (!approvals.empty()) object.append("approvals", std::move(approvals));
  Array checks;
  for (const Gate::Check& one : gate.checks) {
    Object check;
    put(check, "command", one.command);
    check.append("timeout", format_duration(one.timeout));
    checks.emplace_back(std::move(check));
  }
  if (!checks.empty()) object.append("checks", std::move(checks));
  return object;
}

Value to_value(const Instance& instance, const Fleet&) {
  Object object;
  put(object, "kinds", instance.kinds);
  put(object, "owner", instance.owner);
  put(object, "namespace", instance.namespace_name);
  put(object, "renamed_from", instance.renamed_from);
  put_source(object, instance);
  put_renderer(object, instance);
  Array needs;
  for (const Need& need : instance.needs)
    needs.emplace_back(Object{{"service", need.service}, {"environment", need.environment}, {"read", need.read}});
  if (!needs.empty()) object.append("needs", std::move(needs));
  put(object, "together", instance.together);
  Array gates;
  for (const Gate& gate : instance.gates) gates.push_back(to_value(gate));
  if (!gates.empty()) object.append("gates", std::move(gates));
  if (instance.job) object.append("job", instance.job->always ? "always" : "once");
  object.append("declaration", readable(Value(instance.declaration)));
  object.append("digest", instance.declaration_digest.text());
  Array objects;
  for (const ObjectTemplate& one : instance.objects) objects.push_back(readable(one.content));
  if (!objects.empty()) object.append("objects", std::move(objects));
  Array patches;
  for (const Patch& patch : instance.patches) patches.push_back(patch_value(patch));
  if (!patches.empty()) object.append("patches", std::move(patches));
  return object;
}

Value to_value(const Fleet& fleet) {
  Object object{{"fleet", fleet.name}, {"language", fleet.language}};
  put(object, "records", fleet.records);
  object.append("evidence", format_duration(fleet.evidence));
  object.append("builds", fleet.builds);
  object.append("barrier", fleet.barrier);
  object.append("whole", fleet.whole);
  object.append("environments", by_name(fleet.environments, [&](const Environment& one) { return environment_value(one, fleet); }));
  object.append("targets", by_name(fleet.targets, [](const Target& one) {
                  return Object{{"kind", one.kind}, {"settings", one.settings}};
                }));
  object.append("teams", by_name(fleet.teams, [](const Team& one) {
                  Object team;
                  put(team, "contact", one.contact);
                  put(team, "owns", one.owns);
                  put(team, "keys", one.keys);
                  return team;
                }));
  object.append("forges", by_name(fleet.forges, [](const Forge& one) {
                  return Object{{"match", one.match}, {"auth", auth_value(one.auth)}};
                }));
  object.append("registries", by_name(fleet.registries, registry_value));
  object.append("freezes", by_name(fleet.freezes, freeze_value));
  Object groups;
  for (const auto& [name, members] : fleet.groups) put(groups, name, members);
  object.append("groups", std::move(groups));
  Object instances;
  for (const Instance& one : fleet.instances)
    instances.append(instance_name(one.name, fleet.environment(one.environment).name), to_value(one, fleet));
  object.append("instances", std::move(instances));
  Array poisoned;
  for (const Poisoned& one : fleet.poisoned)
    poisoned.emplace_back(Object{{"service", one.service}, {"environment", one.environment}, {"reason", one.reason}});
  if (!poisoned.empty()) object.append("poisoned", std::move(poisoned));
  return object;
}

std::string declarations_json(const Fleet& fleet) {
  std::size_t size = 2;
  for (const Instance& one : fleet.instances)
    size += one.declaration.size() + one.name.size() + fleet.environment(one.environment).name.size() + 5;
  std::string out;
  out.reserve(size);
  out.push_back('{');
  for (const Instance& one : fleet.instances) {
    if (out.size() > 1) out.push_back(',');
    append_json_string(out, instance_name(one.name, fleet.environment(one.environment).name));
    out.push_back(':');
    out.append(one.declaration);
  }
  out.push_back('}');
  return out;
}

}  // namespace muster::model

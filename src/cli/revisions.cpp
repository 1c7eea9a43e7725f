#include "cli/revisions.hpp"

#include <algorithm>
#include <map>

#include "muster/base/text.hpp"
#include "muster/graph/instances.hpp"
#include "muster/manifest/difference.hpp"
#include "muster/manifest/object.hpp"
#include "muster/manifest/yaml.hpp"

namespace muster::cli {
namespace {

/// An instance whose evaluation differs between two revisions.
struct Difference {
  std::string instance;
  std::vector<manifest::Change> fields;                                        ///< Of the declaration.
  std::vector<std::pair<std::string, std::vector<manifest::Change>>> objects;  ///< By object, of those that kinds emit.
};

struct Rename {
  std::string from;
  std::string to;
};

struct Comparison {
  std::vector<std::string> added;
  std::vector<std::string> removed;
  std::vector<Rename> renamed;  ///< Where more differs than the name, `changed` has it as well.
  std::vector<Difference> changed;
  std::vector<std::string> hits;
  std::vector<std::string> follow;  ///< Fed by promotion from what changes its source or images.
};

bool is_empty(const Comparison& comparison) {
  return comparison.added.empty() && comparison.removed.empty() && comparison.renamed.empty() && comparison.changed.empty();
}

std::string object_name(const Value& content) {
  const Value* metadata = content.find("metadata");
  return fmt::format("{} {}", content.string_at("kind"), metadata == nullptr ? "" : metadata->string_at("name"));
}

std::map<std::string, const Value*> objects_of(const model::Instance& instance) {
  std::map<std::string, const Value*> out;
  for (const model::ObjectTemplate& object : instance.objects) out[object_name(object.content)] = &object.content;
  return out;
}

/// What the fleet says of an instance, as data: its declaration (kept as canonical text), and the inputs that it names
/// beside it. An environment that follows another takes source and images from there, so they change nothing here.
Value fields_of(const model::Instance& instance) {
  Result<Value> declaration = manifest::parse_json(instance.declaration, instance.name);
  Value parsed = declaration.ok() ? std::move(*declaration) : Value(Object{{"declaration", instance.declaration}});
  Object out = parsed.if_object() == nullptr ? Object{{"declaration", std::move(parsed)}} : *parsed.if_object();
  if (!instance.follows.empty()) return out;
  Object images;
  for (const model::ImageInput& image : instance.images) {
    if (!image.reference.empty()) images.append(image.name, image.reference);
  }
  if (!images.empty()) out.set("images", std::move(images));
  if (instance.source) {
    const model::SourceRef& source = *instance.source;
    out.set("source", Object{{"repository", source.repository.url}, {"branch", source.branch}, {"path", source.path}});
  }
  return out;
}

Difference compare(const std::string& name, const model::Instance& before, const model::Instance& after) {
  Difference out{name, manifest::difference(fields_of(before), fields_of(after)), {}};
  const auto old_objects = objects_of(before);
  const auto new_objects = objects_of(after);
  static const Value kNothing = Object();
  std::set<std::string> names;
  for (const auto& [object, content] : old_objects) names.insert(object);
  for (const auto& [object, content] : new_objects) names.insert(object);
  for (const std::string& object : names) {
    const auto was = old_objects.find(object);
    const auto is = new_objects.find(object);
    auto changes = manifest::difference(was == old_objects.end() ? kNothing : manifest::without_secrets(*was->second),
                                        is == new_objects.end() ? kNothing : manifest::without_secrets(*is->second));
    if (!changes.empty()) out.objects.emplace_back(object, std::move(changes));
  }
  return out;
}

std::map<std::string, const model::Instance*> by_name(const model::Fleet& fleet) {
  std::map<std::string, const model::Instance*> out;
  for (const model::Instance& instance : fleet.instances)
    out[model::instance_name(instance.name, fleet.environment(instance.environment).name)] = &instance;
  return out;
}

/// What the instance was called before, by `renamed_from` of it or of its environment; end: it is new.
std::map<std::string, const model::Instance*>::const_iterator find_former(const std::map<std::string, const model::Instance*>& was,
                                                                          const std::map<std::string, const model::Instance*>& is,
                                                                          const model::Instance& instance,
                                                                          const model::Environment& environment) {
  std::vector<std::string> services{instance.name};
  services.insert(services.end(), instance.renamed_from.begin(), instance.renamed_from.end());
  std::vector<std::string> environments{environment.name};
  environments.insert(environments.end(), environment.renamed_from.begin(), environment.renamed_from.end());
  for (const std::string& service : services) {
    for (const std::string& in : environments) {
      const auto found = was.find(model::instance_name(service, in));
      if (found != was.end() && !is.contains(found->first)) return found;
    }
  }
  return was.end();
}

bool changes_inputs(const Difference& difference) {
  return std::any_of(difference.fields.begin(), difference.fields.end(),
                     [](const manifest::Change& change) { return change.path.starts_with("images") || change.path.starts_with("source"); });
}

/// All environments downstream of an instance, however many steps away.
void add_followers(const model::Fleet& fleet, const std::string& service, const std::string& environment, std::set<std::string>& out) {
  for (const model::Instance& instance : fleet.instances) {
    if (instance.name != service || instance.follows != environment) continue;
    const std::string& name = fleet.environment(instance.environment).name;
    if (out.insert(model::instance_name(service, name)).second) add_followers(fleet, service, name, out);
  }
}

Comparison compare(const model::Fleet& before, const model::Fleet& after) {
  Comparison out;
  const auto was = by_name(before);
  const auto is = by_name(after);
  std::set<std::string> changed;
  std::set<std::string> former;
  for (const auto& [name, instance] : is) {
    auto old = was.find(name);
    if (old == was.end()) {
      old = find_former(was, is, *instance, after.environment(instance->environment));
      if (old != was.end() && former.insert(old->first).second) {
        out.renamed.push_back({old->first, name});
        changed.insert(name);
      } else {
        old = was.end();
      }
    }
    if (old == was.end()) {
      out.added.push_back(name);
      changed.insert(name);
    } else if (old->second->declaration_digest != instance->declaration_digest || fields_of(*old->second) != fields_of(*instance)) {
      out.changed.push_back(compare(name, *old->second, *instance));
      changed.insert(name);
    }
  }
  for (const auto& [name, instance] : was) {
    if (!is.contains(name) && !former.contains(name)) out.removed.push_back(name);
  }
  std::set<std::string> follow;
  for (const Difference& difference : out.changed) {
    const std::size_t at = difference.instance.find('@');
    if (changes_inputs(difference)) add_followers(after, difference.instance.substr(0, at), difference.instance.substr(at + 1), follow);
  }
  out.follow.assign(follow.begin(), follow.end());
  out.hits = hit_by(graph::graph_of(after).graph, changed);
  return out;
}

Array changes_value(const std::vector<manifest::Change>& changes) {
  Array out;
  for (const manifest::Change& change : changes) {
    out.emplace_back(Object{{"path", change.path}, {"before", change.before.value_or(Value())}, {"after", change.after.value_or(Value())}});
  }
  return out;
}

Array names_value(const std::vector<std::string>& names) {
  Array out;
  for (const std::string& name : names) out.emplace_back(name);
  return out;
}

Object to_object(const Comparison& comparison) {
  Array changed;
  for (const Difference& difference : comparison.changed) {
    Array objects;
    for (const auto& [name, changes] : difference.objects)
      objects.emplace_back(Object{{"object", name}, {"fields", changes_value(changes)}});
    changed.emplace_back(
        Object{{"instance", difference.instance}, {"fields", changes_value(difference.fields)}, {"objects", std::move(objects)}});
  }
  Array renamed;
  for (const Rename& rename : comparison.renamed) renamed.emplace_back(Object{{"from", rename.from}, {"to", rename.to}});
  return Object{{"added", names_value(comparison.added)}, {"removed", names_value(comparison.removed)},
                {"renamed", std::move(renamed)},          {"changed", std::move(changed)},
                {"hits", names_value(comparison.hits)},   {"follow", names_value(comparison.follow)}};
}

void print(Session& session, const Comparison& comparison, const std::string& revision) {
  Terminal& out = session.out();
  for (const std::string& name : comparison.added) out.print("{} {}", out.paint(Colour::green, "+"), name);
  for (const std::string& name : comparison.removed) out.print("{} {}", out.paint(Colour::red, "-"), name);
  for (const Rename& rename : comparison.renamed) out.print("{} {} → {}", out.paint(Colour::yellow, "~"), rename.from, rename.to);
  for (const Difference& difference : comparison.changed) {
    out.print("{} {}", out.paint(Colour::yellow, "~"), difference.instance);
    out.raw(manifest::print_changes(difference.fields, "    "));
    if (!session.arguments().has("--objects")) continue;
    for (const auto& [name, changes] : difference.objects) {
      out.print("    {}", name);
      out.raw(manifest::print_changes(changes, "      "));
    }
  }
  if (is_empty(comparison)) {
    out.print("no instance differs from {}", escape_for_terminal(revision));
    return;
  }
  out.print("since {}: {} added, {} removed, {}{} changed", escape_for_terminal(revision), comparison.added.size(),
            comparison.removed.size(), comparison.renamed.empty() ? "" : fmt::format("{} renamed, ", comparison.renamed.size()),
            comparison.changed.size());
  if (!comparison.follow.empty()) out.print("then promoted, as far as the gates let them: {}", join(comparison.follow, ", "));
  if (!comparison.hits.empty()) out.print("in their blast radius: {}", join(comparison.hits, ", "));
}

}  // namespace

std::vector<std::string> hit_by(const graph::Graph& graph, const std::set<std::string>& changed) {
  std::vector<graph::NodeId> starts;
  for (const std::string& name : changed) {
    if (const auto node = graph.find(name)) starts.push_back(*node);
  }
  std::vector<std::string> out;
  for (const graph::Reached& reached : graph::reach(graph, starts, graph::Direction::needed_by)) {
    if (!changed.contains(graph.name(reached.node))) out.push_back(graph.name(reached.node));
  }
  return out;
}

int plan_against(Session& session, FleetSession& parts, const daemon::LoadedFleet& now, const std::string& revision) {
  const Result<daemon::LoadedFleet> before = parts.engine().reader().read_at(revision);
  if (!before.ok()) return session.fail(before.failure());
  const Comparison comparison = compare(before->fleet(), now.fleet());
  const bool changes = !is_empty(comparison);
  int code = now.compilation->diagnostics().errors() > 0 ? kInvalid : kDone;
  if (code == kDone && changes && session.arguments().has("--exit-code")) code = kChanges;
  if (session.json()) {
    Object result = to_object(comparison);
    result.append("against", revision);
    result.append("changes", changes);
    return session.finish(std::move(result), code);
  }
  if (before->compilation->diagnostics().errors() > 0)
    session.out().error(fmt::format("note: the fleet at {} has mistakes; what they reach is missing there", escape_for_terminal(revision)));
  print(session, comparison, revision);
  return code;
}

}  // namespace muster::cli

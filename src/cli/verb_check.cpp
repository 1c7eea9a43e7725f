#include <algorithm>
#include <set>

#include "cli/session.hpp"
#include "cli/verbs.hpp"
#include "muster/base/text.hpp"
#include "muster/diag/render.hpp"

namespace muster::cli {
namespace {

constexpr Option kOptions[] = {{"--warnings-as-errors", "", "exit 2 for warnings too"},
                               {"--sarif", "", "print a SARIF 2.1.0 log instead, for code scanning of pull requests"}};

std::string summary(const model::Fleet& fleet) {
  return fmt::format("fleet {}: {}, {}, {}", fleet.name, count_of(fleet.services.size(), "service"),
                     count_of(fleet.environments.size(), "environment"), count_of(fleet.instances.size(), "instance"));
}

/// Targets that nothing is applied to, services that wait for a first image from CI, approvals that are not tied to a key:
/// all are allowed, and none should surprise anybody.
std::vector<std::string> notes_on(const model::Fleet& fleet) {
  std::set<std::string> waiting;
  for (const model::Instance& instance : fleet.instances) {
    if (!instance.follows.empty()) continue;
    for (const model::ImageInput& image : instance.images) {
      const bool built = instance.build && instance.build->image == image.name;
      if (image.reference.empty() && !image.policy && !built) waiting.insert(instance.name);
    }
  }
  std::set<std::string> unsigned_teams;
  const auto note = [&](const std::vector<model::Gate>& gates) {
    for (const model::Gate& gate : gates) {
      for (const auto& approval : gate.approvals) unsigned_teams.insert(approval.from.begin(), approval.from.end());
    }
  };
  for (const model::Environment& environment : fleet.environments) note({environment.gate});
  for (const model::Instance& instance : fleet.instances) note(instance.gates);
  std::erase_if(unsigned_teams, [&](const std::string& name) {
    const auto team = std::find_if(fleet.teams.begin(), fleet.teams.end(), [&](const model::Team& one) { return one.name == name; });
    return team == fleet.teams.end() || !team->keys.empty();
  });
  std::vector<std::string> out;
  std::vector<std::string> clusters;
  for (const model::Target& target : fleet.targets) {
    if (target.kind != "directory") clusters.push_back(target.name);
  }
  if (!clusters.empty()) {
    out.push_back(
        fmt::format("{}: this version applies to a `directory` only: what goes there is recorded, and not applied", join(clusters, ", ")));
  }
  if (!waiting.empty()) {
    out.push_back(fmt::format("{}: no image is named, so {} for CI: `muster deliver {} --image REF`",
                              join({waiting.begin(), waiting.end()}, ", "), waiting.size() == 1 ? "it waits" : "they wait",
                              waiting.size() == 1 ? *waiting.begin() : "SERVICE"));
  }
  if (!unsigned_teams.empty()) {
    out.push_back(fmt::format("{}: without `keys`, whoever may push to the environment repository may approve for {}",
                              join({unsigned_teams.begin(), unsigned_teams.end()}, ", "), unsigned_teams.size() == 1 ? "it" : "them"));
  }
  return out;
}

Object result_of(const lang::Compilation& compilation) {
  const model::Fleet& fleet = compilation.fleet();
  Array poisoned;
  for (const model::Poisoned& item : fleet.poisoned) {
    poisoned.emplace_back(Object{{"service", item.service}, {"environment", item.environment}, {"reason", item.reason}});
  }
  Array notes;
  for (std::string& note : notes_on(fleet)) notes.emplace_back(std::move(note));
  return Object{{"fleet", fleet.name},
                {"services", std::uint64_t{fleet.services.size()}},
                {"environments", std::uint64_t{fleet.environments.size()}},
                {"instances", std::uint64_t{fleet.instances.size()}},
                {"barrier", fleet.barrier},
                {"held", std::move(poisoned)},
                {"notes", std::move(notes)},
                {"diagnostics", diag::to_json(compilation.diagnostics(), compilation.sources())}};
}

int run(Session& session) {
  const bool sarif = session.arguments().has("--sarif");
  if (sarif && session.json()) return session.misuse("--json and --sarif are two forms of the same answer: ask for one");
  const std::optional<Path> root = session.root();
  if (!root) return kInvalid;
  Result<lang::Compilation> compiled = load_fleet(session, *root);
  if (!compiled.ok()) return session.fail(compiled.failure());
  const diag::Diagnostics& diagnostics = compiled->diagnostics();
  const std::size_t warnings = diagnostics.all().size() - diagnostics.errors();
  const bool invalid = diagnostics.errors() > 0 || (warnings > 0 && session.arguments().has("--warnings-as-errors"));
  const int code = invalid ? kInvalid : kDone;
  if (session.json()) return session.finish(result_of(*compiled), code);
  if (sarif) {
    session.out().line(to_pretty_json(diag::to_sarif(diagnostics, compiled->sources(), MUSTER_VERSION)));
    return code;
  }

  print_diagnostics(session, diagnostics, compiled->sources());
  if (diagnostics.errors() == 0) {
    session.out().line(summary(compiled->fleet()) + (warnings == 0 ? ": no mistakes" : ": " + count_of(warnings, "warning")));
    for (const std::string& note : notes_on(compiled->fleet())) session.out().line("note: " + note);
    return code;
  }
  const model::Fleet& fleet = compiled->fleet();
  session.out().error(fmt::format("{}: {}{}", fleet.name.empty() ? "fleet" : "fleet " + fleet.name, count_of(diagnostics.errors(), "error"),
                                  warnings == 0 ? "" : ", " + count_of(warnings, "warning")));
  if (fleet.barrier) {
    session.out().error("until the errors above are mended nothing of this fleet is delivered; what is recorded stays as it is");
  } else if (!fleet.poisoned.empty()) {
    session.out().error(fmt::format("{} held at the last good release; the rest of the fleet goes on",
                                    count_of(fleet.poisoned.size(), "instance is", "instances are")));
  }
  return code;
}

}  // namespace

const Verb kCheck = {
    "check",
    "parse, type and evaluate the fleet; no network",
    "Reads every *.fleet file below the fleet's root and reports all mistakes of the run at once, each with its place, the\n"
    "reason and, where there is one, the fix. Nothing is fetched and nothing is written. `muster explain CODE` prints a page\n"
    "about a code.",
    "",
    kOptions,
    "$ muster check\n"
    " fleet shop: 12 services, 2 environments, 23 instances: no mistakes\n"
    " $ muster check --sarif > muster.sarif      # in a pipeline, for the forge's code scanning",
    "fleet, services, environments, instances (counts), barrier (true: nothing is delivered), held ([{service, environment,\n"
    "reason}]), notes (what is allowed, and may surprise), diagnostics ([{code, severity, message, path, line, column, …}], with place, "
    "labels and fixes).",
    run};

}  // namespace muster::cli

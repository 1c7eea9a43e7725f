#include <charconv>

#include "cli/open_fleet.hpp"
#include "cli/options.hpp"
#include "cli/verbs.hpp"
#include "muster/base/text.hpp"
#include "muster/record/history.hpp"
#include "muster/record/standing.hpp"

namespace muster::cli {
namespace {

constexpr Option kOptions[] = {
    kIn, {"--at", "TIME", "what stood at that moment, as in 2026-05-04T10:00"}, {"--limit", "N", "at most N entries (default 20)"}};

/// What a history is asked of: a whole environment, or services of it.
struct Asked {
  std::string environment;
  std::vector<std::string> services;  ///< Empty: all.
};

Result<std::vector<Asked>> asked_of(Session& session, const OpenFleet& open) {
  const std::vector<std::string> environments = open.session->environments(open.usable(), open.records);
  const auto& operands = session.arguments().operands;
  std::vector<Asked> out;
  if (operands.size() == 1 && std::find(environments.begin(), environments.end(), operands.front()) != environments.end()) {
    out.push_back({operands.front(), {}});
    return out;
  }
  MUSTER_TRY(const Selection selection, open.session->selection(open.usable(), open.records));
  for (const std::string& environment : selection.environments) {
    out.push_back({environment, selection.services_in(environment)});
  }
  return out;
}

std::string releases_text(const record::Step& step, const std::vector<std::string>& services) {
  std::vector<std::string> names;
  for (const std::string& service : step.touched) {
    if (services.empty() || std::find(services.begin(), services.end(), service) != services.end()) names.push_back(service);
  }
  return join(names, ", ");
}

Value entry_value(const record::HistoryEntry& entry) {
  Array touched;
  for (const std::string& service : entry.step.touched) touched.emplace_back(service);
  return Object{{"commit", entry.step.commit.text()}, {"at", format_instant(entry.at)}, {"author", entry.author.name},
                {"subject", entry.subject},           {"record", entry.step.record},    {"services", std::move(touched)}};
}

Result<std::vector<record::HistoryEntry>> entries_of(record::Chain& chain, const Asked& asked, std::size_t limit) {
  if (asked.services.empty()) return record::read_history(chain, "", limit);
  if (asked.services.size() == 1) return record::read_history(chain, asked.services.front(), limit);
  MUSTER_TRY(std::vector<record::HistoryEntry> all, record::read_history(chain, "", limit * 50));
  std::erase_if(all, [&](const record::HistoryEntry& entry) { return releases_text(entry.step, asked.services).empty(); });
  if (all.size() > limit) all.resize(limit);
  return all;
}

/// What stood at a moment: the commit, and each service with its release.
int print_moment(Session& session, record::EnvironmentRepository& records, const std::vector<Asked>& asked, Instant at, int code) {
  Array environments;
  for (const Asked& one : asked) {
    const Result<record::Branch> branch = records.branch(one.environment);
    if (!branch.ok()) return session.fail(branch.failure());
    const auto commit = record::commit_at(*records.repository(), branch->tip, at);
    if (!commit.ok()) return session.fail(commit.failure());
    if (!commit->has_value()) {
      if (!session.json()) session.out().print("{} had no branch yet at {}", one.environment, format_instant(at));
      continue;
    }
    record::Standing standing(records.repository(), **commit);
    const auto services = standing.services();
    if (!services.ok()) return session.fail(services.failure());
    Array list;
    if (!session.json()) session.out().print("{} at {}: {}", one.environment, format_instant(at), (*commit)->short_text());
    for (const std::string& service : *services) {
      if (!one.services.empty() && std::find(one.services.begin(), one.services.end(), service) == one.services.end()) continue;
      const auto descriptor = standing.descriptor(service);
      if (!descriptor.ok() || !descriptor->has_value() || !(*descriptor)->release) continue;
      const record::Release& release = *(*descriptor)->release;
      std::vector<std::string> inputs;
      Object values;
      for (const auto& [name, input] : release.inputs) {
        if (name != record::kDeclaration) inputs.push_back(name + " " + record::describe(input.value));
        values.append(name, record::encode(input.value));
      }
      if (!session.json())
        session.out().print("  {}  {}  {}", service, release.release.short_text(), escape_for_terminal(join(inputs, ", ")));
      list.emplace_back(Object{{"service", service}, {"release", release.release.text()}, {"inputs", std::move(values)}});
    }
    environments.emplace_back(Object{{"environment", one.environment}, {"commit", (*commit)->text()}, {"services", std::move(list)}});
  }
  return session.json() ? session.finish(Object{{"at", format_instant(at)}, {"environments", std::move(environments)}}, code) : code;
}

int print_entries(Session& session, record::EnvironmentRepository& records, const std::vector<Asked>& asked, std::size_t limit, int code) {
  Array environments;
  for (const Asked& one : asked) {
    const Result<record::Branch> branch = records.branch(one.environment);
    if (!branch.ok()) {
      if (branch.failure().reason == Reason::absent && asked.size() > 1) continue;
      return session.fail(branch.failure());
    }
    const Result<record::Chain*> chain = records.chain(*branch);
    if (!chain.ok()) return session.fail(chain.failure());
    const auto entries = entries_of(**chain, one, limit);
    if (!entries.ok()) return session.fail(entries.failure());
    if (!session.json()) session.out().line(session.out().paint(Colour::bold, one.environment));
    Array list;
    for (const record::HistoryEntry& entry : *entries) {
      list.push_back(entry_value(entry));
      if (session.json()) continue;
      const std::string services = releases_text(entry.step, one.services);
      session.out().print("  {}  {}  {}{}{}", entry.step.commit.short_text(), format_instant(entry.at), escape_for_terminal(entry.subject),
                          entry.step.record ? "" : session.out().paint(Colour::yellow, "  by " + escape_for_terminal(entry.author.name)),
                          services.empty() || entry.subject.find(services) != std::string::npos
                              ? ""
                              : session.out().paint(Colour::faint, "  [" + services + "]"));
    }
    environments.emplace_back(Object{{"environment", one.environment}, {"entries", std::move(list)}});
  }
  return session.json() ? session.finish(Object{{"environments", std::move(environments)}}, code) : code;
}

int run(Session& session) {
  std::size_t limit = 20;
  if (session.arguments().has("--limit")) {
    const std::string text = session.arguments().get("--limit");
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || limit == 0) return session.misuse("--limit takes a number");
  }
  const auto at = moment_of(session, "--at");
  if (!at.ok()) return session.misuse(at.failure().text);
  int code = kDone;
  const std::optional<OpenFleet> open = open_last_seen(session, code);
  if (!open) return code;
  const auto asked = asked_of(session, *open);
  if (!asked.ok()) return session.fail(asked.failure());
  code = open->session->evidence_code();
  return *at ? print_moment(session, *open->records, *asked, **at, code) : print_entries(session, *open->records, *asked, limit, code);
}

}  // namespace

const Verb kHistory = {
    "history",
    "the records of an instance or environment",
    "Lists the commits of environment branches, newest first: muster's records, and what people committed, reverted or held.\n"
    "With --at TIME: what stood at that moment.",
    "[INSTANCE…|ENV]",
    kOptions,
    "$ muster history cart@production\n"
    " $ muster history production --at 2026-05-04T10:00",
    "environments ([{environment, entries: [{commit, at, author, subject, record, services}]}]); with --at: at, environments\n"
    "([{environment, commit, services: [{service, release, inputs}]}]).",
    run};

}  // namespace muster::cli

#include "cli/verb_results.hpp"

#include <span>

#include "cli/delivery_text.hpp"
#include "cli/failure_text.hpp"
#include "muster/base/text.hpp"
#include "muster/manifest/difference.hpp"
#include "muster/record/standing.hpp"

namespace muster::cli {
namespace {

Array names_value(const std::vector<std::string>& names) {
  Array out;
  for (const std::string& name : names) out.emplace_back(name);
  return out;
}

Value result_value(const deliver::VerbResult& result) {
  Array proposals;
  for (const deliver::Proposal& proposal : result.proposals) proposals.push_back(to_value(proposal));
  Array waiting;
  for (const deliver::Outcome& outcome : result.waiting) waiting.push_back(to_value(outcome));
  return Object{{"environment", result.environment},        {"commit", result.commit ? Value(result.commit->text()) : Value()},
                {"services", names_value(result.services)}, {"proposals", std::move(proposals)},
                {"notes", names_value(result.notes)},       {"waiting", std::move(waiting)}};
}

void print_result(Session& session, const deliver::VerbResult& result, std::string_view done) {
  const bool dry = session.arguments().has("--dry-run");
  Terminal& out = session.out();
  std::span<const std::string> notes = result.notes;
  if (result.services.empty() && !result.commit) {
    out.print("{}: {}", result.environment, notes.empty() ? "nothing to do" : escape_for_terminal(notes.front()));
    if (!notes.empty()) notes = notes.subspan(1);
  } else {
    out.print("{}: {}{}{}{}", result.environment, dry ? "would be " : "", done,
              result.services.empty() ? "" : ": " + join(result.services, ", "),
              result.commit ? " (" + result.commit->short_text() + ")" : "");
  }
  for (const std::string& note : notes) out.print("  {}", escape_for_terminal(note));
  for (const deliver::Outcome& outcome : result.waiting) {
    for (const deliver::Obstacle& obstacle : said_of(outcome.obstacles)) {
      const deliver::Verdict verdict = deliver::verdict_of(obstacle.why);
      out.print("  {}  {}  {}", outcome.service, out.paint(colour_of(verdict), to_string(verdict)),
                obstacle_text(obstacle, session.world().clock.now()));
    }
  }
}

}  // namespace

Result<ServicesByEnvironment> by_environment(const Session& session, const OpenFleet& open) {
  if (session.arguments().operands.empty() && !session.arguments().has("--in")) {
    return stalled(Reason::invalid, fmt::format("name the instances, as in `muster {} cart@production`", session.verb().name));
  }
  MUSTER_TRY(const Selection selection, open.session->selection(open.usable(), open.records));
  ServicesByEnvironment out;
  for (const std::string& environment : selection.environments) out[environment] = selection.services_in(environment);
  return out;
}

namespace {

Result<record::DescriptorObjects> standing_objects(const OpenFleet& open, const deliver::Proposal& proposal) {
  MUSTER_TRY(const record::Branch branch, open.records->branch(proposal.environment));
  record::Standing standing(open.records->repository(), branch.tip);
  return standing.objects(proposal.renamed_from.empty() ? proposal.service : proposal.renamed_from);
}

}  // namespace

void print_proposal(Session& session, const OpenFleet& open, const deliver::Proposal& proposal) {
  Terminal& out = session.out();
  out.print("  {}  {}", out.paint(Colour::bold, proposal.service), proposal.removal ? "is removed" : moves_text(proposal.moves));
  std::map<manifest::ObjectId, Value> before;
  if (proposal.standing) {
    const Result<record::DescriptorObjects> objects = standing_objects(open, proposal);
    if (!objects.ok()) {
      // What stands is unknown, so "create" would be a guess.
      out.print("    what stands cannot be read, so what changes is not known: {}", escape_for_terminal(objects.failure().text));
      return;
    }
    for (const manifest::Object& object : objects->objects) before[object.id] = object.content;
  }
  for (const manifest::Object& object : proposal.objects) {
    const auto was = before.find(object.id);
    if (was == before.end()) {
      out.print("    {} {}", out.paint(Colour::green, "create"), escape_for_terminal(object.id.text()));
      continue;
    }
    const auto changes = manifest::difference(manifest::without_secrets(was->second), manifest::without_secrets(object.content));
    if (!changes.empty()) {
      out.print("    {} {}", out.paint(Colour::yellow, "change"), escape_for_terminal(object.id.text()));
      out.raw(manifest::print_changes(changes, "      "));
    }
    before.erase(was);
  }
  for (const auto& [id, content] : before) out.print("    {} {}", out.paint(Colour::red, "prune"), escape_for_terminal(id.text()));
}

int finish_verb(Session& session, const std::vector<deliver::VerbResult>& results, std::string_view done, int exit_code) {
  if (session.json()) {
    Array list;
    for (const deliver::VerbResult& result : results) list.push_back(result_value(result));
    return session.finish(Object{{"dry_run", session.arguments().has("--dry-run")}, {"results", std::move(list)}}, exit_code);
  }
  for (const deliver::VerbResult& result : results) print_result(session, result, done);
  return exit_code;
}

namespace {

/// Of which environment it is, unless it says so itself.
Failure named(const Failure& failure, const std::string& environment) {
  return failure.text.starts_with(environment + " ") ? failure : Failure(failure).with_context(environment);
}

/// An environment went wrong after others were done, which their result must not leave unsaid.
int fail_after(Session& session, const std::vector<deliver::VerbResult>& done_before, std::string_view done, const Failure& failure) {
  if (done_before.empty()) return session.fail(failure);
  if (session.json()) {
    const int code = exit_code_of(failure);
    Array list;
    for (const deliver::VerbResult& result : done_before) list.push_back(result_value(result));
    return session.finish(
        Object{{"dry_run", session.arguments().has("--dry-run")}, {"results", std::move(list)}, {"error", error_value(failure)}}, code);
  }
  finish_verb(session, done_before, done);
  return session.fail(failure);
}

}  // namespace

int act_on_each(Session& session, const Result<ServicesByEnvironment>& wanted, std::string_view done, const Act& act) {
  if (!wanted.ok()) return session.fail(wanted.failure());
  std::vector<deliver::VerbResult> results;
  for (const auto& [environment, services] : *wanted) {
    Result<deliver::VerbResult> result = act(environment, services);
    if (!result.ok()) return fail_after(session, results, done, named(result.failure(), environment));
    results.push_back(std::move(*result));
  }
  return finish_verb(session, results, done);
}

}  // namespace muster::cli

// `why cart@production`: the chain of causes from commit to running object. `why cart.replicas@production`: where a value
// came from, with what it shadows.
#include "cli/delivery_text.hpp"
#include "cli/image_text.hpp"
#include "cli/open_fleet.hpp"
#include "cli/verbs.hpp"
#include "muster/base/text.hpp"
#include "muster/record/history.hpp"
#include "muster/record/standing.hpp"

namespace muster::cli {
namespace {

constexpr Option kOptions[] = {{"--library", "", "show frames inside the standard library too"}};

/// `cart@production` or `cart.env.LOG_LEVEL@production`.
struct Question {
  std::string service;
  std::string field;
  std::string environment;
};

std::optional<Question> parse(std::string_view operand) {
  const std::size_t at = operand.rfind('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == operand.size()) return std::nullopt;
  Question out;
  out.environment = operand.substr(at + 1);
  std::string_view rest = operand.substr(0, at);
  if (rest.starts_with("service.")) rest.remove_prefix(8);
  const std::size_t dot = rest.find('.');
  out.service = rest.substr(0, dot);
  if (dot != std::string_view::npos) out.field = rest.substr(dot + 1);
  return out;
}

/// Where the images of an instance come from; printed where that is wanted.
Array why_images(Session& session, const Question& question) {
  Array out;
  int code = kDone;
  const std::unique_ptr<FleetSession> parts = FleetSession::open(session, code);
  if (!parts) return out;
  const Result<daemon::LoadedFleet> fleet = parts->engine().load();
  const model::Instance* instance = fleet.ok() ? fleet->fleet().instance(question.service, question.environment) : nullptr;
  if (instance == nullptr) return out;
  for (const ImageStory& story : image_stories(session, *parts, *fleet, *instance)) {
    if (!session.json()) {
      for (const std::string& line : lines_of(story)) session.out().line(escape_for_terminal(line));
    }
    out.push_back(to_value(story));
  }
  return out;
}

int why_value(Session& session, const Question& question) {
  const std::optional<Path> root = session.root();
  if (!root) return kInvalid;
  const Result<lang::Compilation> compiled = load_fleet(session, *root);
  if (!compiled.ok()) return session.fail(compiled.failure());
  std::string error;
  const auto lines = compiled->why(question.service, question.environment, question.field, error);
  if (!lines) return session.misuse(error);
  Array list;
  std::size_t value_width = 0;
  std::size_t place_width = 0;
  std::size_t where_width = 0;
  for (const lang::ProvenanceLine& line : *lines) {
    value_width = std::max(value_width, display_width(line.value));
    place_width = std::max(place_width, display_width(line.place));
    where_width = std::max(where_width, compiled->sources().place(line.span).size());
  }
  const auto padded = [](const std::string& text, std::size_t width) {
    return text + std::string(width - std::min(width, display_width(text)), ' ');
  };
  for (std::size_t i = 0; i < lines->size(); ++i) {
    const lang::ProvenanceLine& line = (*lines)[i];
    const std::string where = compiled->sources().place(line.span);
    list.emplace_back(
        Object{{"value", line.value}, {"at", where}, {"place", line.place}, {"verdict", line.verdict}, {"library", line.library}});
    if (session.json() || (line.library && i + 1 != lines->size() && i != 0 && !session.arguments().has("--library"))) continue;
    session.out().print("{}  {}  {}  {}", escape_for_terminal(padded(line.value, value_width)), padded(where, where_width),
                        padded(line.place, place_width), line.verdict);
  }
  Object result{
      {"service", question.service}, {"environment", question.environment}, {"field", question.field}, {"lines", std::move(list)}};
  if (question.field.starts_with("image")) result.append("images", why_images(session, question));
  return session.json() ? session.finish(std::move(result), kDone) : kDone;
}

/// What the chain is told from.
struct Facts {
  std::optional<record::Release> release;
  std::string folder_note;  ///< Why there is no release.
  std::string edited;       ///< What a person changed in the descriptor by hand; may be empty.
  const record::ServiceLedger* ledger = nullptr;
  const deliver::Outcome* delivery = nullptr;
  const reconcile::InstancePlan* plan = nullptr;
  const reconcile::InstanceState* state = nullptr;
  std::optional<record::HistoryEntry> newest;
};

/// How an image came to be what it is: commit and log of a build, or tag and rule; then what runs.
void print_image(Session& session, const Path& state, const record::ImageValue& image, const std::string& service) {
  Terminal& out = session.out();
  if (image.digest.empty()) return;
  if (image.rule == record::kBuildRule) {
    const Path log = pipeline::log_of(state, service, image.tag);
    const bool here = session.world().files.stat(log).ok();
    out.print("      built from commit {}{}", escape_for_terminal(image.commit), here ? ", log " + escape_for_terminal(log.string()) : "");
  } else if (!image.rule.empty()) {
    out.print("      tag {} by the rule {}", escape_for_terminal(image.tag), escape_for_terminal(image.rule));
  } else if (!image.commit.empty()) {
    out.print("      handed in, built from commit {}", escape_for_terminal(image.commit));
  }
  out.print("      runs as {}", escape_for_terminal(image.reference));
}

void print_release(Session& session, const Path& state, const std::string& service, const Facts& facts) {
  Terminal& out = session.out();
  if (!facts.release) {
    out.print("  no release stands here{}", facts.folder_note.empty() ? "" : ": " + escape_for_terminal(facts.folder_note));
    return;
  }
  const record::Release& release = *facts.release;
  out.print("  release {} stands, rendered from", release.release.short_text());
  for (const auto& [name, input] : release.inputs) {
    std::string line = fmt::format("    {}  ({})", record::describe_move(name, std::nullopt, input.value), record::to_string(input.cause));
    const record::LedgerInput* known = facts.ledger == nullptr ? nullptr : facts.ledger->input(name);
    if (known != nullptr && !record::same_content(known->value, input.value)) {
      line += fmt::format("; automation last recorded {} in {}, which was taken back", record::describe(known->value),
                          known->record.short_text());
    } else if (known != nullptr) {
      line += fmt::format(", recorded in {}", known->record.short_text());
    }
    out.line(escape_for_terminal(line));
    if (const auto* source = std::get_if<record::SourceValue>(&input.value)) {
      out.print("      commit {} on {} of {}", source->commit.text(), escape_for_terminal(source->branch),
                escape_for_terminal(source->repository));
    }
    if (const auto* image = std::get_if<record::ImageValue>(&input.value)) print_image(session, state, *image, service);
  }
  out.print("    fleet {} at {}, muster {}", release.fleet,
            release.made_by.revision.empty() ? "a folder without git" : release.made_by.revision.substr(0, 10), release.made_by.muster);
}

void print_chain(Session& session, const Path& state, const Question& question, const Facts& facts) {
  Terminal& out = session.out();
  out.line(out.paint(Colour::bold, model::instance_name(question.service, question.environment)));
  print_release(session, state, question.service, facts);
  if (!facts.edited.empty()) {
    out.print("  edited by hand ({}): nothing newer is recorded until the edit is taken back, or `muster resume {}` replaces it",
              escape_for_terminal(facts.edited), model::instance_name(question.service, question.environment));
  }
  if (facts.newest) {
    out.print("  since {} by {} ({}): {}", format_instant(facts.newest->at), escape_for_terminal(facts.newest->author.name),
              facts.newest->step.commit.short_text(), escape_for_terminal(facts.newest->subject));
  }
  if (facts.delivery != nullptr) {
    if (moves(*facts.delivery)) out.print("  the next delivery records: {}", moves_text(*facts.delivery));
    const auto said = said_of(facts.delivery->obstacles);
    for (const deliver::Obstacle& obstacle : said) out.print("  {}", verdict_text(out, obstacle, session.world().clock.now()));
    for (const deliver::Obstacle& obstacle : facts.delivery->obstacles) {
      if (obstacle.why == deliver::Why::undeclared) out.print("  {}", obstacle_text(obstacle, session.world().clock.now()));
    }
    if (!moves(*facts.delivery) && facts.delivery->obstacles.empty())
      out.line("  nothing newer is known: repository, fleet and upstream are as recorded");
  }
  if (facts.plan == nullptr || facts.state == nullptr) return;
  out.print("  in the target: {}{}", to_string(facts.state->health.state),
            facts.state->health.reason.empty() ? "" : ", " + escape_for_terminal(facts.state->health.reason));
  for (const reconcile::ObjectPlan& object : facts.plan->objects) {
    out.print("    {}  {}{}{}", to_string(object.action), escape_for_terminal(object.id.text()), object.drift ? "  (drift)" : "",
              object.reason.empty() ? "" : "  " + escape_for_terminal(object.reason));
  }
  if (facts.plan->obstacle) out.print("  {}: {}", to_string(facts.plan->obstacle->kind), escape_for_terminal(facts.plan->obstacle->text));
}

Object facts_value(const Question& question, const Facts& facts) {
  Object inputs;
  if (facts.release) {
    for (const auto& [name, input] : facts.release->inputs) {
      const record::LedgerInput* known = facts.ledger == nullptr ? nullptr : facts.ledger->input(name);
      inputs.append(name, Object{{"value", record::encode(input.value)},
                                 {"cause", record::to_string(input.cause)},
                                 {"ledger", known == nullptr ? Value() : Value(record::encode(known->value))},
                                 {"record", known == nullptr ? Value() : Value(known->record.text())}});
    }
  }
  Array objects;
  if (facts.plan != nullptr) {
    for (const reconcile::ObjectPlan& object : facts.plan->objects) {
      objects.emplace_back(
          Object{{"id", object.id.text()}, {"action", to_string(object.action)}, {"drift", object.drift}, {"reason", object.reason}});
    }
  }
  return Object{{"service", question.service},
                {"environment", question.environment},
                {"release", facts.release ? Value(facts.release->release.text()) : Value()},
                {"inputs", std::move(inputs)},
                {"edited", facts.edited},
                {"since", facts.newest ? Value(facts.newest->step.commit.text()) : Value()},
                {"deliver", facts.delivery == nullptr ? Value() : to_value(*facts.delivery)},
                {"health", facts.state == nullptr ? Value() : Value(to_string(facts.state->health.state))},
                {"objects", std::move(objects)}};
}

int why_instance(Session& session, const Question& question) {
  int code = kDone;
  const std::optional<OpenFleet> open = open_last_seen(session, code);
  if (!open) return code;
  FleetSession& parts = *open->session;
  const daemon::LoadedFleet* const usable = open->usable();
  record::EnvironmentRepository& records = *open->records;
  const auto selection = select(parts.nameable(usable, &records), parts.environments(usable, &records),
                                {model::instance_name(question.service, question.environment)}, {});
  if (!selection.ok()) return session.fail(selection.failure());

  std::optional<deliver::Delivery> delivery;
  if (usable != nullptr && usable->fleet().environment(question.environment) != nullptr) {
    deliver::Request request;
    request.environments = {question.environment};
    request.instances = {model::instance_name(question.service, question.environment)};
    request.dry = true;
    delivery = parts.engine().deliver(*usable, request, session.stop());
  }
  const Result<daemon::Engine::Looked> looked = parts.engine().look(records, {}, session.stop());
  if (!looked.ok()) return session.fail(looked.failure());

  Facts facts;
  if (delivery) facts.delivery = delivery->report.find(question.service, question.environment);
  const reconcile::InstanceKey key{question.environment, question.service};
  facts.state = looked->observation.find(key);
  facts.plan = looked->plan.find(key);
  const Result<record::Branch> branch = records.branch(question.environment);
  if (branch.ok()) {
    record::Standing standing(records.repository(), branch->tip);
    const auto descriptor = standing.descriptor(question.service);
    if (descriptor.ok() && descriptor->has_value()) {
      facts.release = (*descriptor)->release;
      facts.folder_note = (*descriptor)->trouble;
      if (const auto edited = standing.edited(question.service); edited.ok()) facts.edited = *edited;
    }
    if (const auto ledger = records.ledger(*branch); ledger.ok()) facts.ledger = (*ledger)->service(question.service);
    if (const auto chain = records.chain(*branch); chain.ok()) {
      const auto entries = record::read_history(**chain, question.service, 1);
      if (entries.ok() && !entries->empty()) facts.newest = entries->front();
    }
  } else {
    facts.folder_note = branch.failure().text;
  }
  code = parts.evidence_code();
  if (session.json()) return session.finish(facts_value(question, facts), code);
  print_chain(session, parts.engine().settings().state, question, facts);
  return code;
}

/// The environment is missing: names those that there are.
int ask_where(Session& session, const std::string& operand) {
  const std::optional<Path> root = session.root();
  if (!root) return kInvalid;
  const Result<lang::Compilation> compiled = load_fleet(session, *root);
  if (!compiled.ok()) return session.fail(compiled.failure());
  std::vector<std::string> names;
  bool is_environment = false;
  for (const model::Environment& environment : compiled->fleet().environments) {
    names.push_back(fmt::format("`{}@{}`", operand, environment.name));
    is_environment = is_environment || environment.name == operand;
  }
  if (is_environment)
    return session.misuse(fmt::format("`{}` is an environment; `muster status --in {}` shows it, and `muster history {}` how it came about",
                                      operand, operand, operand));
  return session.misuse(fmt::format("say in which environment: {}", join(names, ", ")));
}

int run(Session& session) {
  const auto& operands = session.arguments().operands;
  const std::optional<Question> question = operands.size() == 1 ? parse(operands.front()) : std::nullopt;
  if (!question && operands.size() == 1 && operands.front().find('@') == std::string::npos) return ask_where(session, operands.front());
  if (!question) return session.misuse("takes an instance or a field of one, as in `cart@production` or `cart.replicas@production`");
  return question->field.empty() ? why_instance(session, *question) : why_value(session, *question);
}

}  // namespace

const Verb kWhy = {
    "why",
    "the chain of causes behind an instance or a value",
    "For an instance: which commits and values its release was made from, which record brought them, what is newer and why it\n"
    "waits, and how the objects stand in the target. For a field: every place that sets it, the winner first, with what it\n"
    "shadows; for `image` also which tags of its registry its rule considers and refuses.",
    "INSTANCE|FIELD",
    kOptions,
    "$ muster why cart@production\n"
    " $ muster why cart.replicas@production\n"
    " $ muster why cart.image@production",
    "For an instance: service, environment, release, inputs ({name: {value, cause, ledger, record}}), edited, since, deliver,\n"
    "health, objects. For a field: service, environment, field, lines ([{value, at, place, verdict, library}]),\n"
    "of an image also images ([{name, repository, rule, at, from, chosen, considered, refused, trouble}]).",
    run};

}  // namespace muster::cli

#include "muster/lang/compile.hpp"

#include <algorithm>

#include "lang/check/check.hpp"
#include "lang/check/check_expression.hpp"
#include "lang/evaluate/evaluate_entities.hpp"
#include "lang/lower/lower.hpp"
#include "lang/state.hpp"
#include "lang/text_forms.hpp"
#include "muster/base/parallel.hpp"

namespace muster::lang {
namespace {

constexpr std::size_t kChunk = 64;

/// Declarations of values and types, before anything is asked of them.
void check_declarations(Program& program, diag::Diagnostics& out) {
  link_kinds(program, out);
  check_types(program, out);
  check_type_expressions(program, out);
  check_kinds(program, out);
  for (Constant& constant : program.constants) ensure_checked(program, constant, out, {});
  for (Function& function : program.functions) {
    ensure_signature(program, function, out);
    ensure_checked(program, function, out, program.file(function.file).tree().span(function.declaration->name));
  }
}

/// The bodies of all services, side by side.
void check_services(Program& program, diag::Diagnostics& out) {
  std::vector<Entity>& services = program.table(EntityWord::service).all;
  const std::size_t chunks = (services.size() + kChunk - 1) / kChunk;
  std::vector<diag::Diagnostics> said(chunks);
  const std::size_t first_arena = program.chunk_arenas.size();
  for (std::size_t i = 0; i < chunks; ++i) program.chunk_arenas.emplace_back();
  for_each_index(chunks, program.options.jobs, [&](std::size_t chunk) {
    for (std::size_t i = chunk * kChunk; i < std::min(services.size(), (chunk + 1) * kChunk); ++i) {
      check_service_body(program, services[i], program.chunk_arenas[first_arena + chunk], said[chunk]);
    }
  });
  for (diag::Diagnostics& one : said) out.append(std::move(one));
}

/// Rungs 1 to 4 of all kinds and teams that have services.
void build_ladders(const Program& program, Ladders& ladders, diag::Diagnostics& out) {
  ladders.of(program.root(EntityWord::service), kAligned, out);
  for (const Entity& service : program.table(EntityWord::service).all) ladders.of(service.kind, service.owner, out);
}

}  // namespace

Compilation::Compilation() : state_(std::make_unique<State>()) {}
Compilation::Compilation(Compilation&&) noexcept = default;
Compilation& Compilation::operator=(Compilation&&) noexcept = default;
Compilation::~Compilation() = default;

const diag::Sources& Compilation::sources() const { return state_->program.sources; }
const diag::Diagnostics& Compilation::diagnostics() const { return state_->diagnostics; }
const model::Fleet& Compilation::fleet() const { return state_->fleet; }

std::string Compilation::dump_syntax() const {
  std::string out;
  for (const File& file : state_->program.files) {
    if (!file.library)
      out += "# " + std::string(state_->program.sources.path(file.tree().source)) + "\n" + syntax::dump_syntax(file.tree());
  }
  return out;
}

Compilation compile(std::vector<diag::FleetText> texts, const Options& options) {
  Compilation result;
  Program& program = result.state_->program;
  Ladders& ladders = result.state_->ladders;
  diag::Diagnostics& out = result.state_->diagnostics;
  model::Fleet& fleet = result.state_->fleet;
  program.options = options;

  collect(program, std::move(texts), out);
  check_declarations(program, out);
  resolve_entities(program, out);
  gather_environment_fields(program);
  place_services(program, out);
  check_entities(program, out);
  check_services(program, out);
  evaluate_entities(program, ladders, out);
  lower_entities(program, fleet, out);
  build_ladders(program, ladders, out);
  find_edges(program, ladders, out);
  lower_instances(program, ladders, fleet, out);

  out.sort();
  fleet.whole = out.errors() == 0;
  fleet.barrier = program.barrier;
  return result;
}

std::optional<Value> Compilation::eval(std::string_view expression, std::string_view environment, diag::Diagnostics& out,
                                       diag::Sources& sources) const {
  Program& program = state_->program;
  const diag::SourceId source = program.sources.add("<expression>", std::string(expression));
  Parsed parsed = parse_expression(source, program.sources.text(source));
  sources = program.sources;
  const bool readable = parsed.diagnostics.errors() == 0;
  out.append(std::move(parsed.diagnostics));
  if (!readable) return std::nullopt;
  std::uint32_t in = kAligned;
  if (!environment.empty()) {
    const auto found = program.table(EntityWord::environment).names.find(environment);
    if (!found) {
      out.error(parsed.tree.span(parsed.tree.root), "F0301", "no environment is called `{}`", environment).label("evaluated there");
      return std::nullopt;
    }
    in = *found;
  }
  const std::vector<Entity>& fleets = program.table(EntityWord::fleet).all;
  const FileId file = fleets.empty() ? FileId{static_cast<std::uint32_t>(program.files.size() - 1)} : fleets.front().file;
  ExpressionChecker checker(program, program.arena, out, {Site::entity, file, nullptr, EntityWord::service, kNoKind, &parsed.tree});
  const Term* term = checker.infer(parsed.tree.root);
  if (term->poisoned()) return std::nullopt;
  // Somebody must stand in the environment to read it.
  Entity reader;
  reader.name = "expression";
  reader.kind = program.root(EntityWord::service);
  reader.span = parsed.tree.span(parsed.tree.root);
  Evaluator run(program, program.arena, &out);
  run.ladders = &state_->ladders;
  if (in == kAligned && program.environment_count() == 0) {
    const Datum value = run.evaluate_alone(*term);
    return value.poisoned() ? std::nullopt : std::optional(object_value(value, program));
  }
  Frame& frame = run.begin(reader, kAligned, in == kAligned ? 0 : in);
  if (in == kAligned) frame.environment = kAligned;
  const Datum value = run.evaluate_in(&frame, *term);
  out.sort();
  return value.poisoned() ? std::nullopt : std::optional(object_value(value, program));
}

}  // namespace muster::lang

#include "cli/session.hpp"
#include "cli/verbs.hpp"
#include "muster/diag/render.hpp"

namespace muster::cli {
namespace {

constexpr Option kOptions[] = {{"--in", "ENV", "the environment that reads are aligned to; needed where the expression asks for one"}};

int run(Session& session) {
  const auto& operands = session.arguments().operands;
  if (operands.size() != 1) return session.misuse("takes one expression, in quotes");
  const std::optional<Path> root = session.root();
  if (!root) return kInvalid;
  Result<lang::Compilation> compiled = load_fleet(session, *root);
  if (!compiled.ok()) return session.fail(compiled.failure());

  diag::Diagnostics mistakes;
  diag::Sources sources;
  const std::optional<Value> value = compiled->eval(operands.front(), session.arguments().get("--in"), mistakes, sources);
  const int code = value && mistakes.errors() == 0 ? kDone : kInvalid;
  if (session.json()) {
    return session.finish(Object{{"value", value.value_or(Value())}, {"diagnostics", diag::to_json(mistakes, sources)}}, code);
  }
  print_diagnostics(session, mistakes, sources);
  if (value) session.out().raw(to_pretty_json(*value));
  return code;
}

}  // namespace

const Verb kEval = {"eval",
                    "evaluate one expression against the fleet",
                    "Evaluates an expression as the body of a service would see it and prints its value as JSON. References to services\n"
                    "read their outputs in the environment given with --in.",
                    "EXPRESSION",
                    kOptions,
                    "$ muster eval 'catalog.url' --in production\n"
                    " \"http://catalog.shop.svc:8080\"",
                    "value (JSON of the value, null where it could not be evaluated), diagnostics.",
                    run};

}  // namespace muster::cli

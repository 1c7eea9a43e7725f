#include "cli/session.hpp"

#include <algorithm>
#include <charconv>

#include "cli/command_line.hpp"
#include "cli/failure_text.hpp"
#include "muster/base/parallel.hpp"
#include "muster/base/text.hpp"
#include "muster/diag/render.hpp"
#include "muster/diag/source.hpp"

namespace muster::cli {

std::string Arguments::get(std::string_view option, std::string_view fallback) const {
  const auto found = values.find(option);
  return found == values.end() || found->second.empty() ? std::string(fallback) : found->second.back();
}

std::vector<std::string> Arguments::all(std::string_view option) const {
  const auto found = values.find(option);
  return found == values.end() ? std::vector<std::string>() : found->second;
}

std::optional<unsigned> parse_jobs(std::string_view text) {
  unsigned jobs = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), jobs);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size() || jobs == 0 || jobs > kMostJobs) return std::nullopt;
  return jobs;
}

Session::Session(const Verb& verb, Arguments arguments, Terminal& terminal, Secrets& secrets, World world,
                 std::map<std::string, std::string> environment, std::stop_token stop)
    : verb_(verb),
      arguments_(std::move(arguments)),
      terminal_(terminal),
      secrets_(secrets),
      world_(world),
      environment_(std::move(environment)),
      stop_(std::move(stop)),
      jobs_(parse_jobs(arguments_.get("--jobs")).value_or(default_waiting_jobs())) {}

std::optional<Path> Session::root() {
  std::error_code error;
  Path start = std::filesystem::absolute(arguments_.get("-C", "."), error).lexically_normal();
  if (!start.has_filename()) start = start.parent_path();  // "/a/b/" is "/a/b", so that its parent is "/a".
  Result<Path> found = diag::find_fleet_root(world_.files, start);
  if (found.ok()) return std::move(found).value();
  Failure failure = found.failure();
  if (failure.reason == Reason::absent) failure.reason = Reason::invalid;  // The command line names no fleet: exit 2.
  fail(failure);
  return std::nullopt;
}

Path Session::state(const Path& root) const {
  if (!arguments_.has("--state")) return root / ".muster";
  std::error_code error;
  return std::filesystem::absolute(arguments_.get("--state"), error).lexically_normal();
}

int Session::fail(const Failure& failure) {
  const int code = exit_code_of(failure);
  if (json()) return finish(Object{{"error", error_value(failure)}}, code);
  terminal_.error(fmt::format("muster: {}", escape_for_terminal(failure.text)));
  return code;
}

int Session::misuse(std::string_view text) {
  if (json()) return fail(stalled(Reason::invalid, std::string(text)));
  terminal_.error(fmt::format("muster {}: {}\nRun `muster {} --help` for its options.", verb_.name, escape_for_terminal(text), verb_.name));
  return kInvalid;
}

int Session::finish(Object result, int exit_code) {
  Object out{{"muster", MUSTER_VERSION}, {"verb", verb_.name}, {"exit_code", exit_code}};
  for (auto& [key, value] : result) out.append(key, std::move(value));
  terminal_.raw(to_pretty_json(out));
  return exit_code;
}

Result<lang::Compilation> load_fleet(Session& session, const Path& root) {
  MUSTER_TRY(std::vector<diag::FleetText> texts, diag::read_fleet_files(session.world().files, root));
  lang::Options options;
  options.jobs = std::min(session.jobs(), default_jobs());
  options.root = root.string();
  return lang::compile(std::move(texts), options);
}

std::size_t print_diagnostics(Session& session, const diag::Diagnostics& diagnostics, const diag::Sources& sources) {
  diag::TerminalStyle style;
  style.colour = session.out().setup().colour;
  const std::string text = diag::render_terminal(diagnostics, sources, style);
  if (!text.empty()) session.out().error(std::string_view(text).substr(0, text.size() - (text.ends_with('\n') ? 1 : 0)));
  return diagnostics.errors();
}

}  // namespace muster::cli

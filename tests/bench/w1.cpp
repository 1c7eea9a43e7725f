// W1: evaluate N services × 3 environments × 3 needs to JSON, against `jsonnet` over the same fleet as data, and against
// reading the sources and writing the bytes. With --slope W12: time at ten times the size over time at the size.
//
// Equality first: our JSON and jsonnet's are compared, byte for byte, after jsonnet's is made canonical.
#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "bench/arguments.hpp"
#include "bench/measure.hpp"
#include "muster/base/parallel.hpp"
#include "muster/lang/compile.hpp"
#include "muster/model/dump.hpp"
#include "support/temporary.hpp"

namespace muster::bench {
namespace {

constexpr std::size_t kServicesAFile = 100;
constexpr std::string_view kEnvironments[] = {"development", "production", "staging"};

std::string service_name(std::size_t i) { return fmt::format("s{:06}", i); }

/// Three services further on, so that there is no circle.
std::vector<std::size_t> needs_of(std::size_t i, std::size_t count) {
  std::vector<std::size_t> needs;
  for (std::size_t step : {1U, 7U, 31U}) {
    if (i + step < count) needs.push_back(i + step);
  }
  return needs;
}

/// A fleet of `count` services, a hundred in a file as teams keep them.
std::vector<diag::FleetText> fleet_texts(std::size_t count) {
  std::vector<diag::FleetText> texts;
  std::string base = "fleet bench { language = \"1.0\" }\ntarget here : directory { path = \"out\" }\n";
  for (const std::string_view one : kEnvironments)
    base += fmt::format("environment {} {{ branch = \"{}\", target = here, namespace = \"{}\" }}\n", one, one, one);
  texts.push_back({"fleet.fleet", std::move(base)});
  texts.push_back({"kinds.fleet",
                   "kind app for service {\n"
                   "  param port: int = 8080\n"
                   "  param replicas: int = 1\n"
                   "  param memory: bytes = 128Mi\n"
                   "  param cpu: cpu = 100m\n"
                   "  param env: map(string, string) = {}\n"
                   "  output url: string = \"http://\\(name).\\(namespace).svc:\\(port)\"\n"
                   "}\n"});
  for (std::size_t i = 0; i < count; ++i) {
    if (i % kServicesAFile == 0) texts.push_back({fmt::format("teams/t{:05}.fleet", i / kServicesAFile), {}});
    const std::vector<std::size_t> needs = needs_of(i, count);
    std::string list;
    std::string env;
    for (const std::size_t need : needs) {
      list += (list.empty() ? "" : ", ") + service_name(need);
      env += fmt::format("{}URL_{} = {}.url", env.empty() ? "" : ", ", need, service_name(need));
    }
    texts.back().text += fmt::format(
        "service {} : app {{\n  repo = \"github.com/bench/{}\"\n  port = {}\n  memory = {}Mi\n  needs = [{}]\n  env = {{ {} }}\n"
        "  in production {{ replicas = {} }}\n}}\n",
        service_name(i), service_name(i), 1000 + i % 8000, 128 + i % 7, list, env, 2 + i % 3);
  }
  return texts;
}

/// The same fleet as data for jsonnet, evaluated the same way.
std::string jsonnet_text(std::size_t count) {
  std::string out = "local environments = [\"development\", \"production\", \"staging\"];\nlocal services = {\n";
  for (std::size_t i = 0; i < count; ++i) {
    std::string list;
    for (const std::size_t need : needs_of(i, count))
      list += fmt::format("{}{{ name: \"{}\", key: \"URL_{}\" }}", list.empty() ? "" : ", ", service_name(need), need);
    out += fmt::format("  {}: {{ port: {}, memory: \"{}Mi\", replicas: 1, needs: [{}], production+: {{ replicas: {} }} }},\n",
                       service_name(i), 1000 + i % 8000, 128 + i % 7, list, 2 + i % 3);
  }
  out += R"(};
local field(s, e, f) = if e == "production" && std.objectHas(s.production, f) then s.production[f] else s[f];
local url(n, e) = "http://%s.%s.svc:%d" % [n, e, field(services[n], e, "port")];
{
  [n + "@" + e]: {
    edges: [d.name for d in services[n].needs],
    fields: {
      cpu: "100m",
      env: { [d.key]: url(d.name, e) for d in services[n].needs },
      memory: field(services[n], e, "memory"),
      port: field(services[n], e, "port"),
      replicas: field(services[n], e, "replicas"),
    },
    kind: "app",
    name: n,
    namespace: e,
    outputs: { url: url(n, e) },
    [if std.length(services[n].needs) > 0 then "reads"]: { [d.name + ".url"]: url(d.name, e) for d in services[n].needs },
  }
  for n in std.objectFields(services)
  for e in environments
}
)";
  return out;
}

std::string evaluate(const std::vector<diag::FleetText>& texts, unsigned jobs) {
  lang::Options options;
  options.jobs = jobs;
  const lang::Compilation compiled = lang::compile(texts, options);
  if (compiled.diagnostics().errors() != 0) throw std::runtime_error(compiled.diagnostics().all().front().message);
  return model::declarations_json(compiled.fleet());
}

/// White space outside strings taken out: jsonnet sorts keys itself.
std::string without_space(std::string_view text) {
  std::string out;
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"' && (i == 0 || text[i - 1] != '\\')) inside = !inside;
    if (inside || (text[i] != ' ' && text[i] != '\n')) out.push_back(text[i]);
  }
  return out;
}

void check_equal(const std::string& ours, const std::string& peers) {
  // jsonnet sorts by key, we by environment and service; each instance is compared.
  const auto lines = [](std::string_view json) {
    std::vector<std::string> all;
    std::size_t depth = 0;
    std::size_t begin = 1;
    bool inside = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
      if (json[i] == '"' && json[i - 1] != '\\') inside = !inside;
      if (inside) continue;
      if (json[i] == '{') ++depth;
      if (json[i] == '}') --depth;
      if ((json[i] == ',' && depth == 1) || depth == 0) {
        all.emplace_back(json.substr(begin, i - begin));
        begin = i + 1;
      }
    }
    std::sort(all.begin(), all.end());
    return all;
  };
  if (lines(ours) != lines(peers)) throw std::runtime_error("jsonnet and muster do not agree");
}

std::string read_file(const std::filesystem::path& path) {
  std::string text(std::filesystem::file_size(path), '\0');
  std::ifstream(path, std::ios::binary).read(text.data(), static_cast<std::streamsize>(text.size()));
  return text;
}

/// Reading all sources and writing the result: nobody can be faster.
void move_bytes(const std::vector<std::filesystem::path>& files, const std::string& bytes, const std::filesystem::path& out) {
  std::size_t lines = 0;
  for (const std::filesystem::path& file : files) {
    const std::string text = read_file(file);
    lines += static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }
  if (lines > 0) std::ofstream(out, std::ios::binary) << bytes;
}

void compare_with_jsonnet(const test::TemporaryFolder& folder, std::size_t services, unsigned jobs) {
  std::ofstream(folder.path() / "fleet.jsonnet", std::ios::binary) << jsonnet_text(services);
  shell(fmt::format("cd '{}' && jsonnet fleet.jsonnet > peer.json", folder.path().string()));
  check_equal(evaluate(fleet_texts(services), jobs), without_space(folder.read("peer.json")));
}

void run(const Arguments& arguments, std::size_t services, bool with_peer) {
  const unsigned jobs = static_cast<unsigned>(arguments.number("--jobs", default_jobs()));
  const test::TemporaryFolder folder;
  const std::vector<diag::FleetText> texts = fleet_texts(services);
  std::vector<std::filesystem::path> files;
  for (const diag::FleetText& text : texts) files.push_back(folder.write(fmt::format("{}.fleet", files.size()), text.text));
  const std::string json = evaluate(texts, jobs);
  const std::filesystem::path out = folder.path() / "out.json";
  const auto ours = [&] {
    std::vector<diag::FleetText> read;
    for (std::size_t i = 0; i < files.size(); ++i) read.push_back({texts[i].path, read_file(files[i])});
    std::ofstream(out, std::ios::binary) << evaluate(read, jobs);
  };
  std::vector<Contender> contenders = {{Role::ours, "muster", ours}};
  if (with_peer && has_program("jsonnet")) compare_with_jsonnet(folder, services, jobs);
  if (arguments.peers()) {
    const auto peer = [&] {
      if (!with_peer) leave_out("takes minutes at this size; --full runs it");
      if (!has_program("jsonnet")) leave_out("not installed");
      shell(fmt::format("cd '{}' && jsonnet fleet.jsonnet > peer.json", folder.path().string()));
    };
    contenders.push_back({Role::peer, "jsonnet", peer, 1});
  }
  contenders.push_back({Role::limit, "read and write the bytes", [&] { move_bytes(files, json, out); }});
  const std::vector<Figure> figures = measure(contenders, arguments.runs(9));
  report({"W1", fmt::format("evaluate {} services × 3 environments × 3 needs to {} of JSON", with_commas(services), megabytes(json.size())),
          services == 10'000 ? "≤ 60 ms, ≤ 5 × the limit" : "", peak_memory_mib()},
         figures);
}

void run_all(const Arguments& arguments) {
  const auto jobs = static_cast<unsigned>(arguments.number("--jobs", default_jobs()));
  if (arguments.slope()) {
    report_slope("W1", arguments.full(),
                 [&](std::size_t count) -> std::function<void()> { return [texts = fleet_texts(count), jobs] { evaluate(texts, jobs); }; });
    return;
  }
  run(arguments, 1'000, arguments.peers());
  run(arguments, arguments.number("--services", 10'000), arguments.peers() && arguments.full());
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) {
  return muster::bench::run_main(argc, argv, "bench_w1 [--services N] [--jobs N] [--slope]", muster::bench::run_all);
}

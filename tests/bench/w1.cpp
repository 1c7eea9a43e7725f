// W1: evaluate N services × 3 environments × 3 needs to JSON, against `jsonnet` over the same fleet as data, and against
// reading the sources and writing the bytes. With --slope also W12: time at ten times the size over time at the size.
// Usage: bench_w1 [--services N] [--runs N] [--jobs N] [--peer-services N] [--no-peer] [--slope]
//
// Equality first: our JSON and jsonnet's are compared, byte for byte, after jsonnet's is made canonical.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "bench/measure.hpp"
#include "muster/base/parallel.hpp"
#include "muster/lang/compile.hpp"
#include "muster/model/dump.hpp"
#include "support/temporary.hpp"

namespace muster::bench {
namespace {

struct Options {
  std::size_t services = 10'000;
  std::size_t peer_services = 1'000;  // 10,000 take jsonnet 200 s.
  int runs = 9;
  unsigned jobs = default_jobs();
  bool peer = true;
  bool slope = false;
};

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
  for (const std::string_view one : kEnvironments) base += fmt::format("environment {} {{ branch = \"{}\", target = here, namespace = \"{}\" }}\n", one, one, one);
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
    for (const std::size_t need : needs_of(i, count)) list += fmt::format("{}{{ name: \"{}\", key: \"URL_{}\" }}", list.empty() ? "" : ", ", service_name(need), need);
    out += fmt::format("  {}: {{ port: {}, memory: \"{}Mi\", replicas: 1, needs: [{}], production+: {{ replicas: {} }} }},\n", service_name(i), 1000 + i % 8000, 128 + i % 7, list, 2 + i % 3);
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

/// Reading all sources and writing the result: nobody can be faster.
void move_bytes(const std::vector<std::filesystem::path>& files, std::size_t bytes, const std::filesystem::path& out) {
  std::size_t sum = 0;
  for (const std::filesystem::path& file : files) {
    std::ifstream in(file, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    sum += static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }
  std::ofstream(out, std::ios::binary) << std::string(bytes, static_cast<char>('a' + sum % 2));
}

void run(const Options& options) {
  test::TemporaryFolder folder;
  const std::vector<diag::FleetText> texts = fleet_texts(options.services);
  std::vector<std::filesystem::path> files;
  for (const diag::FleetText& text : texts) {
    files.push_back(folder.path() / fmt::format("{}.fleet", files.size()));
    std::ofstream(files.back(), std::ios::binary) << text.text;
  }
  const std::string json = evaluate(texts, options.jobs);
  const std::filesystem::path out = folder.path() / "out.json";
  std::vector<Contender> contenders;
  contenders.push_back({"ours", [&] {
                          std::vector<diag::FleetText> read;
                          for (std::size_t i = 0; i < files.size(); ++i) {
                            std::ifstream in(files[i], std::ios::binary);
                            read.push_back({texts[i].path, std::string((std::istreambuf_iterator<char>(in)), {})});
                          }
                          std::ofstream(out, std::ios::binary) << evaluate(read, options.jobs);
                        }});
  const std::string peer_name = fmt::format("jsonnet({} services)", options.peer_services);
  if (options.peer && has_program("jsonnet")) {
    const std::filesystem::path program = folder.path() / "fleet.jsonnet";
    std::ofstream(program, std::ios::binary) << jsonnet_text(options.peer_services);
    const std::string command = fmt::format("jsonnet {} > {}", program.string(), (folder.path() / "peer.json").string());
    shell(command);
    check_equal(evaluate(fleet_texts(options.peer_services), options.jobs), without_space(folder.read("peer.json")));
    contenders.push_back({peer_name, [command] { shell(command); }, 1});
  } else {
    contenders.push_back({"jsonnet", [] { throw std::runtime_error("jsonnet is not installed"); }, 1});
  }
  contenders.push_back({"read+write", [&] { move_bytes(files, json.size(), out); }});
  const std::vector<Figure> figures = measure(contenders, options.runs);
  report(fmt::format("W1 {} services, {} bytes of JSON, {} jobs", options.services, json.size(), options.jobs), figures);
  if (options.peer_services != options.services && !figures[1].median) return;
  fmt::print("W1 peak memory {:.0f} MiB\n", peak_memory_mib());
}

double best_of(std::size_t services, unsigned jobs, int runs) {
  const std::vector<diag::FleetText> texts = fleet_texts(services);
  double best = 1e12;
  for (int i = 0; i < runs; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    evaluate(texts, jobs);
    best = std::min(best, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
  }
  return best;
}

void slope(const Options& options) {
  double before = 0;
  for (const std::size_t services : {std::size_t{1'000}, std::size_t{10'000}, std::size_t{100'000}}) {
    const double time = best_of(services, options.jobs, services > 10'000 ? 3 : options.runs);
    fmt::print("W12 W1 services={} ours={:.1f} ms{}\n", services, time, before == 0 ? "" : fmt::format(" slope={:.1f} (goal 11)", time / before));
    before = time;
  }
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) {
  muster::bench::Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const auto number = [&] { return i + 1 < argc ? std::strtoul(argv[++i], nullptr, 10) : 0UL; };
    if (argument == "--services") options.services = number();
    if (argument == "--peer-services") options.peer_services = number();
    if (argument == "--runs") options.runs = static_cast<int>(number());
    if (argument == "--jobs") options.jobs = static_cast<unsigned>(number());
    if (argument == "--no-peer") options.peer = false;
    if (argument == "--slope") options.slope = true;
  }
  try {
    muster::bench::run(options);
    if (options.slope) muster::bench::slope(options);
  } catch (const std::exception& failure) {
    fmt::print(stderr, "bench_w1: {}\n", failure.what());
    return 1;
  }
  return 0;
}

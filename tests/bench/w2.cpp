// W2: the real binary plans N chained instances of one object each: all new, and nothing changed; against `terraform plan`
// of as many chained resources, and against looking at and reading the state. --slope is W12.
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <fmt/format.h>

#include "bench/arguments.hpp"
#include "bench/measure.hpp"
#include "support/temporary.hpp"

namespace muster::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kServicesAFile = 100;

/// N services in a row, each one needing the one before; terraform_data is what one of them is to terraform.
void write_fleet(const test::TemporaryFolder& folder, std::size_t count) {
  folder.write("fleet/fleet.fleet",
               "fleet chain { language = \"1.0\" }\n"
               "target here : directory { path = \"out\" }\n"
               "environment production { branch = \"main\", target = here, namespace = \"chain\" }\n");
  folder.write("fleet/kinds.fleet",
               "kind unit for service {\n"
               "  param size: int = 1\n"
               "  object ConfigMap {\n    apiVersion = \"v1\"\n    data = { size = \"\\(size)\", after = \"\\(edges.size())\" }\n  }\n"
               "}\n");
  for (std::size_t begin = 0; begin < count; begin += kServicesAFile) {
    std::string text;
    for (std::size_t i = begin; i < std::min(count, begin + kServicesAFile); ++i) {
      const std::string needs = i == 0 ? "" : fmt::format(", needs = [unit-{:06}]", i - 1);
      text += fmt::format("service unit-{:06} : unit {{ size = {}{} }}\n", i, i % 97, needs);
    }
    folder.write(fmt::format("fleet/services/s{:05}.fleet", begin / kServicesAFile), text);
  }
}

void write_terraform(const test::TemporaryFolder& folder, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string needs = i == 0 ? "" : fmt::format("  depends_on = [terraform_data.unit{:06}]\n", i - 1);
    text += fmt::format("resource \"terraform_data\" \"unit{:06}\" {{\n  input = {}\n{}}}\n", i, i % 97, needs);
  }
  folder.write("terraform/main.tf", text);
}

/// Every file below a folder looked at and read once.
std::size_t read_all(const fs::path& folder) {
  std::size_t bytes = 0;
  std::string buffer;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    buffer.resize(entry.file_size());
    std::ifstream(entry.path(), std::ios::binary).read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    bytes += buffer.size();
  }
  return bytes;
}

struct Chain {
  explicit Chain(std::size_t count) : fleet(folder.path() / "fleet"), services(count) { write_fleet(folder, count); }

  void muster(const std::vector<std::string>& words) {
    std::vector<std::string> command = {MUSTER_BINARY};
    command.insert(command.end(), words.begin(), words.end());
    memory = std::max(memory, run_to_end(command, fleet.string()));
  }

  void report_plan(const Arguments& arguments, const std::string& what, bool with_peer) {
    std::vector<Contender> contenders = {{Role::ours, "muster plan", [&] { muster({"plan"}); }}};
    if (arguments.peers()) {
      const auto peer = [&] {
        if (!has_program("terraform")) leave_out("not installed");
        if (!with_peer) leave_out("takes minutes at this size; --full runs it");
        run_to_end({"terraform", "plan", "-refresh=false", "-input=false"}, (folder.path() / "terraform").string());
      };
      contenders.push_back({Role::peer, "terraform plan", peer, 1});
    }
    contenders.push_back({Role::limit, "look at and read every file", [&] { read_all(fleet); }});
    memory = 0;
    const std::vector<Figure> figures = measure(contenders, arguments.runs(5));
    report({"W2", fmt::format("plan {} chained instances, {}", with_commas(services), what), services == 10'000 ? "≤ 50 ms, ≤ 64 MB" : "",
            memory},
           figures);
  }

  test::TemporaryFolder folder;
  fs::path fleet;
  std::size_t services;
  double memory = 0;
};

void run(const Arguments& arguments, std::size_t services, bool with_peer) {
  Chain chain(services);
  write_terraform(chain.folder, services);
  const std::string terraform = (chain.folder.path() / "terraform").string();
  with_peer = with_peer && has_program("terraform");
  if (with_peer) run_to_end({"terraform", "init", "-input=false"}, terraform);
  chain.report_plan(arguments, "all new", with_peer);
  if (with_peer) run_to_end({"terraform", "apply", "-input=false", "-auto-approve"}, terraform);
  chain.muster({"apply"});
  chain.report_plan(arguments, "nothing changed", with_peer);
}

void run_all(const Arguments& arguments) {
  if (arguments.slope()) {
    return report_slope("W2", arguments.full(), [](std::size_t services) -> std::function<void()> {
      return [chain = std::make_shared<Chain>(services)] { chain->muster({"plan"}); };
    });
  }
  run(arguments, 1'000, arguments.peers());
  run(arguments, arguments.number("--services", 10'000), arguments.peers() && arguments.full());
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) { return muster::bench::run_main(argc, argv, "bench_w2 [--services N] [--slope]", muster::bench::run_all); }

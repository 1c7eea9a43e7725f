// The tags of N repositories of a registry, as a pass over watched images asks for them: one listing a repository. Ours is
// Registries::tags; the peer is `xargs -P8 skopeo list-tags`; the limit replays the very bytes of our requests over kept
// connections, which is what h2load and wrk do.
#include <stdexcept>

#include <fmt/core.h>

#include "bench/arguments.hpp"
#include "bench/measure.hpp"
#include "bench/replay.hpp"
#include "bench/repository.hpp"
#include "muster/base/parallel.hpp"
#include "muster/base/world.hpp"
#include "muster/registry/registry.hpp"
#include "support/map_secrets.hpp"
#include "support/registry_server.hpp"
#include "support/temporary.hpp"

namespace muster::bench {
namespace {

constexpr int kTags = 5;

struct Options {
  std::size_t repositories;
  unsigned jobs;
};

std::string name_of(std::size_t index) { return fmt::format("shop/r{:05}", index); }

struct Bench {
  explicit Bench(const Options& the_options) : options(the_options) {
    // As a server of a team, with its log in a file; the contents of all repositories are those of the first.
    for (int i = 0; i < kTags; ++i) server.push(name_of(0), fmt::format("1.{}.0", i), fmt::format("{}", i));
    const auto repositories = server.root() / "docker/registry/v2/repositories";
    std::string urls = fmt::format("docker://{}/{}\n", server.host(), name_of(0));
    for (std::size_t i = 1; i < options.repositories; ++i) {
      std::filesystem::copy(repositories / name_of(0), repositories / name_of(i), std::filesystem::copy_options::recursive);
      urls += fmt::format("docker://{}/{}\n", server.host(), name_of(i));
    }
    folder.write("urls", urls);
    client = http::make_client(world);
    registries = registry::make_registries(world, *client, secrets, {});
    access.plain_http = true;
  }

  std::size_t ours() {
    std::vector<std::size_t> counts(options.repositories);
    for_each_index(counts.size(), options.jobs, [&](std::size_t i) {
      model::ImageReference repository;
      repository.host = server.host();
      repository.repository = name_of(i);
      counts[i] = need(registries->tags(access, repository, {})).size();
    });
    return sum(counts);
  }

  std::size_t limit() {
    std::vector<std::size_t> counts(options.repositories);
    std::vector<std::unique_ptr<Replay>> connections(options.jobs);
    for_each_index(connections.size(), options.jobs, [&](std::size_t job) {
      connections[job] = std::make_unique<Replay>(server.port());
      for (std::size_t i = job; i < counts.size(); i += connections.size()) {
        const std::string answer = connections[job]->exchange(fmt::format(
            "GET /v2/{}/tags/list?n=1000 HTTP/1.1\r\nHost: {}\r\nUser-Agent: muster\r\nAccept: */*\r\n\r\n", name_of(i), server.host()));
        for (auto at = answer.find(".0\""); at != std::string::npos; at = answer.find(".0\"", at + 1)) ++counts[i];
      }
    });
    return sum(counts);
  }

  void peer() const {
    const std::string command = fmt::format("xargs -a '{}' -P{} -I% skopeo list-tags --tls-verify=false % | grep -c '\"1\\.'",
                                            (folder.path() / "urls").string(), options.jobs);
    if (std::stoul(shell(command)) != expected()) throw std::runtime_error("skopeo list-tags did not list all tags");
  }

  static std::size_t sum(const std::vector<std::size_t>& counts) {
    std::size_t out = 0;
    for (const std::size_t count : counts) out += count;
    return out;
  }
  [[nodiscard]] std::size_t expected() const { return options.repositories * kTags; }

  const Options& options;
  test::TemporaryFolder folder;
  test::RegistryServer server;
  World world = system_world();
  muster::test::MapSecrets secrets;
  std::unique_ptr<http::Client> client;
  std::unique_ptr<registry::Registries> registries;
  registry::Access access;
};

void run(const Arguments& arguments) {
  if (const auto missing = test::RegistryServer::missing()) {
    fmt::print("tags  not measured: {}\n", *missing);
    return;
  }
  const Options options{arguments.number("--repositories", 200), static_cast<unsigned>(arguments.number("--jobs", 8))};
  Bench bench(options);
  if (bench.ours() != bench.expected() || bench.limit() != bench.expected())
    throw std::runtime_error("ours and the replay do not list the same tags");
  std::vector<Contender> contenders = {{Role::ours, "muster", [&] { bench.ours(); }}};
  if (arguments.peers() && has_program("skopeo"))
    contenders.push_back({Role::peer, fmt::format("xargs -P{} skopeo list-tags", options.jobs), [&] { bench.peer(); }, 1});
  contenders.push_back({Role::limit, "replay over kept connections", [&] { bench.limit(); }});
  report({"tags", fmt::format("{} tags of {} repositories of a registry", with_commas(bench.expected()), with_commas(options.repositories)),
          "≥ 90 % of the limit, one request a repository", peak_memory_mib()},
         measure(contenders, arguments.runs(5)));
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) {
  return muster::bench::run_main(argc, argv, "bench_tags [--repositories N] [--jobs N]", muster::bench::run);
}

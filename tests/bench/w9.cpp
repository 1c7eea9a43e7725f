// W9: one commit behind a repository of many commits and refs, over http. Ours is Remotes::fetch of one branch; the peers
// are `git fetch origin main` and a plain `git fetch`. Each run pushes a commit of its own first, then all bring it.
// Bytes are those the server counted, both ways, headers included.
#include <algorithm>
#include <chrono>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <fmt/core.h>

#include "bench/arguments.hpp"
#include "bench/measure.hpp"
#include "bench/repository.hpp"
#include "muster/base/world.hpp"
#include "support/git_repository.hpp"
#include "support/git_server.hpp"
#include "support/map_secrets.hpp"
#include "support/temporary.hpp"

namespace muster::bench {
namespace {

struct Options {
  std::size_t commits;
  std::size_t refs;
};

/// A monorepo of a thousand folders; every commit changes one file of one of them.
void fill(test::GitRepository& repository, const Options& options) {
  std::string stream;
  for (std::size_t i = 0; i < options.commits; ++i) {
    const std::string text = fmt::format("image: registry.example/app:{}\nreplicas: {}\n", i, i % 7);
    stream += fmt::format(
        "commit refs/heads/main\ncommitter Ada <ada@example.org> {} +0000\ndata 6\nchange\nM 100644 inline apps/app-{:04}/app.yaml\ndata "
        "{}\n{}\n",
        1'600'000'000 + i, i % 1000, text.size(), text);
  }
  repository.import(stream);
  const std::string tip = repository.tip();
  std::string refs;
  for (std::size_t i = 0; i < options.refs; ++i) refs += fmt::format("create refs/heads/topic/{:05} {}\n", i, tip);
  repository.git({"update-ref", "--stdin"}, refs);
  repository.git({"repack", "-adq"});
  repository.git({"pack-refs", "--all"});
}

struct Cost {
  std::vector<double> times;
  std::vector<double> cpu;
  std::vector<std::uint64_t> bytes;

  [[nodiscard]] Figure figure(Role role, const std::string& name) const {
    std::vector<double> sorted = times;
    std::sort(sorted.begin(), sorted.end());
    return {role, name, sorted[sorted.size() / 2], sorted.front(), *std::min_element(cpu.begin(), cpu.end()), {}};
  }
  [[nodiscard]] std::uint64_t median_bytes() const {
    std::vector<std::uint64_t> sorted = bytes;
    std::sort(sorted.begin(), sorted.end());
    return sorted[sorted.size() / 2];
  }
};

/// nginx writes a line after the client has its answer, so the sum is read once it stands still.
std::uint64_t bytes_counted(const test::GitHttpServer& server) {
  std::string log = server.access_log(0);
  for (std::string before; before != log;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    before = std::exchange(log, server.access_log(0));
  }
  std::uint64_t out = 0;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    const auto received = line.rfind(' ');
    const auto sent = line.rfind(' ', received - 1);
    out += std::stoull(line.substr(received + 1)) + std::stoull(line.substr(sent + 1, received - sent - 1));
  }
  return out;
}

void measure_into(Cost& cost, const test::GitHttpServer& server, const std::function<void()>& work) {
  const std::uint64_t before = bytes_counted(server);
  const Spent spent = run_once(work);
  cost.times.push_back(spent.wall);
  cost.cpu.push_back(spent.cpu);
  cost.bytes.push_back(bytes_counted(server) - before);
}

void run(const Arguments& arguments) {
  if (const auto missing = test::GitHttpServer::missing()) {
    fmt::print("W9  not measured: {}\n", *missing);
    return;
  }
  const Options options{arguments.number("--commits", 100'000), arguments.number("--refs", 10'000)};
  const test::TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "root");
  test::GitRepository source(folder.path() / "root/mono.git");
  fill(source, options);
  const test::GitHttpServer server({folder.path() / "root", false, "", "", 4, true});
  const World world = system_world();
  muster::test::MapSecrets secrets;
  const auto remotes = git::make_remotes(world, secrets, folder.path() / "mirrors", git::TransferLimits{});
  git::Remote remote;
  remote.url = server.url("mono.git");
  const std::vector<std::string> branch = {"refs/heads/main"};
  const std::string clone = (folder.path() / "clone.git").string();
  const std::string size = fmt::format("a repository of {} commits, {} refs", with_commas(options.commits), with_commas(options.refs));

  std::shared_ptr<git::Repository> mirror;
  std::vector<Contender> firsts = {{Role::ours, "muster", [&] { mirror = need(remotes->fetch(remote, branch, {})); }, 1}};
  if (arguments.peers()) {
    const auto first = [&] {
      test::run_program(
          {"git", "clone", "-q", "--bare", "--config", "remote.origin.fetch=+refs/heads/*:refs/remotes/origin/*", remote.url, clone});
    };
    firsts.push_back({Role::peer, "git clone --bare", first, 1});
  }
  report({"W9", "first fetch of one branch of " + size, "", 0}, measure(firsts, 1));

  Cost ours;
  Cost one_branch;
  Cost all_branches;
  const auto land = [&](int turn) {
    return source.commit(
        {{fmt::format("apps/app-{:04}/app.yaml", turn % 1000), fmt::format("image: registry.example/app:new-{}\n", turn)}});
  };
  int turn = 0;
  for (int i = 0; i < arguments.runs(5); ++i) {
    const std::string tip = land(turn++);
    measure_into(ours, server, [&] { need(remotes->fetch(remote, branch, {})); });
    if (need(mirror->ref("refs/heads/main"))->text() != tip) throw std::runtime_error("ours did not bring the commit");
    if (!arguments.peers()) continue;
    measure_into(one_branch, server, [&] { test::run_program({"git", "-C", clone, "fetch", "-q", "origin", "main"}); });
    land(turn++);
    measure_into(all_branches, server, [&] { test::run_program({"git", "-C", clone, "fetch", "-q"}); });
    need(remotes->fetch(remote, branch, {}));
  }
  std::vector<Figure> figures = {ours.figure(Role::ours, "muster")};
  std::string bytes;
  if (arguments.peers()) {
    figures.push_back(one_branch.figure(Role::peer, "git fetch origin main"));
    figures.push_back(all_branches.figure(Role::peer, "git fetch"));
    bytes = fmt::format(" ({:.2f} × the bytes of git fetch origin main)",
                        static_cast<double>(ours.median_bytes()) / static_cast<double>(one_branch.median_bytes()));
  }
  report({"W9", "one commit behind " + size + bytes, "≤ 0.5 × git's time, ≤ 1.02 × its bytes", 0}, figures);
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) { return muster::bench::run_main(argc, argv, "bench_w9 [--commits N] [--refs N]", muster::bench::run); }

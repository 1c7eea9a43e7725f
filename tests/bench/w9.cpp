// W9: one commit behind a repository of many commits and refs, over http. Ours is Remotes::fetch of one branch; the peers
// are `git fetch origin main` and a plain `git fetch`. Each run pushes a commit of its own first, then all bring it.
// Bytes are those the server counted, both ways, headers included.
// Usage: bench_w9 [--commits N] [--refs N] [--runs N] [--no-peer]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <fmt/core.h>

#include "bench/measure.hpp"
#include "bench/repository.hpp"
#include "muster/base/world.hpp"
#include "support/git_repository.hpp"
#include "support/git_server.hpp"
#include "support/temporary.hpp"

namespace muster::bench {
namespace {

struct Options {
  std::size_t commits = 10'000;
  std::size_t refs = 1'000;
  int runs = 5;
  bool peer = true;
};

class NoSecrets final : public Secrets {
 public:
  Result<std::string> resolve(std::string_view) override { return stalled(Reason::absent, "no secrets here"); }
};

/// A monorepo of a thousand folders; every commit changes one file of one of them.
void fill(test::GitRepository& repository, const Options& options) {
  std::string stream;
  for (std::size_t i = 0; i < options.commits; ++i) {
    const std::string text = fmt::format("image: registry.example/app:{}\nreplicas: {}\n", i, i % 7);
    stream += fmt::format("commit refs/heads/main\ncommitter Ada <ada@example.org> {} +0000\ndata 6\nchange\nM 100644 inline apps/app-{:04}/app.yaml\ndata {}\n{}\n",
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
  std::vector<std::uint64_t> bytes;

  [[nodiscard]] Figure figure(const std::string& name) const {
    std::vector<double> sorted = times;
    std::sort(sorted.begin(), sorted.end());
    return {name, sorted[sorted.size() / 2], sorted.front(), {}};
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
  const auto begin = std::chrono::steady_clock::now();
  work();
  cost.times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
  cost.bytes.push_back(bytes_counted(server) - before);
}

void run(const Options& options) {
  if (const auto missing = test::GitHttpServer::missing()) {
    fmt::print("W9 not measured: {}\n", *missing);
    return;
  }
  const test::TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "root");
  test::GitRepository source(folder.path() / "root/mono.git");
  fill(source, options);
  const test::GitHttpServer server({folder.path() / "root", false, "", "", 4, true});
  const World world = system_world();
  NoSecrets secrets;
  const auto remotes = git::make_remotes(world, secrets, folder.path() / "mirrors", git::TransferLimits{});
  git::Remote remote;
  remote.url = server.url("mono.git");
  const std::vector<std::string> branch = {"refs/heads/main"};

  const auto begin = std::chrono::steady_clock::now();
  const auto mirror = need(remotes->fetch(remote, branch, {}));
  const double whole = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  const std::string clone = (folder.path() / "clone.git").string();
  const double git_whole = [&] {
    const auto start = std::chrono::steady_clock::now();
    if (options.peer) test::run_program({"git", "clone", "-q", "--bare", "--config", "remote.origin.fetch=+refs/heads/*:refs/remotes/origin/*", remote.url, clone});
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  }();

  Cost ours;
  Cost one_branch;
  Cost all_branches;
  const auto land = [&](int turn) { return source.commit({{fmt::format("apps/app-{:04}/app.yaml", turn % 1000), fmt::format("image: registry.example/app:new-{}\n", turn)}}); };
  int turn = 0;
  for (int i = 0; i < options.runs; ++i) {
    const std::string tip = land(turn++);
    measure_into(ours, server, [&] { need(remotes->fetch(remote, branch, {})); });
    if (need(mirror->ref("refs/heads/main"))->text() != tip) throw std::runtime_error("ours did not bring the commit");
    if (!options.peer) continue;
    measure_into(one_branch, server, [&] { test::run_program({"git", "-C", clone, "fetch", "-q", "origin", "main"}); });
    land(turn++);
    measure_into(all_branches, server, [&] { test::run_program({"git", "-C", clone, "fetch", "-q"}); });
    need(remotes->fetch(remote, branch, {}));
  }
  const std::string name = fmt::format("W9 {} commits {} refs", options.commits, options.refs);
  if (!options.peer) {
    report(name, {ours.figure("ours")});
    return;
  }
  report(name, {ours.figure("ours"), one_branch.figure("git fetch origin main")});
  report(name, {ours.figure("ours"), all_branches.figure("git fetch")});
  fmt::print("{} bytes ours={} git fetch origin main={} git fetch={} ratio={:.3f}\n", name, ours.median_bytes(), one_branch.median_bytes(),
             all_branches.median_bytes(), static_cast<double>(ours.median_bytes()) / static_cast<double>(one_branch.median_bytes()));
  fmt::print("{} first fetch ours={:.0f} peer=git clone --bare:{:.0f}\n", name, whole, git_whole);
}

Options read_options(int argc, char** argv) {
  Options out;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    const auto number = [&] { return i + 1 < argc ? std::strtoul(argv[++i], nullptr, 10) : 0; };
    if (flag == "--commits") out.commits = number();
    if (flag == "--refs") out.refs = number();
    if (flag == "--runs") out.runs = static_cast<int>(number());
    if (flag == "--no-peer") out.peer = false;
  }
  return out;
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) {
  try {
    muster::bench::run(muster::bench::read_options(argc, argv));
    return 0;
  } catch (const std::exception& failure) {
    fmt::print(stderr, "W9 failed: {}\n", failure.what());
    return 1;
  }
}

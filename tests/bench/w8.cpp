// W8: N repositories behind http, none of whose branches moved: one look at all of them. Ours is Remotes::list_refs, one
// request a repository; the peer is `xargs -P8 git ls-remote`; the limit replays the very bytes of our requests over kept
// connections.
#include <stdexcept>

#include <fmt/core.h>

#include "bench/arguments.hpp"
#include "bench/measure.hpp"
#include "bench/replay.hpp"
#include "bench/repository.hpp"
#include "muster/base/parallel.hpp"
#include "muster/base/world.hpp"
#include "support/git_repository.hpp"
#include "support/git_server.hpp"
#include "support/map_secrets.hpp"
#include "support/temporary.hpp"

namespace muster::bench {
namespace {

struct Options {
  std::size_t repositories;
  unsigned jobs;
};

std::string name_of(std::size_t index) { return fmt::format("r{:05}.git", index); }

void make_repositories(const std::filesystem::path& root, std::size_t count) {
  std::filesystem::create_directories(root);
  test::GitRepository first(root / name_of(0));
  first.commit({{"deploy/app.yaml", "kind: Deployment\n"}, {"README", "text\n"}});
  first.git({"branch", "staging", "main"});
  first.git({"pack-refs", "--all"});
  for (std::size_t i = 1; i < count; ++i) {
    std::filesystem::copy(first.path(), root / name_of(i), std::filesystem::copy_options::recursive);
    if (i % 10 == 0) test::run_program({"git", "-C", (root / name_of(i)).string(), "update-ref", "refs/heads/extra", "main"});
  }
}

/// The bytes that ours sends, so that the server does the same work for the limit.
std::string request_for(int port, std::size_t index) {
  const std::string body =
      "0014command=ls-refs\n0010agent=muster0001000csymrefs\n0014ref-prefix HEAD\n001fref-prefix refs/heads/main\n0000";
  return fmt::format(
      "POST /{}/git-upload-pack HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nUser-Agent: muster\r\nAccept: */*\r\n"
      "Content-Type: application/x-git-upload-pack-request\r\nGit-Protocol: version=2\r\nContent-Length: {}\r\n\r\n{}",
      name_of(index), port, body.size(), body);
}

struct Bench {
  explicit Bench(const Options& the_options) : options(the_options) {
    make_repositories(folder.path() / "root", options.repositories);
    server = std::make_unique<test::GitHttpServer>(test::GitHttpServer::Options{folder.path() / "root", false, "", "", 4, true});
    remotes = git::make_remotes(world, secrets, folder.path() / "mirrors", git::TransferLimits{});
    std::string urls;
    for (std::size_t i = 0; i < options.repositories; ++i) urls += server->url(name_of(i)) + "\n";
    folder.write("urls", urls);
  }

  std::vector<std::string> ours() {
    static const std::vector<std::string> kMain = {"refs/heads/main"};
    std::vector<std::string> tips(options.repositories);
    for_each_index(tips.size(), options.jobs, [&](std::size_t i) {
      git::Remote remote;
      remote.url = server->url(name_of(i));
      auto listing = remotes->list_refs(remote, kMain, {});
      tips[i] = listing.ok() && !listing->refs.empty() ? listing->refs[0].id.text() : "none";
    });
    return tips;
  }

  std::vector<std::string> limit() {
    std::vector<std::string> tips(options.repositories);
    std::vector<std::unique_ptr<Replay>> connections(options.jobs);
    for_each_index(connections.size(), options.jobs, [&](std::size_t job) {
      connections[job] = std::make_unique<Replay>(server->port());
      for (std::size_t i = job; i < tips.size(); i += connections.size()) {
        const std::string answer = connections[job]->exchange(request_for(server->port(), i));
        const auto at = answer.find(" refs/heads/main");
        tips[i] = at == std::string::npos || at < 40 ? "none" : answer.substr(at - 40, 40);
      }
    });
    return tips;
  }

  void peer() const {
    const std::string command = fmt::format("xargs -a '{}' -P{} -I% git -c protocol.version=2 ls-remote % refs/heads/main | wc -l",
                                            (folder.path() / "urls").string(), options.jobs);
    const std::string lines = shell(command);
    if (std::stoul(lines) != options.repositories) throw std::runtime_error("git ls-remote did not list all repositories: " + lines);
  }

  const Options& options;
  test::TemporaryFolder folder;
  World world = system_world();
  muster::test::MapSecrets secrets;
  std::unique_ptr<test::GitHttpServer> server;
  std::unique_ptr<git::Remotes> remotes;
};

void run(const Arguments& arguments) {
  if (const auto missing = test::GitHttpServer::missing()) {
    fmt::print("W8  not measured: {}\n", *missing);
    return;
  }
  const Options options{arguments.number("--repositories", 1'000), static_cast<unsigned>(arguments.number("--jobs", 8))};
  Bench bench(options);
  const std::vector<std::string> expected = bench.limit();
  if (bench.ours() != expected || expected.at(0) == "none") throw std::runtime_error("ours and the replay do not list the same commits");
  for (const auto& [url, count] : bench.remotes->requests()) {
    if (count != 1) throw std::runtime_error(fmt::format("{} was asked {} times", url, count));
  }
  std::vector<Contender> contenders = {{Role::ours, "muster", [&] { bench.ours(); }}};
  if (arguments.peers())
    contenders.push_back({Role::peer, fmt::format("xargs -P{} git ls-remote", options.jobs), [&] { bench.peer(); }, 1});
  contenders.push_back({Role::limit, "replay over kept connections", [&] { bench.limit(); }});
  report({"W8", fmt::format("{} repositories over HTTP, no branch moved", with_commas(options.repositories)),
          "≤ 1.05 × the limit, one request a URL", peak_memory_mib()},
         measure(contenders, arguments.runs(5)));
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) {
  return muster::bench::run_main(argc, argv, "bench_w8 [--repositories N] [--jobs N]", muster::bench::run);
}

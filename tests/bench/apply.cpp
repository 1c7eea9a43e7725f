// The whole path by the real binary: N services of four objects each, all in one monorepo or each in a repository of its
// own (on the disk; behind git's http-backend), applied to a directory: first, again with nothing to do, and after one line
// changed. That there is nothing to do is counted, not believed: no file is written and no ref moves, and over HTTP each
// repository is asked once. The limits do what no tool can leave out: as many files written, replaced by renaming and made
// durable once; as many files looked at.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <stdexcept>

#include <fmt/format.h>

#include "bench/applications.hpp"
#include "bench/arguments.hpp"
#include "bench/measure.hpp"
#include "support/git_server.hpp"
#include "support/temporary.hpp"

namespace muster::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kObjects = 4;
constexpr const char* kGit = "git -c user.name=bench -c user.email=bench@localhost";

enum class Sources { monorepo, folders, http };

struct World {
  World(std::size_t count, Sources from) : services(count), sources(from), fleet(folder.path() / "fleet") {
    if (sources == Sources::http)
      server = std::make_unique<test::GitHttpServer>(test::GitHttpServer::Options{folder.path() / "repositories", false, "", "", 4, true});
    folder.write("fleet/fleet.fleet",
                 "fleet bench { language = \"1.0\" }\n"
                 "target here : directory { path = \"out\" }\n"
                 "environment production { branch = \"main\", target = here, namespace = \"shop\" }\n");
    if (sources == Sources::monorepo) write_applications(folder.path() / "mono", count);
    for (std::size_t i = 0; i < count; ++i) {
      const std::string name = application_name(i);
      if (sources != Sources::monorepo) {
        folder.write(fmt::format("repositories/{}/apps/{}/app.yaml", name, name), application_yaml(i));
        shell(fmt::format("cd '{}' && git init -q -b main && git add -A && {} commit -q -m first", repository(i).string(), kGit));
      }
      folder.write(fmt::format("fleet/services/{}.fleet", name),
                   fmt::format("service {} : std.manifests {{ repo = \"{}\", path = \"apps/{}\" }}\n", name, url(name), name));
    }
  }

  [[nodiscard]] std::string url(const std::string& name) const {
    if (sources == Sources::http) return server->url(name + "/.git");
    return sources == Sources::monorepo ? "../../mono" : "../../repositories/" + name;
  }
  [[nodiscard]] fs::path repository(std::size_t i) const {
    return sources == Sources::monorepo ? folder.path() / "mono" : folder.path() / "repositories" / application_name(i);
  }

  void apply() { memory = std::max(memory, run_to_end({MUSTER_BINARY, "apply"}, fleet.string())); }

  /// As before the first apply. Moved away, not removed: file systems are slow to give out again what was just removed.
  void forget() {
    const fs::path attic = folder.path() / fmt::format("attic-{}", ++forgotten);
    fs::create_directories(attic);
    for (const char* name : {"out", ".muster"}) {
      if (fs::exists(fleet / name)) fs::rename(fleet / name, attic / name);
    }
  }

  void change_one_line() {
    const std::size_t i = services / 2;
    std::string text = application_yaml(i);
    text.replace(text.find("--level=info"), 12, fmt::format("--level=debug{}", ++changes));
    std::ofstream(repository(i) / "apps" / application_name(i) / "app.yaml", std::ios::binary) << text;
    shell(fmt::format("cd '{}' && {} commit -q -a -m change", repository(i).string(), kGit));
  }

  /// Requests that the server has answered so far, at least so many.
  [[nodiscard]] std::size_t requests(std::size_t least) const {
    const std::string log = server == nullptr ? std::string() : server->access_log(least);
    return static_cast<std::size_t>(std::count(log.begin(), log.end(), '\n'));
  }

  /// Inode and time of all files that applying may write; the locks alone are taken by every run.
  [[nodiscard]] std::map<std::string, std::pair<ino_t, std::int64_t>> files() const {
    std::map<std::string, std::pair<ino_t, std::int64_t>> out;
    for (const char* name : {"out", ".muster"}) {
      for (const fs::directory_entry& entry : fs::recursive_directory_iterator(fleet / name)) {
        struct stat status {};
        if (entry.path().parent_path().filename() == "locks" || !entry.is_regular_file() || stat(entry.path().c_str(), &status) != 0)
          continue;
        out.emplace(entry.path().string(),
                    std::pair(status.st_ino, std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec));
      }
    }
    return out;
  }

  void check_nothing_is_done() {
    const std::size_t asked = requests(1);
    const auto before = files();
    apply();
    if (files() != before) throw std::runtime_error("a second apply wrote files");
    if (server == nullptr) return;
    const std::size_t more = requests(asked + services) - asked;
    if (more != services) throw std::runtime_error(fmt::format("a second apply sent {} requests to {} repositories", more, services));
  }

  [[nodiscard]] std::size_t objects() const {
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator(fleet / "out" / "shop")) count += entry.path().extension() == ".yaml" ? 1 : 0;
    return count;
  }

  test::TemporaryFolder folder;
  std::unique_ptr<test::GitHttpServer> server;
  std::size_t services;
  Sources sources;
  fs::path fleet;
  double memory = 0;
  int forgotten = 0;
  int changes = 0;
};

void write_files(const fs::path& folder, std::size_t count) {
  fs::create_directories(folder);
  const std::string text = application_yaml(0).substr(0, 500);
  for (std::size_t i = 0; i < count; ++i) {
    const fs::path path = folder / fmt::format("f{:06}", i);
    std::ofstream(path.string() + ".new", std::ios::binary) << text;
    fs::rename(path.string() + ".new", path);
  }
  const int opened = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (syncfs(opened) != 0) throw std::runtime_error("the disk refuses");
  close(opened);
}

void look_at_files(const fs::path& folder) {
  std::size_t bytes = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  if (bytes == 0) throw std::runtime_error("nothing is there");
}

/// The peer: only what it takes to get at the sources.
void clone_all(const World& world, const fs::path& into) {
  fs::create_directories(into);
  if (world.sources == Sources::monorepo) {
    shell(fmt::format("git clone -q --bare --no-local '{}' '{}'", world.repository(0).string(), (into / "mono").string()));
    return;
  }
  const std::string from = world.sources == Sources::http ? world.url("%") : (world.folder.path() / "repositories" / "%").string();
  shell(fmt::format("seq -f 'app-%04g' 0 {} | xargs -P8 -I% git clone -q --bare --no-local '{}' '{}/%'", world.services - 1, from,
                    into.string()));
}

void run(const Arguments& arguments, Sources sources, std::string_view where) {
  World world(arguments.number("--services", 1'000), sources);
  const std::string what = fmt::format("{} services × {} objects {}", with_commas(world.services), kObjects, where);
  int limits = 0;
  const auto first = [&] {
    world.forget();
    world.apply();
    if (world.objects() != world.services * kObjects) throw std::runtime_error("not all objects are there");
  };
  const auto clones = [&] { clone_all(world, world.folder.path() / fmt::format("clones-{}", ++limits)); };
  std::vector<Contender> contenders = {{Role::ours, "muster apply", first}};
  if (arguments.peers()) contenders.push_back({Role::peer, "git clone alone", clones, 1});
  contenders.push_back({Role::limit, "write and sync the files",
                        [&] { write_files(world.folder.path() / fmt::format("limit-{}", ++limits), world.services * kObjects); }});
  std::vector<Figure> figures = measure(contenders, arguments.runs(3));
  report({"apply", what + ", first", "", world.memory}, figures);

  world.check_nothing_is_done();
  world.memory = 0;
  contenders = {{Role::ours, "muster apply", [&] { world.apply(); }}};
  contenders.push_back({Role::limit, "look at the files", [&] { look_at_files(world.fleet / "out"); }});
  figures = measure(contenders, arguments.runs(5));
  const std::string counted =
      sources == Sources::http ? "0 files written, 0 refs moved, 1 request a repository" : "0 files written, 0 refs moved";
  report({"apply", what + ", again", counted, world.memory}, figures);

  world.memory = 0;
  const auto changed = [&] {
    world.change_one_line();
    world.apply();
  };
  figures = measure({{Role::ours, "git commit + muster apply", changed}}, arguments.runs(5));
  report({"apply", what + ", after one line changed", "", world.memory}, figures);
}

void run_all(const Arguments& arguments) {
  if (arguments.slope()) {
    return report_slope("first apply", arguments.full(), [](std::size_t services) -> std::function<void()> {
      return [world = std::make_shared<World>(services, Sources::monorepo)] {
        world->forget();
        world->apply();
      };
    });
  }
  run(arguments, Sources::monorepo, "in one monorepo");
  run(arguments, Sources::folders, "in a repository each");
  if (const auto missing = test::GitHttpServer::missing()) {
    fmt::print("apply  over HTTP: not measured: {}\n", *missing);
  } else {
    run(arguments, Sources::http, "in a repository each over HTTP");
  }
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) {
  return muster::bench::run_main(argc, argv, "bench_apply [--services N] [--slope]", muster::bench::run_all);
}

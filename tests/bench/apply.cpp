// The whole path by the real binary: N services of four objects each, all in one monorepo or each in a repository of its
// own (local remotes), applied to a directory: first, again with nothing to do, and after one line changed. The limits do
// what no tool can leave out: as many files written, replaced by renaming and made durable once; as many files looked at.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <fmt/format.h>

#include "bench/applications.hpp"
#include "bench/arguments.hpp"
#include "bench/measure.hpp"
#include "support/temporary.hpp"

namespace muster::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kObjects = 4;
constexpr const char* kGit = "git -c user.name=bench -c user.email=bench@localhost";

struct World {
  World(std::size_t count, bool one_repository) : services(count), monorepo(one_repository), fleet(folder.path() / "fleet") {
    folder.write("fleet/fleet.fleet",
                 "fleet bench { language = \"1.0\" }\n"
                 "target here : directory { path = \"out\" }\n"
                 "environment production { branch = \"main\", target = here, namespace = \"shop\" }\n");
    if (monorepo) write_applications(folder.path() / "mono", count);
    for (std::size_t i = 0; i < count; ++i) {
      const std::string name = application_name(i);
      if (!monorepo) {
        folder.write(fmt::format("repositories/{}/apps/{}/app.yaml", name, name), application_yaml(i));
        shell(fmt::format("cd '{}' && git init -q -b main && git add -A && {} commit -q -m first", repository(i).string(), kGit));
      }
      folder.write(fmt::format("fleet/services/{}.fleet", name),
                   fmt::format("service {} : std.manifests {{ repo = \"{}\", path = \"apps/{}\" }}\n", name,
                               monorepo ? "../../mono" : fmt::format("../../repositories/{}", name), name));
    }
  }

  [[nodiscard]] fs::path repository(std::size_t i) const { return monorepo ? folder.path() / "mono" : folder.path() / "repositories" / application_name(i); }

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

  [[nodiscard]] std::size_t objects() const {
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator(fleet / "out" / "shop")) count += entry.path().extension() == ".yaml" ? 1 : 0;
    return count;
  }

  test::TemporaryFolder folder;
  std::size_t services;
  bool monorepo;
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

void run(const Arguments& arguments, bool monorepo) {
  World world(arguments.number("--services", 1'000), monorepo);
  const std::string what = fmt::format("{} services × {} objects {}", with_commas(world.services), kObjects, monorepo ? "in one monorepo" : "in a repository each");
  int limits = 0;
  const auto first = [&] {
    world.forget();
    world.apply();
    if (world.objects() != world.services * kObjects) throw std::runtime_error("not all objects are there");
  };
  const auto clones = [&] {
    const std::string names = fmt::format("seq -f 'app-%04g' 0 {}", world.services - 1);
    const fs::path into = world.folder.path() / fmt::format("clones-{}", ++limits);
    fs::create_directories(into);
    const std::string command = monorepo ? fmt::format("git clone -q --bare --no-local '{}' '{}'", world.repository(0).string(), (into / "mono").string())
                                         : fmt::format("{} | xargs -P2 -I% git clone -q --bare --no-local '{}/repositories/%' '{}/%'", names, world.folder.path().string(), into.string());
    shell(command);
  };
  std::vector<Contender> contenders = {{Role::ours, "muster apply", first}};
  if (arguments.peers()) contenders.push_back({Role::peer, "git clone alone", clones, 1});
  contenders.push_back({Role::limit, "write and sync the files", [&] { write_files(world.folder.path() / fmt::format("limit-{}", ++limits), world.services * kObjects); }});
  std::vector<Figure> figures = measure(contenders, arguments.runs(3));
  report({"apply", what + ", first", "", world.memory}, figures);

  world.memory = 0;
  contenders = {{Role::ours, "muster apply", [&] { world.apply(); }}};
  contenders.push_back({Role::limit, "look at the files", [&] { look_at_files(world.fleet / "out"); }});
  figures = measure(contenders, arguments.runs(5));
  report({"apply", what + ", again, nothing to do", monorepo ? "≤ 50 ms" : "", world.memory}, figures);

  world.memory = 0;
  const auto changed = [&] {
    world.change_one_line();
    world.apply();
  };
  figures = measure({{Role::ours, "git commit + muster apply", changed}}, arguments.runs(5));
  report({"apply", what + ", after one line changed", "", world.memory}, figures);
}

void run_all(const Arguments& arguments) {
  for (const bool monorepo : {true, false}) run(arguments, monorepo);
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) { return muster::bench::run_main(argc, argv, "bench_apply [--services N]", muster::bench::run_all); }

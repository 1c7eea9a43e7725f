// W5: one line of one application changes in a monorepo of N. Which instances have to be rendered, and their objects:
// in a daemon that saw the commit before, and from nothing but the ids that were recorded; against `git diff` +
// `kubectl kustomize` of the whole and of the one folder that changed.
// Usage: bench_w5 [--apps N] [--runs N] [--no-peer] | --slope [--apps N]  (W12: our one-shot time at 10 N over that at N)
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <stdexcept>

#include <fmt/core.h>

#include "bench/applications.hpp"
#include "bench/measure.hpp"
#include "bench/repository.hpp"
#include "muster/base/parallel.hpp"
#include "muster/render/render.hpp"
#include "muster/source/tree.hpp"
#include "support/temporary.hpp"

namespace muster::bench {
namespace {

struct Options {
  std::size_t apps = 1000;
  int runs = 15;
  bool peer = true;
  bool slope = false;
};

void change_one_line(const std::filesystem::path& folder, std::size_t index, int turn) {
  const std::filesystem::path file = folder / "apps" / application_name(index) / "app.yaml";
  std::string text = application_yaml(index);
  const std::size_t at = text.find("--level=info");
  std::ofstream(file, std::ios::binary) << text.replace(at, 12, fmt::format("--level=debug{}", turn));
  shell(fmt::format("cd '{}' && git add -A && git -c user.name=bench -c user.email=bench@localhost commit -q -m change", folder.string()));
}

struct Pass {
  std::size_t rendered = 0;
  std::vector<manifest::Object> objects;
};

/// Compares the tree of every application with the one recorded before; renders those that differ.
Pass pass(const std::shared_ptr<git::Repository>& repository, source::TreeIds& ids, const std::vector<git::Oid>& recorded,
          const git::Oid& commit) {
  Pass out;
  for (std::size_t i = 0; i < recorded.size(); ++i) {
    const std::string path = "apps/" + application_name(i);
    if (need(ids.id_at(commit, path)) == recorded[i]) continue;
    const model::Instance instance = application_instance(i, true);
    const auto tree = need(source::Tree::open(repository, commit, path, "monorepo"));
    render::Request request{instance, tree.get(), {{kImageRepository, kNewImage}}, 1};
    render::Rendered rendered = need(render::render(request));
    ++out.rendered;
    out.objects.insert(out.objects.end(), rendered.objects.begin(), rendered.objects.end());
  }
  return out;
}

std::vector<git::Oid> tree_ids(source::TreeIds& ids, const git::Oid& commit, std::size_t count) {
  std::vector<git::Oid> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(need(ids.id_at(commit, "apps/" + application_name(i))));
  return out;
}

void run(const Options& options) {
  const test::TemporaryFolder folder;
  write_applications(folder.path(), options.apps);
  const std::size_t changed = options.apps / 2;
  const int turns = options.runs + 1;
  const git::Oid first = commit_at(folder.path(), "HEAD");
  std::vector<git::Oid> commits;
  for (int turn = 0; turn < turns; ++turn) {
    change_one_line(folder.path(), changed, turn);
    commits.push_back(commit_at(folder.path(), "HEAD"));
  }
  const std::shared_ptr<git::Repository> repository = open_repository(folder.path());
  source::TreeIds warm(repository);
  std::vector<git::Oid> recorded = tree_ids(warm, first, options.apps);
  const std::vector<git::Oid> recorded_first = recorded;
  std::size_t next = 0;
  const auto check = [](const Pass& done) {
    if (done.rendered != 1) throw std::runtime_error(fmt::format("{} applications were rendered, not 1", done.rendered));
  };
  const std::string overlay = (folder.path() / "overlay").string();
  const std::string one = (folder.path() / "apps" / application_name(changed)).string();
  const auto peer = [&](const std::string& path) {
    if (!options.peer) throw std::runtime_error("left out by --no-peer");
    if (!has_program("kubectl")) throw std::runtime_error("kubectl is not on PATH");
    shell(fmt::format("git -C '{}' diff --name-only HEAD~1 HEAD", folder.path().string()));
    shell(fmt::format("kubectl kustomize '{}'", path));
  };
  const auto limit = [&] { shell(fmt::format("git -C '{}' diff-tree -r --name-only HEAD~1 HEAD", folder.path().string())); };

  std::vector<Contender> daemon;
  daemon.push_back({"muster",
                    [&] {
                      const git::Oid& commit = commits.at(next++ % commits.size());
                      check(pass(repository, warm, recorded, commit));
                      recorded[changed] = need(warm.id_at(commit, "apps/" + application_name(changed)));
                    },
                    0});
  daemon.push_back({"git diff + kubectl kustomize of the whole", [&] { peer(overlay); }, options.apps > 200 ? 1 : 3});
  daemon.push_back({"git diff-tree", limit, 0});
  report(fmt::format("W5 {} applications, daemon", options.apps), measure(std::move(daemon), options.runs));

  std::vector<Contender> cold;
  cold.push_back({"muster",
                  [&] {
                    const std::shared_ptr<git::Repository> opened = open_repository(folder.path());
                    source::TreeIds ids(opened);
                    check(pass(opened, ids, recorded_first, commits.back()));
                  },
                  0});
  cold.push_back({"git diff + kubectl kustomize of the folder that changed", [&] { peer(one); }, 3});
  cold.push_back({"git diff-tree", limit, 0});
  report(fmt::format("W5 {} applications, one-shot", options.apps), measure(std::move(cold), options.runs));
}

void run_slope(const Options& options) {
  std::vector<std::unique_ptr<test::TemporaryFolder>> folders;
  report_slope("W5", options.apps, options.runs, [&](std::size_t apps) -> std::function<void()> {
    const std::filesystem::path folder = folders.emplace_back(std::make_unique<test::TemporaryFolder>())->path();
    write_applications(folder, apps);
    const git::Oid first = commit_at(folder, "HEAD");
    change_one_line(folder, apps / 2, 0);
    source::TreeIds ids(open_repository(folder));
    const std::vector<git::Oid> recorded = tree_ids(ids, first, apps);
    return [folder, recorded, commit = commit_at(folder, "HEAD")] {
      const std::shared_ptr<git::Repository> opened = open_repository(folder);
      source::TreeIds fresh(opened);
      if (pass(opened, fresh, recorded, commit).rendered != 1) throw std::runtime_error("not one application was rendered");
    };
  });
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) try {
  muster::bench::Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--no-peer") options.peer = false;
    if (word == "--slope") options.slope = true;
    if (word == "--apps" && i + 1 < argc) options.apps = std::strtoull(argv[++i], nullptr, 10);
    if (word == "--runs" && i + 1 < argc) options.runs = std::atoi(argv[++i]);
  }
  if (options.slope) {
    muster::bench::run_slope(options);
    return 0;
  }
  muster::bench::run(options);
  fmt::print("W5 peak memory {:.0f} MiB\n", muster::bench::peak_memory_mib());
  return 0;
} catch (const std::exception& failure) {
  fmt::print(stderr, "bench_w5: {}\n", failure.what());
  return 1;
}

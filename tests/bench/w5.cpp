// W5: one line of one application changes in a monorepo of N. Which instances have to be rendered, and their objects:
// in a daemon that saw the commit before, and from nothing but the ids that were recorded; against `git diff` +
// `kubectl kustomize` of the whole and of the one folder that changed.
// With --slope W12: our one-shot time at ten times the applications over that at as many.
#include <fstream>
#include <memory>
#include <stdexcept>

#include <fmt/core.h>

#include "bench/applications.hpp"
#include "bench/arguments.hpp"
#include "bench/measure.hpp"
#include "bench/repository.hpp"
#include "muster/base/parallel.hpp"
#include "muster/render/render.hpp"
#include "muster/source/tree.hpp"
#include "support/temporary.hpp"

namespace muster::bench {
namespace {

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

void run(const Arguments& arguments) {
  const std::size_t apps = arguments.number("--apps", 1'000);
  const int runs = arguments.runs(15);
  const test::TemporaryFolder folder;
  write_applications(folder.path(), apps);
  const std::size_t changed = apps / 2;
  const int turns = runs + 1;
  const git::Oid first = commit_at(folder.path(), "HEAD");
  std::vector<git::Oid> commits;
  for (int turn = 0; turn < turns; ++turn) {
    change_one_line(folder.path(), changed, turn);
    commits.push_back(commit_at(folder.path(), "HEAD"));
  }
  const std::shared_ptr<git::Repository> repository = open_repository(folder.path());
  source::TreeIds warm(repository);
  std::vector<git::Oid> recorded = tree_ids(warm, first, apps);
  const std::vector<git::Oid> recorded_first = recorded;
  std::size_t next = 0;
  const auto check = [](const Pass& done) {
    if (done.rendered != 1) throw std::runtime_error(fmt::format("{} applications were rendered, not 1", done.rendered));
  };
  const std::string overlay = (folder.path() / "overlay").string();
  const std::string one = (folder.path() / "apps" / application_name(changed)).string();
  const auto peer = [&](const std::string& path) {
    if (!arguments.peers()) leave_out("left out by --no-peer");
    if (!has_program("kubectl")) leave_out("kubectl is not on PATH");
    shell(fmt::format("git -C '{}' diff --name-only HEAD~1 HEAD", folder.path().string()));
    shell(fmt::format("kubectl kustomize '{}'", path));
  };
  const auto limit = [&] { shell(fmt::format("git -C '{}' diff-tree -r --name-only HEAD~1 HEAD", folder.path().string())); };

  const auto whole = [&] {
    if (apps > 200 && !arguments.full()) leave_out("takes long at this size; --full runs it");
    peer(overlay);
  };
  const auto daemon = [&] {
    const git::Oid& commit = commits.at(next++ % commits.size());
    check(pass(repository, warm, recorded, commit));
    recorded[changed] = need(warm.id_at(commit, "apps/" + application_name(changed)));
  };
  const auto cold = [&] {
    const std::shared_ptr<git::Repository> opened = open_repository(folder.path());
    source::TreeIds ids(opened);
    check(pass(opened, ids, recorded_first, commits.back()));
  };
  const std::string what = fmt::format("one line changed in a monorepo of {} → the changed objects", with_commas(apps));
  report({"W5", what + ", in the daemon", "≤ 5 ms", peak_memory_mib()},
         measure({{Role::ours, "muster", daemon},
                  {Role::peer, "git diff + kubectl kustomize of the whole", whole, apps > 200 ? 1 : 3},
                  {Role::limit, "git diff-tree", limit}},
                 runs));
  report({"W5", what + ", one-shot", "≤ 15 ms", peak_memory_mib()},
         measure({{Role::ours, "muster", cold},
                  {Role::peer, "git diff + kubectl kustomize of the changed folder", [&] { peer(one); }, 3},
                  {Role::limit, "git diff-tree", limit}},
                 runs));
}

void run_slope(const Arguments& arguments) {
  std::vector<std::unique_ptr<test::TemporaryFolder>> folders;
  report_slope("W5", arguments.full(), [&](std::size_t apps) -> std::function<void()> {
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

void run_all(const Arguments& arguments) { arguments.slope() ? run_slope(arguments) : run(arguments); }

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) { return muster::bench::run_main(argc, argv, "bench_w5 [--apps N] [--slope]", muster::bench::run_all); }

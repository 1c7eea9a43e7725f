// W3: render N applications of four objects each from a git repository, as they are and with an overlay (namespace,
// label, image, patch), against `kubectl kustomize` and against libyaml events over the same bytes.
// Usage: bench_w3 [--apps N] [--runs N] [--no-peer] | --slope [--apps N]  (W12: our time at 10 N over that at N)
#include <yaml.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <stdexcept>

#include <fmt/core.h>

#include "bench/applications.hpp"
#include "bench/measure.hpp"
#include "bench/repository.hpp"
#include "muster/base/parallel.hpp"
#include "muster/manifest/yaml.hpp"
#include "muster/render/render.hpp"
#include "muster/source/tree.hpp"
#include "support/temporary.hpp"

namespace muster::bench {
namespace {

struct Options {
  std::size_t apps = 1000;
  int runs = 9;
  bool peer = true;
  bool slope = false;
};

using Objects = std::vector<manifest::Object>;

/// One render of every application, each an instance of its own, as deliver does it.
Objects render_all(const std::shared_ptr<git::Repository>& repository, const git::Oid& commit, std::size_t count, bool overlay) {
  std::vector<Objects> rendered(count);
  for_each_index(count, default_jobs(), [&](std::size_t i) {
    const model::Instance instance = application_instance(i, overlay);
    const auto tree = need(source::Tree::open(repository, commit, "apps/" + application_name(i), "monorepo"));
    render::Request request{instance, tree.get(), {}, 1};
    if (overlay) request.images.emplace(kImageRepository, kNewImage);
    rendered[i] = need(render::render(request)).objects;
  });
  Objects out;
  for (Objects& each : rendered) out.insert(out.end(), std::make_move_iterator(each.begin()), std::make_move_iterator(each.end()));
  return out;
}

std::size_t libyaml_events(const std::string& bytes) {
  yaml_parser_t parser;
  yaml_parser_initialize(&parser);
  yaml_parser_set_input_string(&parser, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  std::size_t count = 0;
  for (bool done = false; !done; ++count) {
    yaml_event_t event;
    if (yaml_parser_parse(&parser, &event) == 0) throw std::runtime_error("libyaml refuses the corpus");
    done = event.type == YAML_STREAM_END_EVENT;
    yaml_event_delete(&event);
  }
  yaml_parser_delete(&parser);
  return count;
}

/// Every object by identity, so that the order of output does not count.
std::map<manifest::ObjectId, Value> by_id(Objects objects) {
  std::map<manifest::ObjectId, Value> out;
  for (manifest::Object& object : objects) out.emplace(object.id, std::move(object.content));
  return out;
}

void run(const Options& options, bool overlay) {
  const test::TemporaryFolder folder;
  write_applications(folder.path(), options.apps);
  const std::shared_ptr<git::Repository> repository = open_repository(folder.path());
  const git::Oid commit = commit_at(folder.path(), "HEAD");
  const std::string kustomize = fmt::format("kubectl kustomize '{}'", (folder.path() / (overlay ? "overlay" : "plain")).string());
  const bool has_kubectl = has_program("kubectl");
  std::string bytes;
  for (std::size_t i = 0; i < options.apps; ++i) bytes += application_yaml(i) + "---\n";

  const Objects ours = render_all(repository, commit, options.apps, overlay);
  if (options.peer && has_kubectl) {
    const std::string peer = shell(kustomize);
    if (peer.size() < render::kMaxFileBytes && by_id(ours) != by_id(need(manifest::parse_objects(peer, "kubectl")))) {
      throw std::runtime_error("kubectl kustomize and muster disagree about the objects");
    }
  }
  std::vector<Contender> contenders;
  contenders.push_back({"muster", [&] { render_all(repository, commit, options.apps, overlay); }, 0});
  contenders.push_back({"kubectl kustomize",
                        [&] {
                          if (!options.peer) throw std::runtime_error("left out by --no-peer");
                          if (!has_kubectl) throw std::runtime_error("kubectl is not on PATH");
                          shell(kustomize);
                        },
                        options.apps > 200 ? 1 : 3});
  contenders.push_back({"libyaml events", [&] { libyaml_events(bytes); }, 0});
  report(fmt::format("W3 {} applications {} ({} objects, {} KiB, {} jobs)", options.apps, overlay ? "overlay" : "plain", ours.size(),
                     bytes.size() >> 10U, default_jobs()),
         measure(std::move(contenders), options.runs));
}

void run_slope(const Options& options) {
  std::vector<std::unique_ptr<test::TemporaryFolder>> folders;
  report_slope("W3", options.apps, options.runs, [&](std::size_t apps) -> std::function<void()> {
    const std::filesystem::path folder = folders.emplace_back(std::make_unique<test::TemporaryFolder>())->path();
    write_applications(folder, apps);
    return [apps, repository = open_repository(folder), commit = commit_at(folder, "HEAD")] { render_all(repository, commit, apps, true); };
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
  for (const std::size_t apps : {std::size_t{100}, options.apps}) {
    options.apps = apps;
    for (const bool overlay : {false, true}) muster::bench::run(options, overlay);
  }
  fmt::print("W3 peak memory {:.0f} MiB\n", muster::bench::peak_memory_mib());
  return 0;
} catch (const std::exception& failure) {
  fmt::print(stderr, "bench_w3: {}\n", failure.what());
  return 1;
}

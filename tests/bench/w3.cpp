// W3: render N applications of four objects each from a git repository, as they are and with an overlay (namespace,
// label, image, patch), against `kubectl kustomize` and against libyaml events over the same bytes.
// With --slope W12: our time at ten times the applications over that at as many.
#include <yaml.h>

#include <map>
#include <memory>
#include <stdexcept>

#include <fmt/core.h>

#include "bench/applications.hpp"
#include "bench/arguments.hpp"
#include "bench/measure.hpp"
#include "bench/repository.hpp"
#include "muster/base/parallel.hpp"
#include "muster/manifest/yaml.hpp"
#include "muster/render/render.hpp"
#include "muster/source/tree.hpp"
#include "support/temporary.hpp"

namespace muster::bench {
namespace {

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

void run(const Arguments& arguments, std::size_t apps, bool overlay) {
  const test::TemporaryFolder folder;
  write_applications(folder.path(), apps);
  const std::shared_ptr<git::Repository> repository = open_repository(folder.path());
  const git::Oid commit = commit_at(folder.path(), "HEAD");
  const std::string kustomize = fmt::format("kubectl kustomize '{}'", (folder.path() / (overlay ? "overlay" : "plain")).string());
  const bool with_peer = arguments.peers() && has_program("kubectl") && (apps <= 100 || arguments.full());
  std::string bytes;
  for (std::size_t i = 0; i < apps; ++i) bytes += application_yaml(i) + "---\n";

  const Objects ours = render_all(repository, commit, apps, overlay);
  if (with_peer) {
    const std::string peer = shell(kustomize);
    if (peer.size() < render::kMaxFileBytes && by_id(ours) != by_id(need(manifest::parse_objects(peer, "kubectl")))) {
      throw std::runtime_error("kubectl kustomize and muster disagree about the objects");
    }
  }
  std::vector<Contender> contenders = {{Role::ours, "muster", [&] { render_all(repository, commit, apps, overlay); }}};
  if (arguments.peers()) {
    const auto peer = [&] {
      if (!has_program("kubectl")) leave_out("kubectl is not on PATH");
      if (!with_peer) leave_out("takes long at this size; --full runs it");
      shell(kustomize);
    };
    contenders.push_back({Role::peer, "kubectl kustomize", peer, apps > 200 ? 1 : 3});
  }
  contenders.push_back({Role::limit, "libyaml events", [&] { libyaml_events(bytes); }});
  report({"W3",
          fmt::format("render {} applications, {} objects, {} of YAML, {}", with_commas(apps), with_commas(ours.size()),
                      megabytes(bytes.size()), overlay ? "with an overlay" : "plain"),
          apps == 1'000 ? "≤ 60 ms" : (apps == 100 ? "≤ 8 ms" : ""), peak_memory_mib()},
         measure(std::move(contenders), arguments.runs(9)));
}

void run_slope(const Arguments& arguments) {
  std::vector<std::unique_ptr<test::TemporaryFolder>> folders;
  report_slope("W3", arguments.full(), [&](std::size_t apps) -> std::function<void()> {
    const std::filesystem::path folder = folders.emplace_back(std::make_unique<test::TemporaryFolder>())->path();
    write_applications(folder, apps);
    return [apps, repository = open_repository(folder), commit = commit_at(folder, "HEAD")] { render_all(repository, commit, apps, true); };
  });
}

void run_all(const Arguments& arguments) {
  if (arguments.slope()) return run_slope(arguments);
  for (const std::size_t apps : {std::size_t{100}, arguments.number("--apps", 1'000)}) {
    for (const bool overlay : {false, true}) run(arguments, apps, overlay);
  }
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) { return muster::bench::run_main(argc, argv, "bench_w3 [--apps N] [--slope]", muster::bench::run_all); }

// Reading and printing manifests: what every descriptor and every source goes through, against the events of libyaml over
// the same bytes and against copying them.
#include <yaml.h>

#include <cstring>
#include <stdexcept>

#include <fmt/format.h>

#include "bench/applications.hpp"
#include "bench/arguments.hpp"
#include "bench/measure.hpp"
#include "bench/repository.hpp"
#include "muster/manifest/yaml.hpp"

namespace muster::bench {
namespace {

constexpr std::size_t kBytes = 5'000'000;

void libyaml_events(const std::string& bytes) {
  yaml_parser_t parser;
  yaml_parser_initialize(&parser);
  yaml_parser_set_input_string(&parser, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  for (bool done = false; !done;) {
    yaml_event_t event;
    if (yaml_parser_parse(&parser, &event) == 0) throw std::runtime_error("libyaml refuses the corpus");
    done = event.type == YAML_STREAM_END_EVENT;
    yaml_event_delete(&event);
  }
  yaml_parser_delete(&parser);
}

void run(const Arguments& arguments) {
  std::vector<std::string> files;
  std::size_t bytes = 0;
  while (bytes < kBytes) bytes += files.emplace_back(application_yaml(files.size())).size();
  std::vector<manifest::Object> objects;
  const auto read = [&] {
    objects.clear();
    for (const std::string& file : files) {
      for (manifest::Object& object : need(manifest::parse_objects(file, "app.yaml"))) objects.push_back(std::move(object));
    }
  };
  std::string copy;
  const auto copied = [&] {
    copy.clear();
    for (const std::string& file : files) copy += file;
  };
  const auto events = [&] {
    for (const std::string& file : files) libyaml_events(file);
  };
  const std::vector<Contender> readers = {
      {Role::ours, "parse_objects", read}, {Role::limit, "libyaml events", events}, {Role::limit, "copying", copied}};
  const std::vector<Figure> figures = measure(readers, arguments.runs(9));
  report({"YAML",
          fmt::format("read {} of manifests into {} objects, one thread: {:.0f} MB/s", megabytes(bytes), with_commas(objects.size()),
                      static_cast<double>(bytes) / 1e3 / figures.front().best),
          "≥ 50 MB/s", 0},
         figures);
  std::size_t printed = 0;
  const auto print = [&] {
    printed = 0;
    for (const manifest::Object& object : objects) printed += manifest::print_object(object.content).size();
  };
  const std::vector<Figure> printing = measure({{Role::ours, "print_object", print}, {Role::limit, "copying", copied}}, arguments.runs(9));
  report({"YAML",
          fmt::format("print them again, {}: {:.0f} MB/s", megabytes(printed), static_cast<double>(printed) / 1e3 / printing.front().best),
          "", 0},
         printing);
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) { return muster::bench::run_main(argc, argv, "bench_yaml", muster::bench::run); }

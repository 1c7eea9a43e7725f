// tests/stdlib/<sentence>/: `*.fleet` are compiled with the standard library; `objects.yaml` beside them is what each
// instance comes to, with its images put in, or what is wrong with the fleet. `repositories/<service>/` is the repository
// of a service that has one.
#include <gmock/gmock.h>

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "muster/lang/compile.hpp"
#include "muster/manifest/yaml.hpp"
#include "muster/render/render.hpp"
#include "muster/source/tree.hpp"
#include "support/git_repository.hpp"
#include "support/golden.hpp"
#include "support/map_secrets.hpp"
#include "support/temporary.hpp"

namespace muster::test {
namespace {

const std::filesystem::path kCases = test_file("stdlib");

std::vector<diag::FleetText> fleet_of(const std::filesystem::path& folder) {
  std::vector<diag::FleetText> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".fleet") continue;
    out.push_back({std::filesystem::relative(entry.path(), folder).generic_string(), read_file(entry.path())});
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return out;
}

/// The folder of a case as a repository at a commit, or nothing where the case has none.
std::shared_ptr<const source::Tree> tree_of(const TemporaryFolder& scratch, const std::filesystem::path& files,
                                            const model::Instance& instance) {
  if (!std::filesystem::exists(files)) return nullptr;
  GitRepository repository(scratch.path() / (instance.name + ".git"));
  GitRepository::Files all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(files)) {
    if (entry.is_regular_file()) all.emplace(std::filesystem::relative(entry.path(), files).generic_string(), read_file(entry.path()));
  }
  const std::string commit = repository.commit(all);
  muster::test::MapSecrets secrets;
  auto opened = git::make_remotes(system_world(), secrets, scratch.path() / "mirrors", git::RemoteOptions{})->open_local(repository.path());
  return source::Tree::open(opened.value(), git::Oid::parse(commit).value(), instance.source->path, instance.source->repository.url)
      .value();
}

/// The objects of one instance as its descriptors would show them.
std::string text_of(const model::Fleet& fleet, const model::Instance& instance, const std::filesystem::path& folder) {
  std::string out = fmt::format("# {}\n", model::instance_name(instance.name, fleet.environment(instance.environment).name));
  for (const model::Need& need : instance.needs)
    out += fmt::format("# {} {}\n", need.read ? "reads" : "needs", model::instance_name(need.service, need.environment));
  if (instance.job) out += fmt::format("# runs {}\n", instance.job->always ? "at every record" : "once a bundle");
  const TemporaryFolder scratch;
  const auto tree = tree_of(scratch, folder / "repositories" / instance.name, instance);
  render::Request request{instance, tree.get(), {}, 1};
  for (const model::ImageInput& image : instance.images) request.images.emplace(image.name, image.reference);
  const Result<render::Rendered> rendered = render::render(request);
  if (!rendered.ok()) return out + fmt::format("# {}: {}\n", to_string(rendered.failure().kind), rendered.failure().text);
  for (const manifest::Object& object : rendered->objects) out += fmt::format("---\n{}", manifest::print_object(object.content));
  return out;
}

class StandardLibrary : public testing::TestWithParam<std::string> {};

TEST_P(StandardLibrary, EmitsTheObjectsThatStandBesideIt) {
  const std::filesystem::path folder = kCases / GetParam();
  const lang::Compilation compiled = lang::compile(fleet_of(folder), {});
  std::string out;
  for (const diag::Diagnostic& each : compiled.diagnostics().all()) {
    out += fmt::format("# {} {}: {}\n", each.code, compiled.sources().place(each.primary.span), each.message);
  }
  for (const model::Instance& instance : compiled.fleet().instances) out += text_of(compiled.fleet(), instance, folder);
  expect_golden(folder / "objects.yaml", out);
}

INSTANTIATE_TEST_SUITE_P(Cases, StandardLibrary, testing::ValuesIn(folder_cases(kCases)),
                         [](const testing::TestParamInfo<std::string>& each) { return test_name(each.param); });

}  // namespace
}  // namespace muster::test

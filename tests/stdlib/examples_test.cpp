// The fleets of examples/ are what newcomers copy: they say nothing that `check` would have a word about.
#include <gmock/gmock.h>

#include <fmt/format.h>

#include "muster/base/files.hpp"
#include "muster/lang/compile.hpp"
#include "support/golden.hpp"

namespace muster::test {
namespace {

const std::filesystem::path kExamples = std::filesystem::path(MUSTER_SOURCE_DIR) / "examples";

/// Folders of examples/ with a fleet; `ci` has the files of pipelines.
std::vector<std::string> fleets() {
  std::vector<std::string> out = folder_cases(kExamples);
  std::erase(out, "ci");
  return out;
}

class Examples : public testing::TestWithParam<std::string> {};

TEST_P(Examples, CheckWithoutAWord) {
  lang::Options options;
  options.root = (kExamples / GetParam()).string();
  auto texts = diag::read_fleet_files(system_files(), options.root);
  ASSERT_TRUE(texts) << texts.failure().text;
  const lang::Compilation compiled = lang::compile(std::move(*texts), options);
  for (const diag::Diagnostic& each : compiled.diagnostics().all()) {
    ADD_FAILURE() << fmt::format("{} {}: {}", each.code, compiled.sources().place(each.primary.span), each.message);
  }
  EXPECT_TRUE(compiled.fleet().whole);
  EXPECT_THAT(compiled.fleet().poisoned, testing::IsEmpty());
  EXPECT_THAT(compiled.fleet().instances, testing::Not(testing::IsEmpty()));
}

INSTANTIATE_TEST_SUITE_P(Fleets, Examples, testing::ValuesIn(fleets()),
                         [](const testing::TestParamInfo<std::string>& each) { return test_name(each.param); });

}  // namespace
}  // namespace muster::test

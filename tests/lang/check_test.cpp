// Checking and evaluating: goldens (a fleet, then what is wrong with it and what it lowers to), a case a rule.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "muster/diag/catalogue.hpp"
#include "muster/diag/render.hpp"
#include "muster/lang/compile.hpp"
#include "muster/model/dump.hpp"
#include "support/golden.hpp"

namespace muster::lang {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRoot = "/srv/fleet";

Compilation compiled(std::vector<diag::FleetText> texts, unsigned jobs = 1) {
  Options options;
  options.jobs = jobs;
  options.root = kRoot;
  return compile(std::move(texts), options);
}

/// A case is a file, or a folder of files.
std::vector<diag::FleetText> texts_of(const fs::path& path) {
  std::vector<diag::FleetText> texts;
  if (!fs::is_directory(path)) return {{path.filename().string(), test::read_file(path)}};
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path)) {
    if (entry.path().extension() == ".fleet") texts.push_back({fs::relative(entry.path(), path).generic_string(), test::read_file(entry.path())});
  }
  std::sort(texts.begin(), texts.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return texts;
}

std::string errors_of(const Compilation& compilation) {
  std::string text = diag::render_terminal(compilation.diagnostics(), compilation.sources());
  const model::Fleet& fleet = compilation.fleet();
  if (fleet.barrier) text += "\nbarrier: nothing is delivered\n";
  for (const model::Poisoned& one : fleet.poisoned) text += "\nheld " + model::instance_name(one.service, one.environment) + ": " + one.reason + "\n";
  return text;
}

// ---- tests/lang/check: what is said ----

class CheckCase : public testing::TestWithParam<std::string> {};

TEST_P(CheckCase, SaysWhatIsWrongAndWhatIsHeld) {
  const fs::path file = test::test_file("lang/check") / (GetParam() + ".fleet");
  fs::path golden = file;
  golden.replace_extension(".expected");
  test::expect_golden(golden, errors_of(compiled(texts_of(file))));
}

INSTANTIATE_TEST_SUITE_P(Check, CheckCase, testing::ValuesIn(test::file_cases(test::test_file("lang/check"), ".fleet", ".expected")),
                         [](const auto& parameter) { return test::test_name(parameter.param); });

// ---- tests/lang/fleets: a folder a fleet, what it lowers to ----

class FleetCase : public testing::TestWithParam<std::string> {};

TEST_P(FleetCase, LowersToItsModel) {
  const fs::path folder = test::test_file("lang/fleets") / GetParam();
  const Compilation compilation = compiled(texts_of(folder));
  test::expect_golden(folder / "model.json", errors_of(compilation) + to_pretty_json(model::to_value(compilation.fleet())));
}

TEST_P(FleetCase, GivesTheSameWithOneAndEightThreadsAndInAnyOrderOfFiles) {
  const fs::path folder = test::test_file("lang/fleets") / GetParam();
  const auto said = [](const Compilation& one) { return errors_of(one) + to_canonical_json(model::to_value(one.fleet())) + model::declarations_json(one.fleet()); };
  std::vector<diag::FleetText> texts = texts_of(folder);
  const std::string once = said(compiled(texts));
  EXPECT_EQ(once, said(compiled(texts, 8)));
  std::reverse(texts.begin(), texts.end());
  EXPECT_EQ(once, said(compiled(texts, 3)));
}

INSTANTIATE_TEST_SUITE_P(Fleets, FleetCase, testing::ValuesIn(test::folder_cases(test::test_file("lang/fleets"))),
                         [](const auto& parameter) { return test::test_name(parameter.param); });

}  // namespace
}  // namespace muster::lang

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
    if (entry.path().extension() == ".fleet")
      texts.push_back({fs::relative(entry.path(), path).generic_string(), test::read_file(entry.path())});
  }
  std::sort(texts.begin(), texts.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return texts;
}

std::string errors_of(const Compilation& compilation) {
  std::string text = diag::render_terminal(compilation.diagnostics(), compilation.sources());
  const model::Fleet& fleet = compilation.fleet();
  if (fleet.barrier) text += "\nbarrier: nothing is delivered\n";
  for (const model::Poisoned& one : fleet.poisoned)
    text += "\nheld " + model::instance_name(one.service, one.environment) + ": " + one.reason + "\n";
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

// ---- the pages of the catalogue ----

/// Examples without a fleet of their own stand in this one.
constexpr std::string_view kAround = R"(fleet shop { language = "1.0" }
target here : directory { path = "out" }
environment staging { branch = "develop", target = here, namespace = "shop-staging" }
environment production { branch = "main", target = here, namespace = "shop" }
)";

Compilation compiled_example(const std::vector<diag::Example>& files, std::string_view code) {
  std::vector<diag::FleetText> texts;
  bool has_fleet = code == "F0217";
  for (const diag::Example& file : files) {
    texts.push_back({file.path, file.text});
    has_fleet = has_fleet || file.text.find("fleet shop {") != std::string::npos;
  }
  if (!has_fleet) texts.push_back({"around.fleet", std::string(kAround)});
  return compiled(std::move(texts));
}

class PageCase : public testing::TestWithParam<std::string> {};

TEST_P(PageCase, ShowsExamplesThatAreWrongAndRightInTheWayItSays) {
  const diag::Page& page = *diag::find_page(GetParam());
  const Compilation wrong = compiled_example(diag::wrong_example(page), page.code);
  const auto& said = wrong.diagnostics().all();
  EXPECT_TRUE(std::any_of(said.begin(), said.end(), [&](const diag::Diagnostic& one) { return one.code == page.code; }))
      << errors_of(wrong);
  const Compilation right = compiled_example(diag::right_example(page), page.code);
  EXPECT_EQ("", diag::render_terminal(right.diagnostics(), right.sources()));
}

std::vector<std::string> checked_codes() {
  std::vector<std::string> codes;
  for (const diag::Page& page : diag::pages()) {
    if (!page.code.starts_with("F01") && !page.code.starts_with("W01")) codes.emplace_back(page.code);
  }
  return codes;
}

INSTANTIATE_TEST_SUITE_P(Pages, PageCase, testing::ValuesIn(checked_codes()), [](const auto& parameter) { return parameter.param; });

TEST(CheckCases, ShowEveryCode) {
  std::string all;
  for (const fs::directory_entry& entry : fs::directory_iterator(test::test_file("lang/check"))) {
    if (entry.path().extension() == ".expected") all += test::read_file(entry.path());
  }
  for (const std::string& code : checked_codes()) EXPECT_NE(all.find("[" + code + "]"), std::string::npos) << code << " has no case";
}

// ---- tests/lang/fleets: a folder a fleet, what it lowers to ----

class FleetCase : public testing::TestWithParam<std::string> {};

TEST_P(FleetCase, LowersToItsModel) {
  const fs::path folder = test::test_file("lang/fleets") / GetParam();
  const Compilation compilation = compiled(texts_of(folder));
  test::expect_golden(folder / "model.json", errors_of(compilation) + to_pretty_json(model::to_value(compilation.fleet())));
}

TEST_P(FleetCase, GivesTheSameWithOneAndEightThreadsAndInAnyOrderOfFiles) {
  const fs::path folder = test::test_file("lang/fleets") / GetParam();
  const auto said = [](const Compilation& one) {
    return errors_of(one) + to_canonical_json(model::to_value(one.fleet())) + model::declarations_json(one.fleet());
  };
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

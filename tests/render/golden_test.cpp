// tests/render/cases/<sentence>/: `repository/` is committed by git's own program, `instance.json` says what is declared,
// `objects.yaml` is what must come out (or the failure).
#include <gmock/gmock.h>

#include "muster/manifest/yaml.hpp"
#include "render/render_case.hpp"
#include "support/golden.hpp"

namespace muster::render::test {
namespace {

const std::filesystem::path kCases = muster::test::test_file("render/cases");

std::map<std::string, std::string> strings_in(const Value& value, std::string_view key) {
  std::map<std::string, std::string> out;
  const Value* member = value.find(key);
  if (member == nullptr) return out;
  for (const auto& [name, text] : *member->if_object()) out.emplace(name, *text.if_string());
  return out;
}

model::PatchStep step_of(const Value& value) {
  if (const std::string* key = value.if_string()) return {model::PatchStep::By::key, *key, 0};
  if (const std::int64_t* index = value.if_int()) return {model::PatchStep::By::index, "", static_cast<std::size_t>(*index)};
  return {model::PatchStep::By::name, std::string(value.string_at("name")), 0};
}

model::PatchOperation operation_of(const Value& value) {
  model::PatchOperation out;
  const std::string_view op = value.string_at("op", "=");
  out.kind = op == "+="   ? model::PatchOperation::Kind::add
             : op == "-=" ? model::PatchOperation::Kind::remove
                          : model::PatchOperation::Kind::set;
  for (const Value& step : *value.find("path")->if_array()) out.path.push_back(step_of(step));
  out.drop = value.find("value") == nullptr;
  if (!out.drop) out.value = *value.find("value");
  return out;
}

void declare(RenderCase& it, const Value& declared) {
  it.instance.namespace_name = declared.string_at("namespace");
  it.instance.renderer_options.labels = strings_in(declared, "labels");
  it.instance.renderer_options.annotations = strings_in(declared, "annotations");
  for (const auto& [name, reference] : strings_in(declared, "images")) {
    it.instance.images.push_back({name, reference, {}});
    it.images.emplace(name, reference);
  }
  if (const Value* ignore = declared.find("ignore")) {
    for (const Value& glob : *ignore->if_array()) it.instance.renderer_options.ignore.push_back(*glob.if_string());
  }
  const Value* patches = declared.find("patches");
  if (patches == nullptr) return;
  for (const Value& each : *patches->if_array()) {
    model::Patch patch{std::string(each.string_at("kind")), std::string(each.string_at("name")), {}, {}};
    for (const Value& operation : *each.find("operations")->if_array()) patch.operations.push_back(operation_of(operation));
    it.instance.patches.push_back(std::move(patch));
  }
}

class RenderGolden : public testing::TestWithParam<std::string> {};

TEST_P(RenderGolden, GivesTheObjectsThatStandBesideIt) {
  const std::filesystem::path folder = kCases / GetParam();
  const std::filesystem::path declared_file = folder / "instance.json";
  const Value declared = std::filesystem::exists(declared_file)
                             ? manifest::parse_json(muster::test::read_file(declared_file), "instance.json").value()
                             : Value(Object{});
  RenderCase it;
  it.commit_folder(folder / "repository", declared.string_at("path"));
  declare(it, declared);
  const std::string objects = it.rendered(1);
  EXPECT_EQ(objects, it.rendered(8)) << "one thread and eight must agree";
  muster::test::expect_golden(folder / "objects.yaml", objects);
}

INSTANTIATE_TEST_SUITE_P(Cases, RenderGolden, testing::ValuesIn(muster::test::folder_cases(kCases)),
                         [](const testing::TestParamInfo<std::string>& each) { return muster::test::test_name(each.param); });

}  // namespace
}  // namespace muster::render::test

#include "muster/model/patch.hpp"

#include <gmock/gmock.h>

namespace muster::model {
namespace {

using Kind = PatchOperation::Kind;

PatchStep key(std::string text) { return {PatchStep::By::key, std::move(text), 0}; }
PatchStep named(std::string text) { return {PatchStep::By::name, std::move(text), 0}; }
PatchStep at(std::size_t index) { return {PatchStep::By::index, "", index}; }

PatchOperation operation(Kind kind, std::vector<PatchStep> path, Value value) {
  PatchOperation out;
  out.kind = kind;
  out.path = std::move(path);
  out.value = std::move(value);
  return out;
}

PatchOperation drop(std::vector<PatchStep> path) {
  PatchOperation out = operation(Kind::set, std::move(path), nullptr);
  out.drop = true;
  return out;
}

Value pod() {
  return Object{{"containers", Array{Object{{"name", "app"}, {"image", "a:1"}}, Object{{"name", "side"}, {"image", "b:1"}}}},
                {"labels", Object{{"app", "x"}}}};
}

std::string after(const PatchOperation& change, Value object = pod()) {
  const std::optional<std::string> mistake = apply(change, object);
  return mistake ? "wrong: " + *mistake : to_canonical_json(object);
}

TEST(Patch, SetsALeafOfAnElementChosenByName) {
  EXPECT_EQ(after(operation(Kind::set, {key("containers"), named("side"), key("image")}, "b:2")),
            R"({"containers":[{"image":"a:1","name":"app"},{"image":"b:2","name":"side"}],"labels":{"app":"x"}})");
}

TEST(Patch, MakesMissingMapsOnTheWay) {
  EXPECT_EQ(after(operation(Kind::set, {key("spec"), key("strategy"), key("type")}, "Recreate"), Object{}),
            R"({"spec":{"strategy":{"type":"Recreate"}}})");
}

TEST(Patch, TakesAKeyInBracketsForAMap) {
  EXPECT_EQ(after(operation(Kind::set, {key("labels"), named("app.kubernetes.io/name")}, "shop"), Object{{"labels", Object{}}}),
            R"({"labels":{"app.kubernetes.io/name":"shop"}})");
}

TEST(Patch, AppendsANamedElementThatIsNotThereAndFillsInItsName) {
  EXPECT_EQ(after(operation(Kind::set, {key("env"), named("A")}, Object{{"value", "1"}}), Object{{"env", Array{}}}),
            R"({"env":[{"name":"A","value":"1"}]})");
}

TEST(Patch, NamesTheElementsThatAreThereWhenTheChosenOneIsNot) {
  EXPECT_EQ(after(operation(Kind::set, {key("containers"), named("ap"), key("image")}, "z")),
            R"(wrong: `containers` has no element named "ap"; it has "app", "side")");
}

TEST(Patch, SaysHowToChooseAnElementOfAList) {
  EXPECT_EQ(after(operation(Kind::set, {key("containers"), key("app"), key("image")}, "z")),
            R"(wrong: `containers` is a list; choose an element by its name, `containers["app"]`)");
}

TEST(Patch, RefusesToWalkThroughAScalar) {
  EXPECT_EQ(after(operation(Kind::set, {key("labels"), key("app"), key("x")}, "z")), "wrong: `labels.app` is a string; it has no `x`");
}

TEST(Patch, SelectsByIndexAndRefusesOneThatIsNotThere) {
  EXPECT_EQ(after(operation(Kind::set, {key("a"), at(1)}, 9), Object{{"a", Array{1, 2}}}), R"({"a":[1,9]})");
  EXPECT_EQ(after(operation(Kind::set, {key("a"), at(2)}, 9), Object{{"a", Array{1, 2}}}),
            "wrong: `a` has 2 elements, counted from 0; there is no [2]");
}

TEST(Patch, DropsWhatIsThereAndIsContentWhereNothingIs) {
  EXPECT_EQ(after(drop({key("containers"), named("side")})), R"({"containers":[{"image":"a:1","name":"app"}],"labels":{"app":"x"}})");
  EXPECT_EQ(after(drop({key("labels"), key("none")}), Object{{"labels", Object{{"a", 1}}}}), R"({"labels":{"a":1}})");
  EXPECT_EQ(after(drop({key("a"), key("b"), key("c")}), Object{}), "{}");
}

TEST(Patch, WritesJsonNullWhenTold) { EXPECT_EQ(after(operation(Kind::set, {key("a")}, nullptr), Object{{"a", 1}}), R"({"a":null})"); }

TEST(Patch, AddsElementsAndKeys) {
  EXPECT_EQ(after(operation(Kind::add, {key("a")}, Array{3}), Object{{"a", Array{1, 2}}}), R"({"a":[1,2,3]})");
  EXPECT_EQ(after(operation(Kind::add, {key("labels")}, Object{{"b", 2}, {"a", 3}}), Object{{"labels", Object{{"a", 1}}}}),
            R"({"labels":{"a":3,"b":2}})");
  EXPECT_EQ(after(operation(Kind::add, {key("x"), key("y")}, Array{1}), Object{}), R"({"x":{"y":[1]}})");
  EXPECT_EQ(after(operation(Kind::add, {key("a")}, Array{3}), Object{{"a", 1}}),
            "wrong: `a`: it is a number; `+=` adds to lists and maps only");
}

TEST(Patch, TakesOutElementsByValueOrNameAndKeysOfMaps) {
  EXPECT_EQ(after(operation(Kind::remove, {key("a")}, Array{2}), Object{{"a", Array{1, 2}}}), R"({"a":[1]})");
  EXPECT_EQ(after(operation(Kind::remove, {key("containers")}, Array{"app"})),
            R"({"containers":[{"image":"b:1","name":"side"}],"labels":{"app":"x"}})");
  EXPECT_EQ(after(operation(Kind::remove, {key("labels")}, "app"), Object{{"labels", Object{{"app", 1}}}}), R"({"labels":{}})");
  EXPECT_EQ(after(operation(Kind::remove, {key("a")}, Array{7}), Object{{"a", Array{1}}}), "wrong: `a`: it has no element 7");
  EXPECT_EQ(after(operation(Kind::remove, {key("b")}, Array{7}), Object{}), "wrong: `b`: there is nothing to take from");
}

TEST(Patch, WritesPathsAsTheLanguageDoes) {
  EXPECT_EQ(path_text({key("spec"), key("containers"), named("app"), key("args"), at(0), key("a.b")}),
            R"(spec.containers["app"].args[0]."a.b")");
}

TEST(Patch, NamesOneObjectOrAllOfAKind) {
  const Patch one{"Deployment", "web", {}, {}};
  const Patch all{"Deployment", "*", {}, {}};
  EXPECT_TRUE(names(one, "Deployment", "web"));
  EXPECT_FALSE(names(one, "Deployment", "db"));
  EXPECT_TRUE(names(all, "Deployment", "db"));
  EXPECT_FALSE(names(all, "Service", "db"));
}

}  // namespace
}  // namespace muster::model

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "muster/manifest/difference.hpp"
#include "muster/manifest/yaml.hpp"

namespace muster::manifest {
namespace {

Value yaml(const std::string& text) {
  const Result<Value> value = parse_document(text, "input");
  if (!value.ok()) ADD_FAILURE() << value.failure().text;
  return value.ok() ? *value : Value();
}

std::string changes(const std::string& before, const std::string& after) {
  return print_changes(difference(yaml(before), yaml(after)), "");
}

TEST(Difference, NamesEachFieldThatChanged) {
  EXPECT_EQ(changes("spec: {replicas: 1, paused: true}\n",
                    "spec: {replicas: 2, strategy: {type: Recreate}}\nmetadata: {labels: {app.kubernetes.io/name: cart}}\n"),
            "+ metadata:\n"
            "    labels:\n"
            "      app.kubernetes.io/name: cart\n"
            "- spec.paused: true\n"
            "~ spec.replicas: 1 → 2\n"
            "+ spec.strategy:\n"
            "    type: Recreate\n");
}

TEST(Difference, ComparesListsByWhatTellsTheirElementsApart) {
  const std::string before = "spec: {containers: [{name: cart, image: a, ports: [{containerPort: 80}]}, {name: old, image: b}]}\n";
  const std::string after =
      "spec: {containers: [{name: new, image: c}, {name: cart, image: d, ports: [{containerPort: 80, protocol: UDP}]}]}\n";
  EXPECT_EQ(changes(before, after),
            "- spec.containers[name=old]:\n"
            "    image: b\n"
            "    name: old\n"
            "+ spec.containers[name=new]:\n"
            "    image: c\n"
            "    name: new\n"
            "~ spec.containers[name=cart].image: a → d\n"
            "+ spec.containers[name=cart].ports[containerPort=80].protocol: UDP\n");
}

TEST(Difference, SaysWhenOnlyTheOrderChanged) {
  EXPECT_EQ(changes("c: [{name: a}, {name: b}, {name: c}]\n", "c: [{name: b}, {name: c}, {name: a}]\n"),
            "- c(order):\n    - a\n    - b\n    - c\n+ c(order):\n    - b\n    - c\n    - a\n");
}

TEST(Difference, TakesAnInsertedArgumentForOneChange) {
  EXPECT_EQ(changes("args: [a, b, c, d]\n", "args: [a, x, b, c, e]\n"), "+ args[1]: x\n~ args[4]: d → e\n");
}

TEST(Difference, ShowsTextOfManyLinesAsLines) {
  const std::string before =
      "data:\n  nginx.conf: |\n    one\n    two\n    three\n    four\n    five\n    six\n    seven\n    eight\n    nine\n    ten\n    "
      "eleven\n";
  const std::string after =
      "data:\n  nginx.conf: |\n    one\n    TWO\n    three\n    four\n    five\n    six\n    seven\n    eight\n    nine\n    ten\n";
  EXPECT_EQ(changes(before, after),
            "~ data[nginx.conf]:\n"
            "      one\n"
            "    - two\n"
            "    + TWO\n"
            "      three\n"
            "      four\n"
            "    …\n"
            "      nine\n"
            "      ten\n"
            "    - eleven\n");
  EXPECT_EQ(changes("a: \"x\\ny\\n\"\n", "a: \"x\\ny\"\n"), "~ a:\n    - the line break at its end\n");
}

TEST(Difference, NeverShowsASecret) {
  const std::string before =
      "apiVersion: v1\nkind: Secret\nmetadata: {name: a, annotations: {kubectl.kubernetes.io/last-applied-configuration: canary1}}\ndata: "
      "{password: canary2, user: canary3}\n";
  const std::string after =
      "apiVersion: v1\nkind: Secret\nmetadata: {name: a, labels: {x: z}}\ndata: {password: canary4}\nstringData: {token: canary5}\n";
  const std::string text = changes(before, after);
  EXPECT_EQ(text.find("canary"), std::string::npos) << text;
  EXPECT_EQ(text,
            "~ data.password: (secret) changed\n"
            "- data.user: (secret)\n"
            "- metadata.annotations:\n"
            "    kubectl.kubernetes.io/last-applied-configuration: (secret)\n"
            "+ metadata.labels:\n"
            "    x: z\n"
            "+ stringData:\n"
            "    token: (secret)\n");
  for (const std::string& secret : {before, after})
    EXPECT_EQ(print_object(without_secrets(yaml(secret))).find("canary"), std::string::npos);
  for (const auto& [a, b] : std::vector<std::pair<Value, Value>>{{yaml(before), Value()}, {Value(), yaml(after)}}) {
    EXPECT_EQ(print_changes(difference(a, b)).find("canary"), std::string::npos);
  }
}

TEST(Difference, KeepsTerminalsSafe) {
  EXPECT_EQ(changes("\"a\\e[0m\": \"\\e[31mred\"\n", "\"a\\e[0m\": \"two\\rlines\"\n").find_first_of("\x1b\r"), std::string::npos);
}

RC_GTEST_PROP(Difference, IsEmptyExactlyForEqualValues, ()) {
  const auto list = [] {
    ::muster::Array array;
    for (const int number : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 4))) {
      array.emplace_back(::muster::Object{{"name", std::to_string(number)}, {"v", *rc::gen::inRange(0, 2)}});
    }
    return Value(::muster::Object{{"list", std::move(array)}, {"n", *rc::gen::inRange(0, 3)}});
  };
  const Value before = list();
  const Value after = list();
  RC_ASSERT(difference(before, after).empty() == (before == after));
}

}  // namespace
}  // namespace muster::manifest

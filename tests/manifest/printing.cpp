#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
#include <yaml-cpp/yaml.h>

#include "corpus.hpp"
#include "muster/manifest/yaml.hpp"
#include "oracle.hpp"

namespace muster::manifest {
namespace {

using Members = ::muster::Object;
using ::muster::Array;

Value read(const std::string& text) {
  const Result<Value> value = parse_document(text, "printed");
  if (!value.ok()) ADD_FAILURE() << value.failure().text << "\n" << text;
  return value.ok() ? *value : Value();
}

rc::Gen<std::string> any_text() {
  static const std::vector<std::string> kTricky = [] {
    std::vector<std::string> all = test::tricky_scalars();
    // Only what may stand in a value: text that reached it through a parser.
    std::erase_if(all, [](const std::string& text) { return text.find('\0') != std::string::npos; });
    return all;
  }();
  const auto pieces = rc::gen::elementOf(std::vector<std::string>{"a",
                                                                  "b",
                                                                  " ",
                                                                  "\n",
                                                                  "\t",
                                                                  ":",
                                                                  "#",
                                                                  "-",
                                                                  "'",
                                                                  "\"",
                                                                  "\\",
                                                                  "ü",
                                                                  "\r",
                                                                  "\xC2\x85",
                                                                  "\xE2\x80\xA8",
                                                                  "\xEF\xBB\xBF",
                                                                  "\x1b",
                                                                  "\x7f",
                                                                  "|",
                                                                  ">",
                                                                  "0",
                                                                  "1",
                                                                  "e",
                                                                  ".",
                                                                  "_",
                                                                  "[",
                                                                  "{",
                                                                  ",",
                                                                  "&",
                                                                  "*",
                                                                  "!",
                                                                  "%",
                                                                  "@",
                                                                  "`",
                                                                  "?",
                                                                  "=",
                                                                  "<<",
                                                                  "---",
                                                                  "\xF0\x9F\x98\x80"});
  return rc::gen::weightedOneOf<std::string>({{3, rc::gen::elementOf(kTricky)},
                                              {4, rc::gen::map(rc::gen::container<std::vector<std::string>>(pieces),
                                                               [](const std::vector<std::string>& parts) {
                                                                 std::string out;
                                                                 for (const std::string& part : parts) out += part;
                                                                 return out;
                                                               })},
                                              {2, rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127))}});
}

rc::Gen<Value> any_value(int depth) {
  const auto text = rc::gen::map(any_text(), [](const std::string& t) { return Value(t); });
  const auto number = rc::gen::oneOf(rc::gen::map(rc::gen::arbitrary<std::int64_t>(), [](std::int64_t n) { return Value(n); }),
                                     rc::gen::map(rc::gen::arbitrary<std::uint64_t>(), [](std::uint64_t n) { return Value(n); }),
                                     rc::gen::element(Value(0.5), Value(1e21), Value(-1.5e-7), Value(1e300), Value(5e-324)));
  const auto word = rc::gen::element(Value(), Value(true), Value(false), Value(Array()), Value(Members()));
  if (depth == 0) return rc::gen::weightedOneOf<Value>({{6, text}, {2, number}, {1, word}});
  const auto below = rc::gen::lazy([depth] { return any_value(depth - 1); });
  const auto array =
      rc::gen::map(rc::gen::container<std::vector<Value>>(below), [](const std::vector<Value>& all) { return Value(Array(all)); });
  const auto member = rc::gen::pair(any_text(), below);
  const auto object = rc::gen::map(rc::gen::container<std::vector<std::pair<std::string, Value>>>(member), [](const auto& all) {
    Members members;
    for (const auto& [key, value] : all) members.set(key, value);
    return Value(std::move(members));
  });
  return rc::gen::weightedOneOf<Value>({{2, text}, {1, number}, {1, word}, {2, array}, {3, object}});
}

RC_GTEST_PROP(Printing, IsReadBackAsTheSameValue, ()) {
  const Value value = *rc::gen::resize(12, any_value(3));
  const std::string text = print_yaml(value);
  const Result<std::vector<Document>> documents = parse_documents(text, "printed");
  if (!documents.ok()) RC_FAIL(documents.failure().text + "\n" + text);
  RC_ASSERT(documents->size() == (value.is_null() ? 0U : 1U));
  if (!value.is_null()) RC_ASSERT(documents->front().value == value);
}

RC_GTEST_PROP(Printing, IsTheSameWhateverTheOrderOfMembers, ()) {
  const Value value = *rc::gen::resize(12, any_value(2));
  const Result<Value> sorted = parse_json(to_canonical_json(value), "json");
  RC_ASSERT(sorted.ok());
  RC_ASSERT(print_object(value) == print_object(*sorted));
}

TEST(Printing, IsReadByKubernetesAsTheSameValues) {
  std::string why_not;
  const test::Oracle* oracle = test::Oracle::get(why_not);
  if (oracle == nullptr) GTEST_SKIP() << "no oracle: " << why_not;
  std::vector<Value> values;
  std::vector<std::string> printed;
  rc::Random random(7);
  for (int i = 0; i < 5'000; ++i) {
    values.push_back(any_value(3)(random.split(), 10).value());
    printed.push_back(print_yaml(values.back()));
  }
  const std::vector<test::OracleAnswer> answers = oracle->read(test::OracleMode::document, printed);
  ASSERT_EQ(answers.size(), printed.size());
  for (std::size_t i = 0; i < printed.size(); ++i) {
    const Result<Value> theirs = parse_json(answers[i].text, "oracle");
    ASSERT_TRUE(answers[i].ok && theirs.ok()) << answers[i].text << "\n" << printed[i];
    EXPECT_EQ(to_canonical_json(*theirs), to_canonical_json(values[i])) << printed[i];
  }
}

// A reader of YAML 1.2 that knows nothing of our rules: text must come back as text that it would not convert.
TEST(Printing, KeepsTextTextForOtherReaders) {
  for (const std::string& scalar : test::tricky_scalars()) {
    const Result<Value> value = parse_document("k: " + scalar + "\n", "input");
    if (!value.ok() || value->find("k")->if_string() == nullptr) continue;
    const std::string printed = print_yaml(*value);
    const YAML::Node node = YAML::Load(printed);
    EXPECT_EQ(node["k"].as<std::string>(), *value->find("k")->if_string()) << printed;
    const bool quoted = node["k"].Tag() == "!";
    bool flag = false;
    double number = 0;
    const bool converted = YAML::convert<bool>::decode(node["k"], flag) || YAML::convert<double>::decode(node["k"], number);
    EXPECT_TRUE(quoted || !converted) << printed;
  }
}

TEST(Printing, IsPleasantToReview) {
  const Value deployment = read(R"(
kind: Deployment
status: {}
spec:
  template:
    spec:
      containers:
      - image: registry.example.org/shop/cart@sha256:0123
        args: ["--port=8080", "-v", "--level", "2"]
        env: [{value: "yes", name: FLAG}, {name: EMPTY, value: ""}]
        ports: [{containerPort: 8080, name: http}]
        name: cart
      volumes: []
  replicas: 2
metadata:
  annotations: {url: "https://example.org/a?b=c#d", note: "two: parts", number: "0777", script: "#!/bin/sh\necho 'hi'  \n"}
  namespace: shop
  name: cart
apiVersion: apps/v1
)");
  EXPECT_EQ(print_object(deployment), R"(apiVersion: apps/v1
kind: Deployment
metadata:
  name: cart
  namespace: shop
  annotations:
    note: "two: parts"
    number: "0777"
    script: |
      #!/bin/sh
      echo 'hi'  )"
                                      "\n"
                                      R"(    url: https://example.org/a?b=c#d
spec:
  replicas: 2
  template:
    spec:
      containers:
      - name: cart
        args:
        - --port=8080
        - "-v"
        - --level
        - "2"
        env:
        - name: FLAG
          value: "yes"
        - name: EMPTY
          value: ""
        image: registry.example.org/shop/cart@sha256:0123
        ports:
        - name: http
          containerPort: 8080
      volumes: []
status: {}
)");
}

TEST(Printing, KeepsTheOrderOfMustersOwnDocuments) {
  const Value release = Members{
      {"format", 1}, {"service", "cart"}, {"images", Members{{"main", "sha256:1"}, {"aside", "sha256:2"}}}, {"at", "2026-05-04T10:00:00Z"}};
  EXPECT_EQ(print_yaml(release), "format: 1\nservice: cart\nimages:\n  main: sha256:1\n  aside: sha256:2\nat: \"2026-05-04T10:00:00Z\"\n");
}

}  // namespace
}  // namespace muster::manifest

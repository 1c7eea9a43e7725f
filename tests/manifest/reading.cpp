// The reader on tests/manifest/corpus/: beside each input stands what is read from it, an object a line with its place, or
// why it is refused. ACCEPT=1 rewrites.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "corpus.hpp"
#include "muster/manifest/yaml.hpp"

namespace muster::manifest {
namespace {

namespace fs = std::filesystem;

fs::path corpus_folder() { return fs::path(MUSTER_SOURCE_DIR) / "tests/manifest/corpus"; }

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// As the case's file says it: bare documents where the input is about YAML alone, objects where it has any.
std::string outcome(const std::string& name, const std::string& text) {
  const Result<std::vector<Object>> objects = parse_objects(text, name);
  if (objects.ok()) {
    std::string out = objects->empty() ? "nothing\n" : "";
    for (const Object& object : *objects)
      out += fmt::format("{} {}\n{}\n", object.at.text(), object.id.text(), to_canonical_json(object.content));
    return out;
  }
  const std::string refusal = fmt::format("refused ({}): {}\n", to_string(objects.failure().reason), objects.failure().text);
  const Result<std::vector<Document>> documents = parse_documents(text, name);
  if (!documents.ok()) return refusal;
  std::string out = refusal;
  for (const Document& document : *documents) out += fmt::format("as YAML: {} {}\n", document.at.text(), to_canonical_json(document.value));
  return out;
}

TEST(Reading, GivesWhatStandsBesideEveryCase) {
  const bool accept = std::getenv("ACCEPT") != nullptr;
  std::set<std::string> expected_files;
  for (const auto& [name, text] : test::corpus()) {
    const fs::path golden = corpus_folder() / (name + ".out");
    expected_files.insert(golden.filename());
    const std::string actual = outcome(name, text);
    if (accept) {
      std::ofstream(golden, std::ios::binary) << actual;
    } else {
      EXPECT_EQ(actual, read_file(golden)) << name << " (ACCEPT=1 rewrites what stands beside it)";
    }
  }
  for (const auto& entry : fs::directory_iterator(corpus_folder())) {
    if (entry.path().extension() != ".out") continue;
    EXPECT_TRUE(expected_files.contains(entry.path().filename())) << entry.path() << " belongs to no case; remove it";
  }
  if (accept) GTEST_SKIP() << "rewritten";
}

TEST(Reading, RefusesFilesBeyondTheirLimits) {
  const auto reason = [](const std::string& text) {
    const auto read = parse_documents(text, "big.yaml");
    return read.ok() ? "read" : std::string(to_string(read.failure().reason)) + ": " + read.failure().text;
  };
  EXPECT_EQ(reason(std::string(kMaxFileBytes + 1, ' ')), "limit: big.yaml: larger than 5 MiB; split the file");
  std::string many;
  for (std::size_t i = 0; i <= kMaxNodes / 2; ++i) many += fmt::format("{}: 1\n", i);
  EXPECT_EQ(reason(many), "limit: big.yaml:100000:8: the file has more than 200000 nodes; split it");
  std::string split;
  for (std::size_t i = 0; i <= kMaxNodes / 3; ++i) split += "a: 1\n---\n";
  EXPECT_EQ(reason(split), "limit: big.yaml:133333:4: the file has more than 200000 nodes; split it");
}

TEST(Reading, IsQuickOnInputMadeToBeSlow) {
  // No clock here: each of these took seconds or minutes with a naive reader, and would hit the test's time limit.
  std::string brackets(100'000, '[');
  EXPECT_FALSE(parse_documents(brackets, "x").ok());
  std::string keys = "{";
  for (int i = 0; i < 60'000; ++i) keys += fmt::format("k{}: &a{} 1, ", i, i);
  EXPECT_TRUE(parse_documents(keys + "}", "x").ok());
  std::string merged = "a: &a {";
  for (int i = 0; i < 30'000; ++i) merged += fmt::format("k{}: 1, ", i);
  merged += "}\nb: {<<: *a";
  for (int i = 0; i < 30'000; ++i) merged += fmt::format(", j{}: 1", i);
  const auto read = parse_documents(merged + "}\n", "x");
  ASSERT_TRUE(read.ok()) << read.failure().text;
  std::string separators;
  for (int i = 0; i < 200'000; ++i) separators += "---\n#\n";
  EXPECT_TRUE(parse_documents(separators, "x").ok());
}

TEST(Reading, TakesOneDocumentWhereOneIsExpected) {
  const auto text = [](const Result<Value>& read) { return read.ok() ? to_canonical_json(*read) : read.failure().text; };
  EXPECT_EQ(text(parse_document("format: 1\n", "muster.yaml")), R"({"format":1})");
  EXPECT_EQ(text(parse_document("# nothing\n", "muster.yaml")), "muster.yaml: empty; one YAML document is expected here");
  EXPECT_EQ(text(parse_document("a: 1\n---\nb: 1\n", "muster.yaml")), "muster.yaml:3:1: a second document; one is expected here");
}

TEST(Reading, EscapesWhatStrangersWriteInItsMessages) {
  const auto read = parse_documents("\"a\\e[31m\": 1\n\"a\\e[31m\": 2\n", "evil\x1b.yaml");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.failure().text.find('\x1b'), std::string::npos) << read.failure().text;
}

TEST(ReadingJson, RefusesWhatIsNotStrict) {
  const auto text = [](std::string_view json) {
    const auto read = parse_json(json, "x.json");
    return read.ok() ? to_canonical_json(*read) : read.failure().text;
  };
  EXPECT_EQ(text(R"({"a": [1, 2.0, 1e3, -0, 18446744073709551615, 0.1]})"), R"({"a":[1,2,1000,0,18446744073709551615,0.1]})");
  EXPECT_EQ(text("{\"a\": 1,\n \"a\": 2}"), "x.json:2:4: duplicate key 'a'; remove one");
  EXPECT_EQ(text("[1, 2"), "x.json:1:6: not JSON: incomplete JSON");
  EXPECT_EQ(text("[1] [2]"), "x.json:1:5: text after the end of the JSON value; remove it");
  EXPECT_EQ(text("[1,]").substr(0, 22), "x.json:1:4: not JSON: ");
  EXPECT_EQ(text("\"\\u0000\""), "x.json:1:8: text contains a NUL character");
  EXPECT_EQ(text("[1e999]"), "x.json:1:7: number '1e999' is too large");
  EXPECT_EQ(text(std::string(128, '[') + std::string(128, ']')), std::string(128, '[') + std::string(128, ']'));
  EXPECT_EQ(text(std::string(129, '[') + std::string(129, ']')), "x.json:1:129: nested deeper than 128 levels");
  std::string many = "{";
  for (int i = 0; i < 50'000; ++i) many += fmt::format("\"k{}\": 1, ", i);
  EXPECT_EQ(text(many + "\"k7\": 1}").substr(0, 8), "x.json:1");
  EXPECT_EQ(text("\"\xff\"").substr(0, 22), "x.json:1:2: not JSON: ");
}

}  // namespace
}  // namespace muster::manifest

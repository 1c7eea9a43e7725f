// The quick reader against libyaml: whatever it accepts, libyaml reads as the same tree, with the same places.
#include "manifest/plain_style.hpp"

#include <gtest/gtest.h>

#include <random>

#include "corpus.hpp"
#include "muster/manifest/yaml.hpp"

namespace muster::manifest {
namespace {

/// Did the quick reader take it? Then libyaml says the same.
bool agrees_where_it_reads(const std::string& text) {
  const std::optional<Tree> plain = read_plain_style(text, 1, kMaxNodes);
  if (!plain) return false;
  const Result<Tree> events = read_events(text, "case", 1, kMaxNodes);
  EXPECT_TRUE(events.ok()) << events.failure().text << "\n" << text;
  EXPECT_TRUE(events.ok() && *plain == *events) << text;
  return true;
}

TEST(PlainStyle, IsReadWithoutLibyaml) {
  for (const char* text : {
           "a: b\n",
           "apiVersion: v1\nkind: Service\nmetadata:\n  name: cart\n  labels: { app: cart, tier: \"back\" }\nspec:\n  ports:\n    - port: "
           "80\n      name: http\n",
           "list:\n- a\n- b: c\n  d: e\nafter: 1\n",
           "- - a\n  - b\n-\n  c: d\n",
           "text: |\n  one\n   two\n\n  three\nstripped: |-\n  x\n\nkept: |+\n  y\n\n\n",
           "empty:\nnull: ~\nquoted: 'it is \"so\"' # why\n\"key\": \"a: b # c\"\n",
           "# first\nargs: [\"--listen=:8080\", '--level=info', x, [1, -2]]  # last\n",
           "data:\n  note: \"grün\"\n",
       }) {
    EXPECT_TRUE(agrees_where_it_reads(text)) << text;
  }
}

TEST(PlainStyle, LeavesToLibyamlWhatCouldMeanAnythingElse) {
  for (const char* text : {"a: b\n  c\n", "a: b: c\n", "a: \"x\\n\"\n", "a: 'it''s'\n", "a: &x b\nc: *x\n", "a: !!str 1\n", "a: >\n  b\n",
                           "a:\tb\n", "? a\n: b\n", "<<: {a: b}\n", "a: [b\n  ]\n", "a: |2\n   b\n", "...\n", "a: b\n...\n", "plain\n",
                           "{a: b}\n", "a: [x: y]\n", "a: \"b\"#c\n", "a: b\n c: d\n"}) {
    EXPECT_FALSE(read_plain_style(text, 1, kMaxNodes)) << text;
  }
  EXPECT_FALSE(read_plain_style("a: b\nc: d\n", 1, 4)) << "libyaml says that the budget of nodes is spent";
}

TEST(PlainStyle, ReadsEveryCaseAsLibyamlDoes) {
  for (const auto& [name, text] : test::corpus()) {
    const auto documents = parse_documents(text, name);
    const bool is_text = documents.ok() || documents.failure().reason != Reason::corrupt;  // Else nobody comes this far.
    if (is_text) agrees_where_it_reads(text + "\n");
  }
}

TEST(PlainStyle, ReadsGeneratedDocumentsAsLibyamlDoes) {
  test::Generator generator(7);
  for (int i = 0; i < 20'000; ++i) agrees_where_it_reads(generator.next() + "\n");
}

TEST(PlainStyle, ReadsLinesInAnyOrderAsLibyamlDoes) {
  static const std::vector<std::string> kLines = {"a: b",
                                                  "key: value # c",
                                                  "- x",
                                                  "- ",
                                                  "-",
                                                  "- - y",
                                                  "- k: v",
                                                  "k:",
                                                  "k: |",
                                                  "k: |-",
                                                  "k: |+",
                                                  "text here",
                                                  "# note",
                                                  "",
                                                  "  ",
                                                  "k: \"q\"",
                                                  "k: 'q'",
                                                  "k: 'it''s'",
                                                  "k: \"a\\n\"",
                                                  "k: [a, b]",
                                                  "k: {a: b, c: d}",
                                                  "- [1,2]",
                                                  "- {x: y}",
                                                  "k: [a, [b], {c: d}, \"e\"]",
                                                  "\"k\": v",
                                                  "'k': v",
                                                  "k: -1",
                                                  "k: - z",
                                                  "k: a:",
                                                  "k: a#b",
                                                  "k: #x",
                                                  "k: ~",
                                                  "...",
                                                  "k: *a",
                                                  "k: &a b",
                                                  "? k",
                                                  "k: >",
                                                  "k: [",
                                                  "]",
                                                  "k: [a,]",
                                                  "k: {a,b}",
                                                  "- |",
                                                  "- \"x\": y",
                                                  "k : v",
                                                  "k: v ",
                                                  "k: é",
                                                  "é: v",
                                                  "k: [\"é\", b]",
                                                  "k: 'a' b",
                                                  "k: 'a'#b",
                                                  "k: [a] # b",
                                                  "k: :x",
                                                  "k: x:y",
                                                  "k: 'a",
                                                  "b': x",
                                                  "-x",
                                                  "--- x",
                                                  "k: []",
                                                  "k: {}",
                                                  "- []",
                                                  "k: {a: [b, c], d: {e: f}}",
                                                  "-   a: b",
                                                  "k: {\"a\": 1, 'b': 2}",
                                                  "k: {\"a\":1}",
                                                  "k: [a: b]",
                                                  "k: [a b]",
                                                  "1: 2",
                                                  ".a: b",
                                                  "k: a  # b",
                                                  "k: \"\"",
                                                  "k: [\"\"]"};
  std::mt19937 random(7);
  int read = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string text;
    for (std::size_t lines = 1 + random() % 7; lines > 0; --lines) {
      text += std::string(random() % 3 == 0 ? 0 : random() % 7, ' ') + kLines[random() % kLines.size()] + "\n";
    }
    read += agrees_where_it_reads(text) ? 1 : 0;
  }
  EXPECT_GT(read, 1'000);
}

}  // namespace
}  // namespace muster::manifest

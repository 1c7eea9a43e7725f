#include "muster/diag/render.hpp"

#include <gtest/gtest.h>

namespace muster::diag {
namespace {

/// The span of the `nth` occurrence of `what`.
Span find(const Sources& sources, SourceId id, std::string_view what, int nth = 1) {
  std::size_t at = std::string_view::npos;
  for (int i = 0; i < nth; ++i) at = sources.text(id).find(what, at == std::string_view::npos ? 0 : at + 1);
  return {id, static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at + what.size())};
}

TEST(Terminal, ShowsTheLineTheLabelAndTheFix) {
  Sources sources;
  const SourceId hello =
      sources.add("hello.fleet", "fleet acme { }\n\n\n\n\nservice hello : std.web {\n  in production { replcias = 2 }\n}\n");
  Diagnostics all;
  const Span field = find(sources, hello, "replcias");
  all.error(field, "F0101", "`service hello` has no field `replcias`")
      .label("unknown field")
      .fix(field, "replicas", "`replicas` (int, from std/core.fleet:88)");
  EXPECT_EQ(render_terminal(all, sources),
            "error[F0101] hello.fleet:7:19: `service hello` has no field `replcias`\n"
            "  7 |   in production { replcias = 2 }\n"
            "    |                   ^^^^^^^^ unknown field\n"
            "  fix: `replicas` (int, from std/core.fleet:88)\n");
}

TEST(Terminal, ShowsOtherFilesWithTheirPlaces) {
  Sources sources;
  const SourceId a = sources.add("a.fleet", "service a {\n  needs = [b]\n}\n");
  const SourceId b = sources.add("b.fleet", "service b {\n  needs = [a]\n}\n");
  Diagnostics all;
  all.error(find(sources, a, "b"), "F0101", "these services need each other in a circle")
      .label("a needs b")
      .also(find(sources, b, "[a]"), "b needs a")
      .help("if a need not wait for b, write `link(b)`");
  EXPECT_EQ(render_terminal(all, sources),
            "error[F0101] a.fleet:2:12: these services need each other in a circle\n"
            "  2 |   needs = [b]\n"
            "    |            ^ a needs b\n"
            "  ::: b.fleet:2:11   needs = [a]\n"
            "    |                        ^^^ b needs a\n"
            "  help: if a need not wait for b, write `link(b)`\n");
}

TEST(Terminal, ShowsOtherLinesOfTheSameFileWithDashes) {
  Sources sources;
  const SourceId id =
      sources.add("cart.fleet", "1\n2\n3\n4\n  in production { memory = 1Gi }\n6\n7\n8\n  in production { memory = 2Gi }\n");
  Diagnostics all;
  all.error(find(sources, id, "memory = 2Gi"), "F0101", "`memory` is set twice for production in `service cart`")
      .label("second value")
      .also(find(sources, id, "memory = 1Gi"), "first value")
      .note("order never decides in fleet files; keep one of them");
  EXPECT_EQ(render_terminal(all, sources),
            "error[F0101] cart.fleet:9:19: `memory` is set twice for production in `service cart`\n"
            "  9 |   in production { memory = 2Gi }\n"
            "    |                   ^^^^^^^^^^^^ second value\n"
            "  5 |   in production { memory = 1Gi }\n"
            "    |                   ------------ first value\n"
            "  note: order never decides in fleet files; keep one of them\n");
}

TEST(Terminal, PutsLabelsOfOneLineUnderItTogetherAndAlignsLineNumbers) {
  Sources sources;
  const SourceId id = sources.add("a.fleet", "1\n2\n3\n4\n5\n6\n7\n8\nx = [a, a]\ny = a\n");
  Diagnostics all;
  all.error(find(sources, id, "a", 2), "F0101", "twice")
      .label("again")
      .also(find(sources, id, "a", 1), "first")
      .also(find(sources, id, "a", 3), "and here");
  EXPECT_EQ(render_terminal(all, sources),
            "error[F0101] a.fleet:9:9: twice\n"
            "   9 | x = [a, a]\n"
            "     |         ^ again\n"
            "     |      - first\n"
            "  10 | y = a\n"
            "     |     - and here\n");
}

TEST(Terminal, CoversPasswordsInUrls) {
  Sources sources;
  const SourceId id =
      sources.add("cart.fleet", "repo = \"https://me:s3cret@host/cart\", or = \"https://host:8080/a\", at = \"http://host/me:x@y\"\n");
  Diagnostics all;
  all.error(find(sources, id, "repo"), "F0101", "no").label("here");
  const std::string shown = render_terminal(all, sources);
  EXPECT_NE(shown.find("\"https://me:******@host/cart\", or = \"https://host:8080/a\", at = \"http://host/me:x@y\""), std::string::npos)
      << shown;
}

TEST(Terminal, AlignsBelowTabsAndWideCharacters) {
  Sources sources;
  const SourceId id = sources.add("a.fleet", "\tx = \"名前\" + e\xcc\x81 + bad\n");
  Diagnostics all;
  all.error(find(sources, id, "bad"), "F0101", "bad").label("here");
  EXPECT_EQ(render_terminal(all, sources),
            "error[F0101] a.fleet:1:18: bad\n"
            "  1 |     x = \"名前\" + e\xcc\x81 + bad\n"
            "    |                      ^^^ here\n");
}

TEST(Terminal, NeverPassesControlBytesOn) {
  Sources sources;
  const SourceId id = sources.add("a\x1b[31m.fleet", "x = \"\x1b[2J\" + bad\n");
  Diagnostics all;
  all.error(find(sources, id, "bad"), "F0101", "found \x1b]0;title\x07").label("\x1b[1m").help("\x07");
  const std::string shown = render_terminal(all, sources);
  EXPECT_EQ(shown.find('\x1b'), std::string::npos) << shown;
  EXPECT_EQ(shown.find('\x07'), std::string::npos) << shown;
}

TEST(Terminal, CutsLongLinesAroundTheirLabel) {
  Sources sources;
  const std::string text = "x = \"" + std::string(500, 'a') + "\" + bad + \"" + std::string(500, 'b') + "\"\n";
  const SourceId id = sources.add("a.fleet", text);
  Diagnostics all;
  all.error(find(sources, id, "bad"), "F0101", "bad").label("here");
  const std::string shown = render_terminal(all, sources);
  const std::string line = shown.substr(shown.find('\n') + 1, shown.find('\n', shown.find('\n') + 1) - shown.find('\n') - 1);
  const std::string marks = shown.substr(shown.rfind('|'));
  EXPECT_LT(line.size(), 200U);
  // `…` is three bytes and one column.
  EXPECT_EQ(line.find("bad") - line.find('|') - 2, marks.find('^')) << shown;
}

TEST(Terminal, KeepsLabelsOfALongLineAtTheEdgeOfWhatIsShown) {
  Sources sources;
  const SourceId id = sources.add("a.fleet", "first" + std::string(600, 'a') + "bad" + std::string(600, 'b') + "last\n");
  Diagnostics all;
  all.error(find(sources, id, "bad"), "F0101", "bad")
      .label("here")
      .also(find(sources, id, "first"), "before")
      .also(find(sources, id, "last"), "behind");
  const std::string shown = render_terminal(all, sources);
  EXPECT_NE(shown.find("before"), std::string::npos);
  EXPECT_NE(shown.find("behind"), std::string::npos);
  EXPECT_LT(shown.size(), 1000U) << shown;
}

TEST(Terminal, ShowsOnlyTheFirstLineOfALongSpanAndACaretForAnEmptyOne) {
  Sources sources;
  const SourceId id = sources.add("a.fleet", "x = [\n  1,\n]\n");
  Diagnostics all;
  all.error({id, 4, 12}, "F0101", "long").label("all of it");
  all.error({id, 13, 13}, "F0102", "end");
  EXPECT_EQ(render_terminal(all, sources),
            "error[F0101] a.fleet:1:5: long\n"
            "  1 | x = [\n"
            "    |     ^ all of it\n"
            "\n"
            "error[F0102] a.fleet:4:1: end\n"
            "  4 | \n"
            "    | ^\n");
}

TEST(Terminal, SaysDiagnosticsWithoutAPlaceInOneLine) {
  Diagnostics all;
  all.warning({}, "W0101", "nothing to point at");
  EXPECT_EQ(render_terminal(all, Sources()), "warning[W0101]: nothing to point at\n");
  EXPECT_EQ(summary(all), "1 warning");
  EXPECT_EQ(summary({}), "");
}

TEST(Terminal, ColoursOnlyWhenAsked) {
  Sources sources;
  const SourceId id = sources.add("a.fleet", "x\n");
  Diagnostics all;
  all.error({id, 0, 1}, "F0101", "m").label("l").help("h");
  EXPECT_EQ(render_terminal(all, sources).find('\x1b'), std::string::npos);
  EXPECT_NE(render_terminal(all, sources, {.colour = true}).find("\x1b[1;31merror[F0101]\x1b[0m"), std::string::npos);
}

TEST(Json, CarriesPlacesLabelsAndFixes) {
  Sources sources;
  const SourceId id = sources.add("a.fleet", "ü\nx = y\n");
  Diagnostics all;
  all.error({id, 7, 8}, "F0101", "m").label("l").also({id, 3, 4}, "o").note("n").help("h").fix({id, 7, 8}, "z", "`z`");
  const Value json = to_json(all, sources);
  ASSERT_NE(json.if_array(), nullptr);
  const Value& one = json.if_array()->front();
  EXPECT_EQ(
      to_canonical_json(one),
      "{\"begin\":7,\"code\":\"F0101\",\"column\":5,\"end\":8,\"end_column\":6,\"end_line\":2,"
      "\"fixes\":[{\"begin\":7,\"column\":5,\"end\":8,\"end_column\":6,\"end_line\":2,\"line\":2,\"path\":\"a.fleet\",\"text\":\"z\","
      "\"title\":\"`z`\"}],"
      "\"helps\":[\"h\"],\"label\":\"l\","
      "\"labels\":[{\"begin\":3,\"column\":1,\"end\":4,\"end_column\":2,\"end_line\":2,\"label\":\"o\",\"line\":2,\"path\":\"a.fleet\"}],"
      "\"line\":2,\"message\":\"m\",\"notes\":[\"n\"],\"path\":\"a.fleet\",\"severity\":\"error\"}");
}

TEST(Sarif, NamesTheRuleTheRegionAndTheReplacement) {
  Sources sources;
  const SourceId id = sources.add("teams/a.fleet", "x = y\n");
  Diagnostics all;
  all.error({id, 4, 5}, "F0101", "m").fix({id, 4, 5}, "z", "`z`");
  const Value log = to_sarif(all, sources, "1.2.3");
  EXPECT_EQ(log.string_at("version"), "2.1.0");
  const Value& run = log.find("runs")->if_array()->front();
  const Value& driver = *run.find("tool")->find("driver");
  EXPECT_EQ(driver.string_at("version"), "1.2.3");
  EXPECT_EQ(driver.find("rules")->if_array()->front().string_at("id"), "F0101");
  const Value& result = run.find("results")->if_array()->front();
  EXPECT_EQ(result.string_at("ruleId"), "F0101");
  EXPECT_EQ(result.string_at("level"), "error");
  EXPECT_EQ(to_canonical_json(*result.find("locations")),
            "[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":\"teams/a.fleet\"},"
            "\"region\":{\"endColumn\":6,\"endLine\":1,\"startColumn\":5,\"startLine\":1}}}]");
  EXPECT_EQ(to_canonical_json(*result.find("fixes")),
            "[{\"artifactChanges\":[{\"artifactLocation\":{\"uri\":\"teams/"
            "a.fleet\"},\"replacements\":[{\"deletedRegion\":{\"endColumn\":6,\"endLine\":1,"
            "\"startColumn\":5,\"startLine\":1},\"insertedContent\":{\"text\":\"z\"}}]}],\"description\":{\"text\":\"`z`\"}}]");
}

}  // namespace
}  // namespace muster::diag

// Parsing: goldens (a file, then its tree and what is wrong with it), the grammar's own soundness, properties.
#include "lang/syntax/parse.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "grammar/analyze.hpp"
#include "muster/base/text.hpp"
#include "muster/diag/catalogue.hpp"
#include "muster/diag/render.hpp"
#include "support/golden.hpp"

namespace muster::lang {
namespace {

using diag::SourceId;
using diag::Sources;

std::string described(std::string_view path, std::string text) {
  Sources sources;
  const SourceId id = sources.add(std::string(path), std::move(text));
  const Parsed parsed = parse(id, sources.text(id));
  const std::string errors = render_terminal(parsed.diagnostics, sources);
  return syntax::dump_syntax(parsed.tree) + (errors.empty() ? "" : "----\n" + errors);
}

std::vector<std::string> codes(std::string_view text) {
  const Parsed parsed = parse(SourceId{0}, text);
  std::vector<std::string> result;
  for (const diag::Diagnostic& diagnostic : parsed.diagnostics.all()) result.push_back(diagnostic.code);
  return result;
}

std::string expression(std::string_view text) {
  const Parsed parsed = parse_expression(SourceId{0}, text);
  std::string result = syntax::dump_syntax(parsed.tree);
  if (!result.empty()) result.pop_back();
  for (const diag::Diagnostic& diagnostic : parsed.diagnostics.all()) result += " " + diagnostic.code;
  return result;
}

// ---- goldens ----

class ParseCase : public testing::TestWithParam<std::string> {};

TEST_P(ParseCase, GivesItsTreeAndItsErrors) {
  const std::filesystem::path file = test::test_file("lang/parse") / (GetParam() + ".fleet");
  std::filesystem::path golden = file;
  golden.replace_extension(".expected");
  test::expect_golden(golden, described(GetParam() + ".fleet", test::read_file(file)));
}

INSTANTIATE_TEST_SUITE_P(Parse, ParseCase, testing::ValuesIn(test::file_cases(test::test_file("lang/parse"), ".fleet", ".expected")),
                         [](const auto& parameter) { return test::test_name(parameter.param); });

// ---- the pages of the catalogue ----

TEST(SyntaxPages, ShowExamplesThatAreWrongAndRightInTheWayTheySay) {
  for (const diag::Page& page : diag::pages()) {
    if (!page.code.starts_with("F01") && !page.code.starts_with("W01")) continue;
    for (const diag::Example& example : wrong_example(page)) {
      const std::vector<std::string> found = codes(example.text);
      EXPECT_NE(std::find(found.begin(), found.end(), page.code), found.end())
          << page.code << " gives " << testing::PrintToString(found) << "\n"
          << example.text;
    }
    for (const diag::Example& example : right_example(page)) {
      EXPECT_EQ(codes(example.text), std::vector<std::string>()) << page.code << "\n" << described("right.fleet", example.text);
    }
  }
}

// ---- the grammar ----

TEST(Grammar, HasNoLeftRecursionAndNoLoopThatGoesNowhere) {
  EXPECT_EQ(tao::pegtl::analyze<grammar::file>(1), 0U);
  EXPECT_EQ(tao::pegtl::analyze<grammar::lone_expression>(1), 0U);
}

// ---- expressions ----

TEST(Expressions, BindAsTheTableSays) {
  EXPECT_EQ(expression("a or b and not c == d ?? e + f * -g"), "(or a (and b (not (== c (?? d (+ e (* f (- g))))))))");
  EXPECT_EQ(expression("a - b - c"), "(- (- a b) c)");
  EXPECT_EQ(expression("a ?? b ?? c"), "(?? (?? a b) c)");
  EXPECT_EQ(expression("(a or b) and c"), "(and (or a b) c)");
  EXPECT_EQ(expression("not a and b"), "(and (not a) b)");
  EXPECT_EQ(expression("-a.b"), "(- (. a b))");
  EXPECT_EQ(expression("if a or b then c else d or e"), "(if (or a b) c (or d e))");
  EXPECT_EQ(expression("(if a then b else c).d"), "(. (if a b c) d)");
}

TEST(Expressions, KeepHyphensInNamesAndTellThemFromMinus) {
  EXPECT_EQ(expression("prod-eu"), "prod-eu");
  EXPECT_EQ(expression("a-b - c-d"), "(- a-b c-d)");
  EXPECT_EQ(expression("n - 1"), "(- n 1)");
  EXPECT_EQ(expression("n-1"), "n-1");
  EXPECT_EQ(expression("a -b"), "<bad> F0119");
  EXPECT_EQ(expression("a- b"), "<bad> F0119");
}

TEST(Expressions, ReadPercentByWhatItTouches) {
  EXPECT_EQ(expression("50%"), "50%");
  EXPECT_EQ(expression("5 % 2"), "(% 5 2)");
  EXPECT_EQ(expression("n % 2"), "(% n 2)");
  EXPECT_EQ(expression("5%2"), "<bad> F0117");
}

TEST(Expressions, ReadUnitsAndDates) {
  EXPECT_EQ(expression("[250m, 15min, 24h, 256Mi, 0.5, 2026-12-18, 2026-12-18T18:00, 2026-12-18T18:00:30Z, 2026-12-18T18:00+02:00]"),
            "(list 250m 15min 24h 256Mi 0.5 2026-12-18 2026-12-18T18:00 2026-12-18T18:00:30Z 2026-12-18T18:00+02:00)");
  EXPECT_EQ(expression("2026-13-01"), "2026-13-01 F0118");
  EXPECT_EQ(expression("2028-02-29"), "2028-02-29");
  EXPECT_EQ(expression("2026-02-29"), "2026-02-29 F0118");
  EXPECT_EQ(expression("2026-12-18T24:00"), "2026-12-18T24:00 F0118");
}

TEST(Expressions, ReadMembersCallsIndexesAndEnvironments) {
  EXPECT_EQ(expression("idp@prod-eu.url"), "(. (@ idp prod-eu) url)");
  EXPECT_EQ(expression("watch(\"r\", versions = \"^1\", tags = xs[0],)"), "(call watch \"r\" versions = \"^1\" tags = (index xs 0))");
  EXPECT_EQ(expression("x.in.for"), "(. (. x in) for)") << "any word stands behind a point";
  EXPECT_EQ(expression("f(a == b, c = d)"), "(call f (== a b) c = d)");
}

TEST(Expressions, ReadTexts) {
  EXPECT_EQ(expression(R"~("plain")~"), R"~("plain")~");
  EXPECT_EQ(expression(R"~("")~"), R"~("")~");
  EXPECT_EQ(expression(R"~("a\tb\n\"q\"\\ \u{e9}")~"), R"~("a\tb\n\"q\"\\ é")~");
  EXPECT_EQ(expression(R"~("\(a)-\(b.c)")~"), R"~((text a "-" (. b c)))~");
  EXPECT_EQ(expression(R"~("x\(f("y\(z)"))")~"), R"~((text "x" (call f (text "y" z))))~");
  EXPECT_EQ(expression(R"~(r"\d+\(a)")~"), R"~("\\d+\\(a)")~");
  EXPECT_EQ(expression(R"~("$(HOME) ${HOME} {{ x }} $x")~"), R"~("$(HOME) ${HOME} {{ x }} $x")~") << "other tools' placeholders are text";
  EXPECT_EQ(expression(R"("${service.name}")"), R"("${service.name}" W0101)");
}

TEST(Expressions, RefuseCharactersThatLoweringKeepsForItself) {
  EXPECT_EQ(expression(R"("\u{2}")"), R"("" F0116)");
  EXPECT_EQ(expression(R"("\u{3}x")"), R"("x" F0116)");
  EXPECT_EQ(expression(R"("\u{d800}")"), R"("" F0116)");
  EXPECT_EQ(expression(R"("\u{110000}")"), R"("" F0116)");
  EXPECT_EQ(codes("const a = \"\x02\"\n"), std::vector<std::string>{"F0103"});
  EXPECT_EQ(codes("const a = 1\x01\n"), std::vector<std::string>{"F0103"});
  EXPECT_EQ(codes("const a = \"\xe2\x80\xae\"\n"), std::vector<std::string>{"F0103"}) << "right-to-left override";
  EXPECT_EQ(codes("# caf\xc3\xa9\rconst b = 2\n"), std::vector<std::string>{"F0103"}) << "a lone carriage return hides a line";
}

TEST(Expressions, ReadWindowsLineEndsAsLineEnds) {
  Sources sources;
  const SourceId unix_id = sources.add("a", "service a : b {\n  x = [\n    1,\n  ]\n  y = \"\"\"\n    one\n    two\n    \"\"\"\n}\n");
  std::string text(sources.text(unix_id));
  for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 2)) text.insert(at, 1, '\r');
  const SourceId windows_id = sources.add("b", text);
  const Parsed one = parse(unix_id, sources.text(unix_id));
  const Parsed two = parse(windows_id, sources.text(windows_id));
  EXPECT_TRUE(two.diagnostics.empty()) << render_terminal(two.diagnostics, sources);
  EXPECT_EQ(syntax::dump_syntax(one.tree), syntax::dump_syntax(two.tree));
}

TEST(Expressions, StopBeforeTheyAreTooDeepOrTooTall) {
  for (const std::string_view open : {"[", "(", "{ a = ", "f(", "not ", "-", "\"\\(", "if "}) {
    std::string text = "const x = ";
    for (int i = 0; i < 20'000; ++i) text += open;
    const std::vector<std::string> found = codes(text);
    ASSERT_FALSE(found.empty()) << open;
  }
  EXPECT_EQ(codes("const x = " + std::string(101, '[') + std::string(101, ']')), std::vector<std::string>{"F0122"});
  EXPECT_EQ(codes("const x = " + std::string(99, '[') + std::string(99, ']')), std::vector<std::string>());
  std::string sum = "const x = 1";
  for (int i = 0; i < 20'000; ++i) sum += " + 1";
  EXPECT_EQ(codes(sum), std::vector<std::string>{"F0122"}) << "evaluation would recurse as deep";
  std::string members = "const x = a";
  for (int i = 0; i < 20'000; ++i) members += ".b";
  EXPECT_EQ(codes(members), std::vector<std::string>{"F0122"});
}

TEST(Expressions, MayBeLongListsWithoutBeingDeep) {
  std::string text = "const x = [";
  for (int i = 0; i < 100'000; ++i) text += "1,";
  EXPECT_EQ(codes(text + "]"), std::vector<std::string>());
}

// ---- files ----

TEST(Files, StopAfterTwoHundredErrors) {
  std::string text = "service a : b {\n";
  for (int i = 0; i < 5'000; ++i) text += "  ?\n";
  const std::vector<std::string> found = codes(text + "}\n");
  EXPECT_EQ(found.size(), 201U);
  EXPECT_NE(std::find(found.begin(), found.end(), "F0123"), found.end());
}

TEST(Files, MayBeEmptyOrBeginWithAByteOrderMark) {
  EXPECT_EQ(codes(""), std::vector<std::string>());
  EXPECT_EQ(codes("\n\n# nothing\n"), std::vector<std::string>());
  EXPECT_EQ(codes("\xef\xbb\xbf"
                  "fleet a { }\n"),
            std::vector<std::string>());
}

TEST(Files, KeepTheNameOfADeclarationThatCouldNotBeRead) {
  const Parsed parsed = parse(SourceId{0}, "fn host(name: string) -> = \"x\"\nconst a = ]\nconst b = 1\n");
  ASSERT_EQ(parsed.tree.top.size(), 3U);
  EXPECT_TRUE(parsed.tree[parsed.tree.top[0]].damaged);
  EXPECT_EQ(parsed.tree.text(parsed.tree[parsed.tree.top[0]].name), "host");
  EXPECT_TRUE(parsed.tree[parsed.tree.top[1]].damaged);
  EXPECT_FALSE(parsed.tree[parsed.tree.top[2]].damaged);
}

// ---- properties ----

/// Every range lies in the file, and what is reported too.
void expect_sound(const Parsed& parsed, std::size_t size) {
  const auto inside = [size](syntax::Range range) { RC_ASSERT(range.begin <= range.end && range.end <= size); };
  for (const syntax::Expr& expr : parsed.tree.exprs) inside(expr.range);
  for (const syntax::Stmt& statement : parsed.tree.stmts) inside(statement.range);
  for (const syntax::Decl& decl : parsed.tree.decls) inside(decl.range);
  for (const syntax::TypeExpr& type : parsed.tree.types) inside(type.range);
  for (const diag::Diagnostic& diagnostic : parsed.diagnostics.all()) {
    RC_ASSERT(diagnostic.primary.span.begin <= diagnostic.primary.span.end);
    RC_ASSERT(diagnostic.primary.span.begin <= size);
    for (const diag::Fix& fix : diagnostic.fixes) RC_ASSERT(fix.span.begin <= fix.span.end && fix.span.end <= size);
  }
}

/// Pieces of the language in any order: far more of the grammar is reached than by bytes at random.
rc::Gen<std::string> pieces() {
  static const std::vector<std::string> kPieces = {
      "service ", "a",      "b-c",    " : ",     "std.web",  " {",       "}",      "\n",     "\n",        "  ",         " = ",
      "[",        "]",      "(",      ")",       ",",        "\"",       "\"x\"",  "\\(",    "\"\"\"",    "in ",        "for ",
      "x in ",    "if ",    " then ", " else ",  "##doc\n",  "# c\n",    "1",      "256Mi",  "50%",       "2026-01-01", ".",
      "@",        "+",      " - ",    "-",       "*",        " == ",     "<",      "??",     "?",         " or ",       "not ",
      "none",     "param ", "let ",   "output ", "require ", "object ",  "patch ", "when ",  "expect ",   "error ",     "locked ",
      "kind ",    "fn ",    "type ",  "enum ",   "const ",   "import ",  "test ",  "waive ", "defaults ", "team ",      "rule ",
      ";",        "//",     ":",      "=>",      "&&",       "'",        "${a.b}", "|",      "r\"",       "\t",         "\r\n",
      "é",        "\x01",   "+=",     "-=",      "{ for ",   "extends ", "->",     "where "};
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(kPieces)),
                      [](const std::vector<std::string>& chosen) { return join(chosen, ""); });
}

RC_GTEST_PROP(AnyBytes, GiveATreeWithSoundRanges, (const std::string& text)) { expect_sound(parse(SourceId{0}, text), text.size()); }

RC_GTEST_PROP(AnyPieces, GiveATreeWithSoundRanges, ()) {
  const std::string text = *rc::gen::scale(4.0, pieces());
  const Parsed parsed = parse(SourceId{0}, text);
  expect_sound(parsed, text.size());
  static_cast<void>(syntax::dump_syntax(parsed.tree));
}

RC_GTEST_PROP(AnyPieces, GiveTheSameTreeTwice, ()) {
  const std::string text = *pieces();
  RC_ASSERT(syntax::dump_syntax(parse(SourceId{0}, text).tree) == syntax::dump_syntax(parse(SourceId{0}, text).tree));
}

RC_GTEST_PROP(ABrokenFile, NeverHidesTheDeclarationAfterIt, ()) {
  const std::string text = *pieces();
  const Parsed before = parse(SourceId{0}, text);
  RC_PRE(std::none_of(before.diagnostics.all().begin(), before.diagnostics.all().end(),
                      [](const diag::Diagnostic& d) { return d.code == "F0123"; }));
  // An open """ may hold any text, declarations too, until another one closes it.
  RC_PRE(text.find("\"\"\"") == std::string::npos);
  const std::string whole = text + "\nteam last-one { }\n";
  const Parsed parsed = parse(SourceId{0}, whole);
  RC_ASSERT(!parsed.tree.top.empty());
  const syntax::Decl& last = parsed.tree[parsed.tree.top.back()];
  RC_ASSERT(parsed.tree.text(last.name) == "last-one");
  RC_ASSERT(!last.damaged);
}

std::string repeated(std::string_view line, std::size_t count) {
  std::string result;
  for (std::size_t i = 0; i < count; ++i) result.append(line);
  return result;
}

/// Steps are counted by what they cost: the smallest of a few runs is steady enough for a slope.
double seconds_to_parse(const std::string& text) {
  double best = 1e9;
  for (int i = 0; i < 5; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    static_cast<void>(parse(SourceId{0}, text));
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return best;
}

TEST(ParseTime, GrowsWithTheTextAndNotWithItsSquare) {
  const std::vector<std::string_view> lines = {"service s : std.web {\n  repo = \"r\"\n  in production { replicas = 3 }\n}\n",
                                               "## documentation\n",
                                               "#\n",
                                               "const a = [[[[[[[[[[1]]]]]]]]]]\n",
                                               "const a = if x then if y then z else\n  w else v\n\n\n",
                                               "x = \"unclosed\n",
                                               "service a { [\n",
                                               "const a = \"\\(a)\\(b)\"\n",
                                               "}\n",
                                               "((((\n",
                                               "\"\"\"\n",
                                               "a.\n"};
  for (const std::string_view line : lines) {
    const double small = seconds_to_parse(repeated(line, 2'000));
    const double large = seconds_to_parse(repeated(line, 32'000));
    EXPECT_LT(large, 16 * 8 * std::max(small, 1e-4)) << line << small << " s, then " << large << " s for sixteen times as much";
  }
}

TEST(ParseTime, IsTheSameOnManyThreads) {
  const std::string text = repeated("service s : std.web {\n  env = { A = \"\\(x.y)-z\", B = [1, 2, 3] }\n}\n", 200);
  const std::string expected = syntax::dump_syntax(parse(SourceId{0}, text).tree);
  std::vector<std::string> results(8);
  {
    std::vector<std::jthread> threads;
    for (std::string& result : results)
      threads.emplace_back([&result, &text] { result = syntax::dump_syntax(parse(SourceId{0}, text).tree); });
  }
  for (const std::string& result : results) EXPECT_EQ(result, expected);
}

}  // namespace
}  // namespace muster::lang

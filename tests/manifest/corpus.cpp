#include "corpus.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace muster::manifest::test {

std::vector<std::string> tricky_scalars() {
  std::vector<std::string> all = {"y",
                                  "Y",
                                  "yes",
                                  "Yes",
                                  "YES",
                                  "yEs",
                                  "n",
                                  "N",
                                  "no",
                                  "No",
                                  "NO",
                                  "on",
                                  "On",
                                  "ON",
                                  "oN",
                                  "off",
                                  "Off",
                                  "OFF",
                                  "true",
                                  "True",
                                  "TRUE",
                                  "tRue",
                                  "false",
                                  "False",
                                  "FALSE",
                                  "~",
                                  "null",
                                  "Null",
                                  "NULL",
                                  "nUll",
                                  "nil",
                                  "none",
                                  "''",
                                  "\"\"",
                                  "'~'",
                                  "\"null\"",
                                  "'1'",
                                  "\"1e3\"",
                                  "0",
                                  "-0",
                                  "+0",
                                  "00",
                                  "01",
                                  "-01",
                                  "+01",
                                  "07",
                                  "08",
                                  "09",
                                  "0777",
                                  "-0777",
                                  "0888",
                                  "08.5",
                                  "010",
                                  "0o10",
                                  "0O10",
                                  "0o8",
                                  "-0o10",
                                  "0x",
                                  "0x1f",
                                  "0X1F",
                                  "0xg",
                                  "-0x1f",
                                  "+0x1f",
                                  "0x1.8p3",
                                  "0x_1f",
                                  "0b",
                                  "0b1",
                                  "0B1",
                                  "0b101",
                                  "-0b101",
                                  "+0b1",
                                  "0b+1",
                                  "0b-1",
                                  "0b+101",
                                  "-0b+1",
                                  "-0b-1",
                                  "0B+1",
                                  "0b2",
                                  "0b_1",
                                  "1_000",
                                  "1__0",
                                  "1_",
                                  "_1",
                                  "+_1",
                                  "-_1",
                                  "1_000.5",
                                  "1_0e1_0",
                                  "0_7",
                                  "0x_",
                                  "1,000",
                                  "1 000",
                                  "12345678901234567890",
                                  "18446744073709551615",
                                  "18446744073709551616",
                                  "9223372036854775807",
                                  "9223372036854775808",
                                  "-9223372036854775808",
                                  "-9223372036854775809",
                                  "+9223372036854775808",
                                  "0xffffffffffffffff",
                                  "0x1ffffffffffffffff",
                                  "0b1111111111111111111111111111111111111111111111111111111111111111",
                                  "01777777777777777777777",
                                  "02777777777777777777777",
                                  "1.",
                                  "1.0",
                                  "1.5",
                                  "-1.5",
                                  "+1.5",
                                  ".5",
                                  "-.5",
                                  "+.5",
                                  ".",
                                  "..",
                                  "...",
                                  ".5.",
                                  "5.5.5",
                                  "1.e5",
                                  ".e5",
                                  "1e5",
                                  "1E5",
                                  "1e+5",
                                  "1e-5",
                                  "1e",
                                  "1e+",
                                  "e5",
                                  "1e05",
                                  "1e3",
                                  "1e20",
                                  "1e21",
                                  "1e22",
                                  "123456789012345678901234567890",
                                  "1e308",
                                  "1e309",
                                  "-1e309",
                                  "1e-400",
                                  "0e999",
                                  "0.0e999999999999999999999",
                                  "1e99999999999999999999",
                                  "12e09223372036854775807",
                                  "12e-09223372036854775808",
                                  "0.000001",
                                  "0.0000001",
                                  "1.10",
                                  "100.0",
                                  "4611686018427387904.0",
                                  "9007199254740993.0",
                                  "9223372036854775807.0",
                                  "-0.0",
                                  "0.1",
                                  "3.4028236e38",
                                  "1.7976931348623157e308",
                                  "1.7976931348623159e308",
                                  "4.9e-324",
                                  "2e-324",
                                  "._5",
                                  ".5_5",
                                  ".5_",
                                  ".5__5",
                                  ".5e1_0",
                                  ".5e_1",
                                  "._",
                                  ".1_000",
                                  "-.1_0",
                                  "+._1",
                                  ".inf",
                                  ".Inf",
                                  ".INF",
                                  "-.inf",
                                  "+.inf",
                                  "+.Inf",
                                  ".iNf",
                                  "inf",
                                  "Infinity",
                                  ".nan",
                                  ".NaN",
                                  ".NAN",
                                  "-.nan",
                                  "nan",
                                  "NaN",
                                  "1:30",
                                  "190:20:30",
                                  "1:30.5",
                                  "-1:30",
                                  "12:30:45",
                                  "2001-01-01",
                                  "2001-1-1",
                                  "2001-12-14t21:59:43.10-05:00",
                                  "2001-12-14 21:59:43.10 -5",
                                  "2001-12-15 2:59:43.10",
                                  "2002-12-14",
                                  "2001-13-45",
                                  "20010101",
                                  "2001-",
                                  "=",
                                  "<<",
                                  "'<<'",
                                  "\"<<\"",
                                  "!",
                                  "!!",
                                  "@a",
                                  "`a",
                                  "%a",
                                  "&a",
                                  "*a",
                                  "&a b",
                                  "|",
                                  ">",
                                  "-",
                                  "?",
                                  ":",
                                  "--",
                                  "---",
                                  "-a",
                                  "?a",
                                  ":a",
                                  "a:",
                                  "a:b",
                                  "a: b",
                                  "a :b",
                                  "a#b",
                                  "a #b",
                                  "#a",
                                  "a,b",
                                  "a, b",
                                  "[",
                                  "]",
                                  "{",
                                  "}",
                                  "[]",
                                  "{}",
                                  "[a",
                                  "a]",
                                  "a[b]",
                                  "{a}",
                                  "a{b}",
                                  "\"\\x41\"",
                                  "\"\\u263a\"",
                                  "\"\\U0001F600\"",
                                  "\"\\ud83d\\ude00\"",
                                  "\"\\/\"",
                                  "\"\\e\"",
                                  "\"\\0\"",
                                  "\"\\N\"",
                                  "\"\\_\"",
                                  "\"\\L\"",
                                  "\"\\P\"",
                                  "\"\\x85\"",
                                  "\"\\xff\"",
                                  "\"\\q\"",
                                  "\"a\\tb\"",
                                  "'a''b'",
                                  "'a\\nb'",
                                  "\"a\\\n  b\"",
                                  "'a\n  b'",
                                  "a\n  b",
                                  "ü",
                                  "\"ü\"",
                                  "\xE2\x80\xA8",
                                  "a\xC2\x85"
                                  "b",
                                  "\xC2\xA0",
                                  "\xF0\x9F\x98\x80",
                                  "\xEF\xBB\xBF",
                                  "a\tb",
                                  "\ta",
                                  "a\t",
                                  "C:\\x",
                                  "~a",
                                  "a~",
                                  "truee",
                                  "on1",
                                  "1a",
                                  "1.2.3",
                                  "v1",
                                  "1Gi",
                                  "10m",
                                  "100k",
                                  "1e3x",
                                  "0x1fz",
                                  "+a",
                                  "-1a",
                                  "1-2",
                                  "+",
                                  "+1",
                                  "++1",
                                  "--1",
                                  "+-1",
                                  "1+1",
                                  "\"yes\"",
                                  "'no'",
                                  "'0777'",
                                  "\"0o10\"",
                                  "0.",
                                  "0.0",
                                  "00.5",
                                  "-00",
                                  "0e0",
                                  "1d",
                                  "1f",
                                  "1L",
                                  "0_",
                                  "0__",
                                  "0x0",
                                  "1.5e3",
                                  "1.5E+3",
                                  "-1.5e-3",
                                  "12e03",
                                  "-2E+05",
                                  "685_230.15",
                                  "0011",
                                  "0b1010_0111_0100_1010_1110",
                                  "0x_0A_74_AE"};
  return all;
}

std::vector<std::pair<std::string, std::string>> corpus() {
  std::vector<std::pair<std::string, std::string>> inputs;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(std::filesystem::path(MUSTER_SOURCE_DIR) / "tests/manifest/corpus")) {
    if (!entry.is_regular_file() || entry.path().extension() == ".out") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    inputs.emplace_back(entry.path().filename().string(), std::string(std::istreambuf_iterator<char>(in), {}));
  }
  std::sort(inputs.begin(), inputs.end());
  return inputs;
}

std::size_t Generator::below(std::size_t count) { return static_cast<std::size_t>(random_() % count); }

const std::string& Generator::pick(const std::vector<std::string>& from) { return from[below(from.size())]; }

std::string Generator::scalar() {
  static const std::vector<std::string> kTricky = tricky_scalars();
  static const std::vector<std::string> kPlain = {"a",     "b",   "name", "cart",       "1",   "true", "8080",
                                                  "\"q\"", "'s'", "x y",  "http://a/b", "a-b", "0.5"};
  static const std::vector<std::string> kProperties = {"&a ",       "&b ",   "!!str ",  "!!int ", "! ",  "!x ",
                                                       "&a !!str ", "!!str", "!!null,", "&a",     "&a,", "!!str]"};
  const std::size_t choice = below(20);
  if (choice < 8) return pick(kPlain);
  if (choice < 16) return pick(kTricky);
  if (choice == 16) return "*a";
  if (choice == 17) return pick(kProperties) + pick(kPlain);
  if (choice == 18) return {};
  std::string digits;
  static const std::string kAlphabet = "0123456789+-._eExXoObB:naifty ";
  for (std::size_t i = 0; i < 1 + below(10); ++i) digits.push_back(kAlphabet[below(kAlphabet.size())]);
  return digits;
}

std::string Generator::flow_node(std::size_t depth) {
  if (depth == 0 || below(3) == 0) return scalar();
  static const std::vector<std::string> kComma = {",", ", ", " ,", ",\n  ", " , # c\n "};
  static const std::vector<std::string> kColon = {": ", ":", " : ", " :", ":\n  "};
  const bool mapping = below(2) == 0;
  std::string out = mapping ? "{" : "[";
  for (std::size_t i = 0, count = below(4); i < count; ++i) {
    if (i != 0) out += pick(kComma);
    if (below(12) == 0) out += "? ";
    out += flow_node(depth - 1);
    if (mapping || below(8) == 0) out += pick(kColon) + flow_node(depth - 1);
  }
  if (below(10) == 0) out += ",";
  return out + (mapping ? "}" : "]");
}

std::string Generator::block_node(std::size_t indent, std::size_t depth) {
  const std::string spaces(indent, ' ');
  if (depth == 0 || below(5) == 0) {
    static const std::vector<std::string> kHeaders = {"|", "|-", "|+", ">", ">-", ">+", "|2", ">1-", "|+1", "| # c"};
    static const std::vector<std::string> kLines = {"a", " a", "", "  ", "\ta", "a b", "# no", "- a", "a: b", "a ", "a\t"};
    switch (below(4)) {
      case 0: return " " + flow_node(2) + "\n";
      case 1: {
        std::string out = " " + pick(kHeaders) + "\n";
        for (std::size_t i = 0, count = below(5); i < count; ++i) out += std::string(indent + below(3), ' ') + pick(kLines) + "\n";
        return out;
      }
      default: return " " + scalar() + (below(10) == 0 ? " # comment" : "") + "\n";
    }
  }
  static const std::vector<std::string> kKeys = {"a",   "b",    "c", "name", "<<",  "\"q\"", "'s'",
                                                 "? a", "&a k", "1", "yes",  "*a ", "a b",   "!!str 1"};
  std::string out = below(12) == 0 ? " &a\n" : "\n";
  const bool mapping = below(3) != 0;
  for (std::size_t i = 0, count = 1 + below(4); i < count; ++i) {
    if (below(15) == 0) out += spaces + "# comment\n";
    std::string key = below(3) == 0 ? pick(kKeys) : "k" + std::to_string(i);
    if (below(20) == 0) key = scalar();
    out += spaces + (mapping ? key + ":" : "-") + block_node(indent + (below(6) == 0 ? 0 : 2), depth - 1);
  }
  return out;
}

std::string Generator::fragments() {
  static const std::vector<std::string> kFragments = {"a",
                                                      "b",
                                                      ": ",
                                                      ":",
                                                      "- ",
                                                      "-",
                                                      "? ",
                                                      "?",
                                                      "\n",
                                                      "\n",
                                                      "\n",
                                                      " ",
                                                      "  ",
                                                      "    ",
                                                      "\t",
                                                      ",",
                                                      "[",
                                                      "]",
                                                      "{",
                                                      "}",
                                                      "#",
                                                      " #c",
                                                      "&a",
                                                      "&a ",
                                                      "*a",
                                                      "*a ",
                                                      "!",
                                                      "!!str ",
                                                      "!a ",
                                                      "|",
                                                      "|-\n",
                                                      ">\n",
                                                      ">+2\n",
                                                      "'",
                                                      "\"",
                                                      "''",
                                                      "\\",
                                                      "\\n",
                                                      "%",
                                                      "%YAML 1.1\n",
                                                      "---",
                                                      "---\n",
                                                      "--- ",
                                                      "...\n",
                                                      "...",
                                                      "@",
                                                      "`",
                                                      "\r\n",
                                                      "\r",
                                                      "<<",
                                                      "<<: ",
                                                      "~",
                                                      "null",
                                                      "1",
                                                      "0x1",
                                                      "\xC2\x85",
                                                      "\xE2\x80\xA8",
                                                      "\xEF\xBB\xBF",
                                                      "\xC2\xA0",
                                                      "ü",
                                                      "k: ",
                                                      "k:\n  ",
                                                      "x:y",
                                                      "a:",
                                                      ":a",
                                                      "-a",
                                                      "?a"};
  std::string out;
  for (std::size_t i = 0, count = 1 + below(14); i < count; ++i) out += pick(kFragments);
  return out;
}

std::string Generator::mutated(std::string text) {
  static const std::string kBytes = ":-?,[]{}#&*!|>'\"%@` \t\n\r~<=.0aZ\\";
  for (std::size_t i = 0, count = below(3); i < count && !text.empty(); ++i) {
    const std::size_t at = below(text.size());
    switch (below(4)) {
      case 0: text.insert(at, 1, kBytes[below(kBytes.size())]); break;
      case 1: text.erase(at, 1 + below(3)); break;
      case 2: text[at] = kBytes[below(kBytes.size())]; break;
      default: text.insert(at, text.substr(below(text.size()), below(8))); break;
    }
  }
  return text;
}

std::string Generator::next() {
  switch (below(8)) {
    case 0: return fragments();
    case 1: return flow_node(4) + "\n";
    case 2: {
      std::string out = block_node(0, 3) + "---\n" + block_node(0, 2);
      if (below(3) == 0) out += "---" + std::string(below(2), ' ') + "# c\n" + block_node(0, 2);
      return mutated(std::move(out));
    }
    case 3: return block_node(0, 4);
    default: return mutated(block_node(0, 3));
  }
}

}  // namespace muster::manifest::test

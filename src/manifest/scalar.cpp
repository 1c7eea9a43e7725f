#include "manifest/scalar.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace muster::manifest {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// What the first byte says a plain scalar may be; most are words and done at once.
enum class Hint : std::uint8_t { text, word, number, dot };

constexpr std::array<Hint, 256> kHints = [] {
  std::array<Hint, 256> hints{};
  for (const char c : std::string_view("yYnNtTfFoO~")) hints[static_cast<unsigned char>(c)] = Hint::word;
  for (const char c : std::string_view("+-0123456789")) hints[static_cast<unsigned char>(c)] = Hint::number;
  hints[static_cast<unsigned char>('.')] = Hint::dot;
  return hints;
}();

struct Word {
  std::string_view text;
  Scalar meaning;
};

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();

constexpr auto kWords = std::to_array<Word>({
    {"y", true},
    {"Y", true},
    {"yes", true},
    {"Yes", true},
    {"YES", true},
    {"true", true},
    {"True", true},
    {"TRUE", true},
    {"on", true},
    {"On", true},
    {"ON", true},
    {"n", false},
    {"N", false},
    {"no", false},
    {"No", false},
    {"NO", false},
    {"false", false},
    {"False", false},
    {"FALSE", false},
    {"off", false},
    {"Off", false},
    {"OFF", false},
    {"~", std::monostate()},
    {"null", std::monostate()},
    {"Null", std::monostate()},
    {"NULL", std::monostate()},
    {".nan", kNotANumber},
    {".NaN", kNotANumber},
    {".NAN", kNotANumber},
    {".inf", kInfinity},
    {".Inf", kInfinity},
    {".INF", kInfinity},
    {"+.inf", kInfinity},
    {"+.Inf", kInfinity},
    {"+.INF", kInfinity},
    {"-.inf", -kInfinity},
    {"-.Inf", -kInfinity},
    {"-.INF", -kInfinity},
});
constexpr std::size_t kLongestWord = 5;

const Scalar* find_word(std::string_view text) {
  if (text.size() > kLongestWord) return nullptr;
  const auto* const found = std::find_if(kWords.begin(), kWords.end(), [&](const Word& word) { return word.text == text; });
  return found == kWords.end() ? nullptr : &found->meaning;
}

std::optional<std::uint64_t> digits_to_number(std::string_view digits, int base) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

// strconv.ParseUint(text, 0, 64): 0x, 0o, 0b, and a bare leading 0 for octal.
std::optional<std::uint64_t> parse_unsigned(std::string_view text) {
  if (text.size() < 2 || text[0] != '0') return digits_to_number(text, 10);
  if (text.size() >= 3) {
    switch (text[1]) {
      case 'b':
      case 'B': return digits_to_number(text.substr(2), 2);
      case 'o':
      case 'O': return digits_to_number(text.substr(2), 8);
      case 'x':
      case 'X': return digits_to_number(text.substr(2), 16);
      default: break;
    }
  }
  return digits_to_number(text.substr(1), 8);
}

std::optional<std::int64_t> with_sign(std::uint64_t magnitude, bool negative) {
  constexpr auto kTop = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (negative) {
    if (magnitude > kTop + 1) return std::nullopt;
    return static_cast<std::int64_t>(~magnitude + 1);
  }
  if (magnitude > kTop) return std::nullopt;
  return static_cast<std::int64_t>(magnitude);
}

std::optional<Scalar> parse_integer(std::string_view text) {
  const bool has_sign = text[0] == '+' || text[0] == '-';
  const std::optional<std::uint64_t> magnitude = parse_unsigned(text.substr(has_sign ? 1 : 0));
  if (!magnitude) return std::nullopt;
  if (const auto number = with_sign(*magnitude, text[0] == '-')) return Scalar(*number);
  return has_sign ? std::nullopt : std::optional(Scalar(*magnitude));
}

// The parser's second look at binary numbers lets a sign through between prefix and digits.
std::optional<Scalar> parse_oddly_signed_binary(std::string_view text) {
  if (text.size() < 4 || !text.starts_with("0b") || (text[2] != '+' && text[2] != '-')) return std::nullopt;
  const std::optional<std::uint64_t> magnitude = digits_to_number(text.substr(3), 2);
  if (!magnitude) return std::nullopt;
  const auto number = with_sign(*magnitude, text[2] == '-');
  return number ? std::optional(Scalar(*number)) : std::nullopt;
}

Scalar resolve_number(std::string_view text) {
  std::string without_underscores;
  std::string_view plain = text;
  if (text.find('_') != std::string_view::npos) {
    without_underscores.reserve(text.size());
    std::copy_if(text.begin(), text.end(), std::back_inserter(without_underscores), [](char c) { return c != '_'; });
    plain = without_underscores;
  }
  if (auto integer = parse_integer(plain)) return *integer;
  if (looks_like_float(plain)) {
    if (auto number = parse_float(plain)) return *number;
  }
  if (auto binary = parse_oddly_signed_binary(plain)) return *binary;
  return text;
}

// In numbers that begin with a dot the parser leaves underscores to Go's own rule: only between two digits.
bool underscores_are_between_digits(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_' && (i == 0 || i + 1 == text.size() || !is_digit(text[i - 1]) || !is_digit(text[i + 1]))) return false;
  }
  return true;
}

Scalar resolve_dotted(std::string_view text) {
  std::string plain(text);
  if (text.find('_') != std::string_view::npos) {
    // Two underscores in a row are as wrong as one beside a dot.
    if (!underscores_are_between_digits(text)) return text;
    std::erase(plain, '_');
  }
  if (!looks_like_float(plain)) return text;
  const std::optional<double> number = parse_float(plain);
  return number ? Scalar(*number) : Scalar(text);
}

// The decimal exponent of the first digit that counts, in a number too large or too small for a double.
long power_of_first_digit(std::string_view text) {
  const std::size_t mark = std::min(text.find_first_of("eE"), text.size());
  const std::size_t point = std::min(text.find('.'), mark);
  const std::size_t first = std::min(text.find_first_of("123456789"), mark);
  const long position = first < point ? static_cast<long>(point - first) - 1 : -static_cast<long>(first - point);
  if (mark == text.size()) return position;
  std::string_view exponent_text = text.substr(mark + 1);
  const bool negative = exponent_text.starts_with('-');
  if (negative || exponent_text.starts_with('+')) exponent_text.remove_prefix(1);
  constexpr long kBeyondAnyFile = 100'000'000;
  long exponent = 0;
  const auto error = std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent).ec;
  if (error != std::errc() || exponent > kBeyondAnyFile) exponent = kBeyondAnyFile;
  return position + (negative ? -exponent : exponent);
}

// Shortest digits that give the same number back, as "d.ddde±xx" splits into digits and decimal exponent.
template <typename Real>
std::pair<std::string, int> shortest_digits(Real magnitude) {
  std::array<char, 40> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), magnitude, std::chars_format::scientific).ptr;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const std::size_t mark = text.find('e');
  std::string digits(text.substr(0, mark));
  std::erase(digits, '.');
  std::string_view exponent_text = text.substr(mark + 1);
  if (exponent_text.front() == '+') exponent_text.remove_prefix(1);
  int exponent = 0;
  std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);
  return {std::move(digits), exponent};
}

// strconv.FormatFloat(number, 'g', -1, 32): keys that are numbers with a fraction lose what 32 bits cannot hold.
std::string format_as_go_float32(float number) {
  if (number == 0) return std::signbit(number) ? "-0" : "0";
  auto [digits, exponent] = shortest_digits(std::abs(number));
  std::string out = number < 0 ? "-" : "";
  const auto count = static_cast<int>(digits.size());
  if (exponent < -4 || exponent >= 6) {
    out.push_back(digits[0]);
    if (count > 1) out.append(".").append(digits, 1);
    out.append(exponent < 0 ? "e-" : "e+");
    const std::string power = std::to_string(std::abs(exponent));
    return out.append(power.size() < 2 ? "0" : "").append(power);
  }
  if (exponent < 0) return out.append("0.").append(static_cast<std::size_t>(-exponent - 1), '0').append(digits);
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() <= whole) return out.append(digits).append(whole - digits.size(), '0');
  return out.append(digits, 0, whole).append(".").append(digits, whole);
}

}  // namespace

bool looks_like_float(std::string_view text) {
  std::size_t at = 0;
  const auto skip_sign = [&] {
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
  };
  const auto skip_digits = [&] {
    const std::size_t begin = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at - begin;
  };
  skip_sign();
  const std::size_t whole = skip_digits();
  std::size_t fraction = 0;
  if (at < text.size() && text[at] == '.') {
    ++at;
    fraction = skip_digits();
  }
  if (whole + fraction == 0) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    skip_sign();
    if (skip_digits() == 0) return false;
  }
  return at == text.size();
}

std::optional<double> parse_float(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  const auto error = std::from_chars(text.data(), text.data() + text.size(), number).ec;
  if (error == std::errc::result_out_of_range) {
    // Too large is an error for Go, too small is zero.
    if (power_of_first_digit(text) > 0) return std::nullopt;
    number = 0;
  }
  return negative ? -number : number;
}

Scalar resolve_plain(std::string_view text) {
  if (text.empty()) return std::monostate();
  const Hint hint = kHints[static_cast<unsigned char>(text[0])];
  if (hint == Hint::text) return text;
  if (const Scalar* word = find_word(text)) return *word;
  switch (hint) {
    case Hint::number: return resolve_number(text);
    case Hint::dot: return resolve_dotted(text);
    default: return text;
  }
}

std::string_view kind_of(const Scalar& scalar) {
  static constexpr std::array<std::string_view, 6> kNames = {"null", "boolean", "integer", "integer", "number", "text"};
  return kNames.at(scalar.index());
}

Value normalised(double number) {
  constexpr double kExact = 9007199254740992.0;  // 2^53: every integral double up to here is the integer it prints as.
  constexpr double kPrintedInFull = 1e21;        // encoding/json changes to an exponent here.
  if (std::trunc(number) != number || std::abs(number) >= kPrintedInFull) return number;
  if (std::abs(number) <= kExact) return static_cast<std::int64_t>(number);
  auto [digits, exponent] = shortest_digits(std::abs(number));
  digits.append(static_cast<std::size_t>(exponent) + 1 - digits.size(), '0');
  const std::optional<std::uint64_t> magnitude = digits_to_number(digits, 10);
  if (!magnitude) return number;
  if (const auto integer = with_sign(*magnitude, number < 0)) return *integer;
  return number < 0 ? Value(number) : Value(*magnitude);
}

std::optional<Value> to_value(const Scalar& scalar) {
  struct Visitor {
    std::optional<Value> operator()(std::monostate) const { return Value(); }
    std::optional<Value> operator()(bool flag) const { return Value(flag); }
    std::optional<Value> operator()(std::int64_t number) const { return Value(number); }
    std::optional<Value> operator()(std::uint64_t number) const { return Value(number); }
    std::optional<Value> operator()(double number) const {
      return std::isfinite(number) ? std::optional(normalised(number)) : std::nullopt;
    }
    std::optional<Value> operator()(std::string_view text) const { return Value(text); }
  };
  return std::visit(Visitor{}, scalar);
}

std::optional<std::string> to_key(const Scalar& scalar) {
  if (const auto* text = std::get_if<std::string_view>(&scalar)) return std::string(*text);
  if (const auto* flag = std::get_if<bool>(&scalar)) return *flag ? "true" : "false";
  if (const auto* integer = std::get_if<std::int64_t>(&scalar)) return std::to_string(*integer);
  const auto* number = std::get_if<double>(&scalar);
  if (number == nullptr || !(std::abs(*number) <= std::numeric_limits<float>::max())) return std::nullopt;
  return format_as_go_float32(static_cast<float>(*number));
}

}  // namespace muster::manifest

#include <fmt/core.h>

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <cmath>
#include <set>

#include "manifest/documents.hpp"
#include "manifest/scalar.hpp"
#include "manifest/tree.hpp"
#include "muster/manifest/yaml.hpp"

namespace muster::manifest {

namespace {

namespace json = boost::json;
using Members = ::muster::Object;

constexpr std::size_t kMaxJsonDepth = 128;

// Builds a Value from the parser's events. `refusal` says why it stopped the parser, if it did.
struct Builder {
  // NOLINTBEGIN(readability-identifier-naming): the parser asks its handler for these names.
  static constexpr std::size_t max_object_size = kMaxNodes;
  static constexpr std::size_t max_array_size = kMaxNodes;
  static constexpr std::size_t max_key_size = kMaxFileBytes;
  static constexpr std::size_t max_string_size = kMaxFileBytes;
  // NOLINTEND(readability-identifier-naming)

  struct Open {
    Value value;
    std::string key;                          ///< Of the member that is being read.
    std::set<std::string, std::less<>> keys;  ///< Of a large object, to find duplicates quickly.
  };
  std::vector<Open> open;
  Value root;
  std::string text;    ///< Parts of a key or string so far.
  std::string number;  ///< Parts of a number so far.
  std::size_t nodes = 0;
  std::string refusal;
  Reason reason = Reason::invalid;

  bool stop(json::error_code& error, Reason why, std::string what) {
    reason = why;
    refusal = std::move(what);
    error = json::make_error_code(json::error::syntax);
    return false;
  }

  bool add(Value value, json::error_code& error) {
    if (++nodes > kMaxNodes) return stop(error, Reason::limit, fmt::format("more than {} nodes", kMaxNodes));
    if (open.empty()) {
      root = std::move(value);
    } else if (::muster::Array* array = open.back().value.if_array()) {
      array->push_back(std::move(value));
    } else {
      open.back().value.if_object()->append(std::move(open.back().key), std::move(value));
    }
    return true;
  }

  bool close(json::error_code& error) {
    Value value = std::move(open.back().value);
    open.pop_back();
    return add(std::move(value), error);
  }

  // Few keys are compared one by one; many go through a set, so that no file costs the square of its keys.
  bool is_duplicate(Open& object, const std::string& key) {
    constexpr std::size_t kFew = 16;
    const Members& members = *object.value.if_object();
    if (members.size() < kFew) return members.contains(key);
    if (object.keys.empty()) {
      for (const auto& member : members) object.keys.insert(member.first);
    }
    return !object.keys.insert(key).second;
  }

  static void take(std::string& to, json::string_view part) { to.append(part.data(), part.size()); }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) {
    open.push_back({Value(Members()), {}, {}});
    return true;
  }
  bool on_object_end(std::size_t, json::error_code& error) { return close(error); }
  bool on_array_begin(json::error_code&) {
    open.push_back({Value(::muster::Array()), {}, {}});
    return true;
  }
  bool on_array_end(std::size_t, json::error_code& error) { return close(error); }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    take(text, part);
    return true;
  }
  bool on_key(json::string_view part, std::size_t, json::error_code& error) {
    take(text, part);
    if (!check_text(error)) return false;
    if (is_duplicate(open.back(), text))
      return stop(error, Reason::invalid, fmt::format("duplicate key '{}'; remove one", text.substr(0, 60)));
    open.back().key = std::exchange(text, {});
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
    take(text, part);
    return true;
  }
  bool on_string(json::string_view part, std::size_t, json::error_code& error) {
    take(text, part);
    return check_text(error) && add(Value(std::exchange(text, {})), error);
  }
  bool check_text(json::error_code& error) {
    return text.find('\0') == std::string::npos || stop(error, Reason::invalid, "text contains a NUL character");
  }
  bool on_number_part(json::string_view part, json::error_code&) {
    take(number, part);
    return true;
  }
  bool on_int64(std::int64_t value, json::string_view, json::error_code& error) {
    number.clear();
    return add(Value(value), error);
  }
  bool on_uint64(std::uint64_t value, json::string_view, json::error_code& error) {
    number.clear();
    return add(Value(value), error);
  }
  // The parser's own double may be off in the last digit; the text is read again, exactly.
  bool on_double(double, json::string_view part, json::error_code& error) {
    take(number, part);
    const std::optional<double> exact = parse_float(number);
    if (!exact) return stop(error, Reason::limit, fmt::format("number '{}' is too large", number.substr(0, 60)));
    number.clear();
    return add(normalised(*exact), error);
  }
  bool on_bool(bool value, json::error_code& error) { return add(Value(value), error); }
  bool on_null(json::error_code& error) { return add(Value(), error); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }
};

Position position_at(std::string_view bytes, std::size_t offset, std::string_view path, std::uint32_t first_line) {
  const std::string_view before = bytes.substr(0, offset);
  const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is the first byte
  return {std::string(path), static_cast<std::uint32_t>(std::count(before.begin(), before.end(), '\n')) + first_line,
          static_cast<std::uint32_t>(offset - line_begin) + 1};
}

Failure failure_of(json::error_code error, const Builder& builder, const Position& at) {
  if (!builder.refusal.empty()) return refuse(builder.reason, at, builder.refusal);
  if (error == json::error::too_deep) return refuse(Reason::limit, at, fmt::format("nested deeper than {} levels", kMaxJsonDepth));
  if (error == json::error::exponent_overflow) return refuse(Reason::limit, at, "number is too large");
  return refuse(Reason::invalid, at, "not JSON: " + error.message());
}

}  // namespace

Result<Value> parse_json_at(std::string_view bytes, std::string_view path, std::uint32_t first_line) {
  if (bytes.size() > kMaxFileBytes) {
    return refuse(Reason::limit, {std::string(path), 0, 0}, fmt::format("JSON larger than {} MiB", kMaxFileBytes >> 20U));
  }
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  json::basic_parser<Builder> parser(options);
  json::error_code error;
  std::size_t read = 0;
  try {
    read = parser.write_some(false, bytes.data(), bytes.size(), error);
  } catch (const std::exception& thrown) {
    return retry(Reason::exhausted, fmt::format("parsing JSON: {}", thrown.what()));
  }
  const Position at = position_at(bytes, read, path, first_line);
  if (error) return failure_of(error, parser.handler(), at);
  if (read < bytes.size()) return refuse(Reason::invalid, at, "text after the end of the JSON value; remove it");
  return std::move(parser.handler().root);
}

Result<Value> parse_json(std::string_view bytes, std::string_view path) { return parse_json_at(bytes, path, 1); }

}  // namespace muster::manifest

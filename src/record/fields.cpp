#include "record/fields.hpp"

#include <fmt/core.h>

#include "muster/record/environment_file.hpp"

namespace muster::record {

Fields::Fields(const Value& value, std::string where) : object_(value.if_object()), where_(std::move(where)) {
  if (object_ == nullptr) fail(fmt::format("a mapping is expected, this is a {}", value.type_name()));
}

void Fields::fail(std::string text) {
  if (!failure_) failure_ = stalled(Reason::invalid, fmt::format("{}: {}", where_, text));
}

std::string Fields::text(std::string_view key) {
  const Value* value = object_ == nullptr ? nullptr : object_->find(key);
  if (value == nullptr) {
    fail(fmt::format("`{}` is missing", key));
    return {};
  }
  if (const auto* string = value->if_string()) return *string;
  if (const auto* integer = value->if_int()) return std::to_string(*integer);
  fail(fmt::format("`{}` must be text, this is a {}", key, value->type_name()));
  return {};
}

std::string Fields::text_or(std::string_view key, std::string fallback) {
  if (object_ == nullptr || !object_->contains(key) || object_->find(key)->is_null()) return fallback;
  return text(key);
}

std::optional<std::int64_t> Fields::number(std::string_view key) {
  const Value* value = object_ == nullptr ? nullptr : object_->find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (const auto* integer = value->if_int()) return *integer;
  fail(fmt::format("`{}` must be a whole number, this is a {}", key, value->type_name()));
  return std::nullopt;
}

bool Fields::flag(std::string_view key, bool fallback) {
  const Value* value = object_ == nullptr ? nullptr : object_->find(key);
  if (value == nullptr || value->is_null()) return fallback;
  if (const auto* boolean = value->if_bool()) return *boolean;
  fail(fmt::format("`{}` must be true or false, this is a {}", key, value->type_name()));
  return fallback;
}

std::vector<std::string> Fields::texts(std::string_view key) {
  std::vector<std::string> out;
  const Value* value = object_ == nullptr ? nullptr : object_->find(key);
  if (value == nullptr || value->is_null()) return out;
  const Array* array = value->if_array();
  if (array == nullptr) {
    fail(fmt::format("`{}` must be a list, this is a {}", key, value->type_name()));
    return out;
  }
  for (const Value& item : *array) {
    if (const auto* string = item.if_string()) {
      out.push_back(*string);
    } else {
      fail(fmt::format("`{}` must be a list of texts, one is a {}", key, item.type_name()));
    }
  }
  return out;
}

Digest Fields::digest(std::string_view key) {
  const std::string written = text(key);
  const auto digest = Digest::parse(written);
  if (!digest) fail(fmt::format("`{}` must be `sha256:` and 64 hexadecimal digits, this is `{}`", key, written));
  return digest.value_or(Digest{});
}

Instant Fields::instant(std::string_view key) {
  const std::string written = text(key);
  const auto at = parse_instant(written);
  if (!at) fail(fmt::format("`{}` must be a time such as 2026-05-04T10:00:00Z, this is `{}`", key, written));
  return at.value_or(Instant{});
}

const Value* Fields::mapping(std::string_view key) {
  const Value* value = object_ == nullptr ? nullptr : object_->find(key);
  if (value == nullptr || value->is_null()) return nullptr;
  if (value->if_object() == nullptr) {
    fail(fmt::format("`{}` must be a mapping, this is a {}", key, value->type_name()));
    return nullptr;
  }
  return value;
}

Result<void> Fields::finish() const {
  if (failure_) return *failure_;
  return {};
}

Result<void> Fields::check_format() {
  const auto format = number("format");
  if (!format) {
    fail("`format` is missing");
    return finish();
  }
  if (*format > kFormat) {
    return stalled(Reason::unsupported, fmt::format("{}: format {} is of a newer muster; this one reads {}", where_, *format, kFormat));
  }
  if (*format < 1) fail(fmt::format("there is no format {}", *format));
  return finish();
}

}  // namespace muster::record

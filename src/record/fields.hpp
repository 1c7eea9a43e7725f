// Fields: reading muster's own small YAML files strictly: every key known, every type right, the place named.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/digest.hpp"
#include "muster/base/result.hpp"
#include "muster/base/time.hpp"
#include "muster/base/value.hpp"

namespace muster::record {

/// Reads members of one mapping and remembers the first thing that was wrong. Unknown keys are left alone, so that a file
/// of a newer muster with the same format number can be read.
class Fields {
 public:
  /// `where`: how messages name the place, "cart/release.yaml".
  Fields(const Value& value, std::string where);

  [[nodiscard]] std::string text(std::string_view key);  ///< Must be there.
  [[nodiscard]] std::string text_or(std::string_view key, std::string fallback);
  [[nodiscard]] std::optional<std::int64_t> number(std::string_view key);
  [[nodiscard]] bool flag(std::string_view key, bool fallback);
  [[nodiscard]] std::vector<std::string> texts(std::string_view key);  ///< Empty where the key is not there.
  [[nodiscard]] Digest digest(std::string_view key);                   ///< Must be there.
  [[nodiscard]] Instant instant(std::string_view key);                 ///< Must be there.
  /// The mapping at a key; nullptr where it is not there.
  [[nodiscard]] const Value* mapping(std::string_view key);

  void fail(std::string text);
  [[nodiscard]] const std::string& where() const { return where_; }
  /// The first thing that was wrong.
  [[nodiscard]] Result<void> finish() const;
  /// `format:` must be one this version knows; Reason::unsupported for a later one.
  [[nodiscard]] Result<void> check_format();

 private:
  const Object* object_ = nullptr;
  std::string where_;
  std::optional<Failure> failure_;
};

}  // namespace muster::record

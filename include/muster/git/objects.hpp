// git's objects as plain data. Source of formats: git's own documentation (gitformat-*, git-notes). SHA-1 only; muster
// refuses SHA-256 repositories by name.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/time.hpp"

namespace muster::git {

struct Oid {
  std::array<std::uint8_t, 20> bytes{};

  [[nodiscard]] std::string text() const;        ///< 40 hexadecimal digits.
  [[nodiscard]] std::string short_text() const;  ///< The first 10.
  static std::optional<Oid> parse(std::string_view text);
  [[nodiscard]] bool is_zero() const;
  friend auto operator<=>(const Oid&, const Oid&) = default;
};

enum class Mode : std::uint32_t {
  tree = 0040000,
  file = 0100644,
  executable = 0100755,
  symlink = 0120000,
  submodule = 0160000,
};

struct TreeEntry {
  std::string name;
  Mode mode = Mode::file;
  Oid id;
  friend bool operator==(const TreeEntry&, const TreeEntry&) = default;
};

struct Person {
  std::string name;
  std::string email;
  Instant at{};
  int offset_minutes = 0;  ///< Of the person's clock from UTC.
};

struct Commit {
  Oid id;
  Oid tree;
  std::vector<Oid> parents;
  Person author;
  Person committer;
  std::string message;
};

struct Ref {
  std::string name;  ///< "refs/heads/main"
  Oid id;
  friend bool operator==(const Ref&, const Ref&) = default;
};

}  // namespace muster::git

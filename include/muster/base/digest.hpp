// SHA-256 digests: the identity of everything that muster compares by content.
// Thread-safety: all functions are pure. Source of the text form `sha256:<hex>`: OCI image specification, descriptors.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace muster {

struct Digest {
  std::array<std::uint8_t, 32> bytes{};

  /// "sha256:" and 64 lower-case hexadecimal digits.
  [[nodiscard]] std::string text() const;
  /// The first 12 hexadecimal digits, for people.
  [[nodiscard]] std::string short_text() const;
  /// Parses what text() prints; nullopt for anything else.
  static std::optional<Digest> parse(std::string_view text);

  friend auto operator<=>(const Digest&, const Digest&) = default;
};

Digest sha256(std::string_view bytes);

/// SHA-1 over two parts, for the ids of git objects and nothing else: it holds no collision off.
std::array<std::uint8_t, 20> sha1(std::string_view head, std::string_view rest);

/// A digest over parts of one thing; each part is preceded by its length, so "ab"+"c" and "a"+"bc" differ.
class Hasher {
 public:
  Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;
  ~Hasher();
  Hasher& add(std::string_view part);
  [[nodiscard]] Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Lower-case hexadecimal.
std::string to_hex(std::string_view bytes);
/// nullopt for an odd length or another character.
std::optional<std::string> from_hex(std::string_view text);
/// RFC 4648, section 4; with or without `=` at the end. nullopt for another character or left-over bits.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace muster

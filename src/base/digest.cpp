#include "muster/base/digest.hpp"

#include <openssl/evp.h>

#include <algorithm>

namespace muster {

std::string to_hex(std::string_view bytes) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out.push_back(kHex[byte >> 4U]);
    out.push_back(kHex[byte & 15U]);
  }
  return out;
}

std::optional<std::string> from_hex(std::string_view text) {
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
  };
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]);
    const int low = digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
  }
  return out;
}

std::string Digest::text() const { return "sha256:" + to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()}); }

std::string Digest::short_text() const { return text().substr(7, 12); }

std::optional<Digest> Digest::parse(std::string_view text) {
  static constexpr std::string_view kPrefix = "sha256:";
  if (text.size() != kPrefix.size() + 64 || !text.starts_with(kPrefix)) return std::nullopt;
  const std::optional<std::string> raw = from_hex(text.substr(kPrefix.size()));
  if (!raw) return std::nullopt;
  Digest digest;
  std::transform(raw->begin(), raw->end(), digest.bytes.begin(), [](char c) { return static_cast<std::uint8_t>(c); });
  return digest;
}

Digest sha256(std::string_view bytes) {
  Digest digest;
  unsigned int length = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.bytes.data(), &length, EVP_sha256(), nullptr);
  return digest;
}

std::array<std::uint8_t, 20> sha1(std::string_view head, std::string_view rest) {
  // Fetched once: looking the algorithm up costs as much as hashing a small object.
  static const EVP_MD* const kAlgorithm = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  thread_local const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> t_context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::array<std::uint8_t, 20> out{};
  EVP_DigestInit_ex2(t_context.get(), kAlgorithm, nullptr);
  EVP_DigestUpdate(t_context.get(), head.data(), head.size());
  EVP_DigestUpdate(t_context.get(), rest.data(), rest.size());
  EVP_DigestFinal_ex(t_context.get(), out.data(), nullptr);
  return out;
}

struct Hasher::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { EVP_MD_CTX_free(context); }
};

Hasher::Hasher() : state_(std::make_unique<State>()) { EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr); }
Hasher::~Hasher() = default;

Hasher& Hasher::add(std::string_view part) {
  std::array<unsigned char, 8> length{};
  for (std::size_t i = 0; i < length.size(); ++i) length.at(i) = static_cast<unsigned char>(part.size() >> (8 * i));
  EVP_DigestUpdate(state_->context, length.data(), length.size());
  EVP_DigestUpdate(state_->context, part.data(), part.size());
  return *this;
}

Digest Hasher::finish() {
  Digest digest;
  unsigned int length = 0;
  EVP_DigestFinal_ex(state_->context, digest.bytes.data(), &length);
  return digest;
}

}  // namespace muster

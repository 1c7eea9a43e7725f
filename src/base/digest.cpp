#include "muster/base/digest.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <initializer_list>

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

std::optional<std::string> from_base64(std::string_view text) {
  static constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const bool is_padded = text.size() % 4 == 0 && text.ends_with('=');
  if (is_padded) text.remove_suffix(text.ends_with("==") ? 2 : 1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto letter = kLetters.find(c);
    if (letter == std::string_view::npos) return std::nullopt;
    bits = (bits << 6U) | static_cast<std::uint32_t>(letter);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push_back(static_cast<char>(bits >> static_cast<unsigned>(count)));
    bits &= (1U << static_cast<unsigned>(count)) - 1;
  }
  if (bits != 0) return std::nullopt;
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

namespace {

// Fetched once: looking the algorithm up costs as much as hashing a small object.
const EVP_MD* algorithm_of_sha256() {
  static const EVP_MD* const kAlgorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return kAlgorithm;
}

template <std::size_t kSize>
std::array<std::uint8_t, kSize> digest_of(const EVP_MD* algorithm, std::initializer_list<std::string_view> parts) {
  thread_local const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> t_context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::array<std::uint8_t, kSize> out{};
  EVP_DigestInit_ex2(t_context.get(), algorithm, nullptr);
  for (const std::string_view part : parts) EVP_DigestUpdate(t_context.get(), part.data(), part.size());
  EVP_DigestFinal_ex(t_context.get(), out.data(), nullptr);
  return out;
}

}  // namespace

Digest sha256(std::string_view bytes) { return {digest_of<32>(algorithm_of_sha256(), {bytes})}; }

std::array<std::uint8_t, 20> sha1(std::string_view head, std::string_view rest) {
  static const EVP_MD* const kAlgorithm = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  return digest_of<20>(kAlgorithm, {head, rest});
}

struct Hasher::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { EVP_MD_CTX_free(context); }
};

Hasher::Hasher() : state_(std::make_unique<State>()) { EVP_DigestInit_ex2(state_->context, algorithm_of_sha256(), nullptr); }
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

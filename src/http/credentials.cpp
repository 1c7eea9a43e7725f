#include "muster/http/client.hpp"

namespace muster::http {
namespace {

std::string base64(std::string_view bytes) {
  static constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) group = (group << 8U) | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) out += i + k <= bytes.size() ? kLetters[(group >> (18U - 6U * k)) & 63U] : '=';
  }
  return out;
}

}  // namespace

std::string authorization_of(const Credentials& credentials) {
  if (credentials.kind == Credentials::Kind::none) return {};
  if (credentials.kind == Credentials::Kind::bearer) return "Bearer " + credentials.secret;
  return "Basic " + base64(credentials.user + ":" + credentials.secret);
}

}  // namespace muster::http

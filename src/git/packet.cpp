#include "git/packet.hpp"

#include <fmt/core.h>

#include <optional>

#include "muster/base/text.hpp"

namespace muster::git {
namespace {

constexpr std::size_t kHead = 4;

std::optional<std::size_t> parse_length(std::string_view head) {
  std::size_t out = 0;
  for (const char c : head) {
    const bool is_digit = c >= '0' && c <= '9';
    const bool is_letter = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (!is_digit && !is_letter) return std::nullopt;
    out = out * 16 + static_cast<std::size_t>(is_digit ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return out;
}

Packet::Kind special(std::size_t length) {
  constexpr Packet::Kind kKinds[] = {Packet::Kind::flush, Packet::Kind::delimiter, Packet::Kind::end};
  return kKinds[length];
}

}  // namespace

void append_packet(std::string& out, std::string_view data) {
  out += fmt::format("{:04x}", data.size() + kHead);
  out += data;
}

Result<void> PacketParser::feed(std::string_view bytes) {
  // Whole packets are taken from `bytes` itself; only a part at its end is copied.
  if (!buffer_.empty() || complete_) {
    buffer_.append(bytes);
    bytes = buffer_;
  }
  std::size_t at = 0;
  while (!complete_ && bytes.size() - at >= kHead) {
    const std::string_view head = bytes.substr(at, kHead);
    const auto length = parse_length(head);
    if (!length || *length == 3 || *length > kPacketBytes + kHead) {
      return stalled(Reason::corrupt, fmt::format("the answer is not in git's protocol: '{}'", escape_for_terminal(bytes.substr(at, 40))));
    }
    if (*length < kHead) {
      MUSTER_TRY(complete_, sink_.take({special(*length), {}}));
      at += kHead;
      continue;
    }
    if (bytes.size() - at < *length) break;
    MUSTER_TRY(complete_, sink_.take({Packet::Kind::data, bytes.substr(at + kHead, *length - kHead)}));
    at += *length;
  }
  buffer_ = std::string(bytes.substr(at));
  return {};
}

}  // namespace muster::git

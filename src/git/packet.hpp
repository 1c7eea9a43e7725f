// pkt-line, the framing of git's protocols: four hexadecimal digits of length, then the bytes. Private to the room.
// Format: git's documentation, gitprotocol-common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "muster/base/result.hpp"

namespace muster::git {

struct Packet {
  enum class Kind : std::uint8_t { data, flush, delimiter, end };
  Kind kind = Kind::flush;
  std::string_view data;

  /// The data without the newline that text may end in.
  [[nodiscard]] std::string_view line() const { return data.ends_with('\n') ? data.substr(0, data.size() - 1) : data; }
};

inline constexpr std::size_t kPacketBytes = 65516;  ///< Of data in one packet.

void append_packet(std::string& out, std::string_view data);
inline void append_flush(std::string& out) { out += "0000"; }
inline void append_delimiter(std::string& out) { out += "0001"; }

/// Takes the packets of one answer. Failures end the conversation.
class PacketSink {
 public:
  virtual ~PacketSink() = default;
  /// True when the answer is complete; bytes after it are not for this sink.
  virtual Result<bool> take(const Packet& packet) = 0;
};

/// Cuts a stream of bytes, in whatever parts it comes, into packets. At most one packet is buffered.
class PacketParser {
 public:
  explicit PacketParser(PacketSink& sink) : sink_(sink) {}
  /// Reason::corrupt where a length is none. Bytes after the complete answer are left in rest().
  Result<void> feed(std::string_view bytes);
  [[nodiscard]] bool complete() const { return complete_; }
  [[nodiscard]] std::string_view rest() const { return buffer_; }

 private:
  PacketSink& sink_;
  std::string buffer_;
  bool complete_ = false;
};

}  // namespace muster::git

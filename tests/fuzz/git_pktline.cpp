// pkt-line from a stranger: however the bytes are cut on their way, the same packets come out, and never a crash.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "git/packet.hpp"

namespace {

namespace git = muster::git;

/// Ends at the second flush, so that bytes after a complete answer are tried too.
class Recorder final : public git::PacketSink {
 public:
  muster::Result<bool> take(const git::Packet& packet) override {
    seen += static_cast<char>('0' + static_cast<int>(packet.kind));
    seen += packet.data;
    if (packet.kind == git::Packet::Kind::flush) ++flushes;
    return flushes == 2;
  }
  std::string seen;
  int flushes = 0;
};

std::string parse(std::string_view bytes, std::size_t step) {
  Recorder recorder;
  git::PacketParser parser(recorder);
  bool failed = false;
  while (!bytes.empty() && !failed) {
    const std::string_view part = bytes.substr(0, step);
    failed = !parser.feed(part).ok();
    bytes.remove_prefix(part.size());
  }
  return recorder.seen +
         (failed              ? "failed"
          : parser.complete() ? "complete"
                              : "open") +
         (parser.complete() ? std::string(parser.rest()) : std::string());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = parse(bytes, bytes.size() + 1);
  for (const std::size_t step : {1U, 3U, 7U, 1000U}) {
    if (parse(bytes, step) == whole) continue;
    std::fprintf(stderr, "cut every %zu bytes, other packets come out\n", step);
    std::abort();
  }
  return 0;
}

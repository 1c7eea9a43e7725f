#include "git/plain_pack.hpp"

#include <fmt/core.h>
#include <zlib.h>

#include <algorithm>
#include <array>

#include "muster/base/digest.hpp"

namespace muster::git {
namespace {

void append_number(std::string& out, std::uint32_t number) {
  for (const unsigned shift : {24U, 16U, 8U, 0U}) out.push_back(static_cast<char>(number >> shift & 0xffU));
}

void append_checksum(std::string& out) {
  const auto sum = sha1(out, {});
  for (const std::uint8_t byte : sum) out.push_back(static_cast<char>(byte));
}

/// Type and size: four bits of the size beside the type, then seven a byte, the lowest first.
void append_header(std::string& out, git_object_t type, std::size_t size) {
  auto byte = static_cast<unsigned>(type) << 4U | static_cast<unsigned>(size & 0xfU);
  for (size >>= 4U; size > 0; size >>= 7U) {
    out.push_back(static_cast<char>(byte | 0x80U));
    byte = static_cast<unsigned>(size & 0x7fU);
  }
  out.push_back(static_cast<char>(byte));
}

class Deflater {
 public:
  Deflater() { started_ = deflateInit(&stream_, Z_BEST_SPEED) == Z_OK; }
  ~Deflater() {
    if (started_) deflateEnd(&stream_);
  }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  /// Appends the compressed bytes; false where zlib has no memory.
  bool append(std::string& out, const std::string& bytes) {
    if (!started_ || deflateReset(&stream_) != Z_OK) return false;
    const std::size_t before = out.size();
    out.resize(before + deflateBound(&stream_, bytes.size()));
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib reads it only.
    stream_.avail_in = static_cast<uInt>(bytes.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream_.avail_out = static_cast<uInt>(out.size() - before);
    const bool done = deflate(&stream_, Z_FINISH) == Z_STREAM_END;
    out.resize(out.size() - stream_.avail_out);
    return done;
  }

 private:
  z_stream stream_{};
  bool started_ = false;
};

struct Packed {
  Oid id;
  std::uint32_t offset;
  std::uint32_t checksum;  ///< CRC-32 of what stands in the pack.
};

std::string index_of(const std::vector<Packed>& packed, std::string_view pack) {
  std::string out("\377tOc", 4);
  append_number(out, 2);
  std::array<std::uint32_t, 256> counts{};
  for (const Packed& one : packed) ++counts.at(one.id.bytes[0]);
  std::uint32_t sum = 0;
  for (const std::uint32_t count : counts) append_number(out, sum += count);
  for (const Packed& one : packed) out.append(reinterpret_cast<const char*>(one.id.bytes.data()), one.id.bytes.size());
  for (const Packed& one : packed) append_number(out, one.checksum);
  for (const Packed& one : packed) append_number(out, one.offset);
  out += pack.substr(pack.size() - Oid{}.bytes.size());
  append_checksum(out);
  return out;
}

}  // namespace

Result<PlainPack> plain_pack(const std::vector<std::pair<Oid, std::shared_ptr<const Staging::Object>>>& objects) {
  constexpr std::size_t kMost = std::size_t{1} << 31U;  // Longer offsets stand in a table of their own.
  PlainPack out;
  out.pack = "PACK";
  append_number(out.pack, 2);
  append_number(out.pack, static_cast<std::uint32_t>(objects.size()));
  std::vector<Packed> packed;
  packed.reserve(objects.size());
  Deflater deflater;
  for (const auto& [id, object] : objects) {
    const std::size_t begin = out.pack.size();
    if (begin >= kMost || object->bytes.size() >= kMost) return stalled(Reason::limit, "a pack of more than 2 GiB");
    append_header(out.pack, object->type, object->bytes.size());
    if (!deflater.append(out.pack, object->bytes)) return retry(Reason::exhausted, "no memory to compress an object");
    const auto* bytes = reinterpret_cast<const Bytef*>(out.pack.data() + begin);
    packed.push_back({id, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(crc32(0, bytes, static_cast<uInt>(out.pack.size() - begin)))});
  }
  append_checksum(out.pack);
  out.index = index_of(packed, out.pack);
  Oid sum;
  std::copy(out.pack.end() - static_cast<std::ptrdiff_t>(sum.bytes.size()), out.pack.end(), sum.bytes.begin());
  out.name = "pack-" + sum.text();
  return out;
}

}  // namespace muster::git

// What git servers answer, packet by packet, as plain data. Private to the room.
// Formats: git's documentation, gitprotocol-v2 and gitprotocol-pack. Every list is bounded by the size of an answer.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "git/packet.hpp"
#include "muster/git/repository.hpp"

namespace muster::git {

/// A failure out of an `ERR` packet or a line of `remote:` text.
Failure refused_by_server(std::string_view words);

/// A ref's line may name an object of a SHA-256 repository: Reason::unsupported.
Result<Oid> parse_object_id(std::string_view text);

/// Protocol 2, `ls-refs`.
class RefsAnswer final : public PacketSink {
 public:
  Result<bool> take(const Packet& packet) override;
  std::vector<Ref> refs;
  std::string head;
};

/// What a server says first: the refs and capabilities of protocols 0 and 1, or the capabilities of protocol 2.
class Greeting final : public PacketSink {
 public:
  /// Over http the service's name comes before.
  explicit Greeting(bool names_service) : names_service_(names_service) {}
  Result<bool> take(const Packet& packet) override;
  [[nodiscard]] bool can(std::string_view capability) const;

  int version = 0;
  std::vector<Ref> refs;  ///< Without HEAD.
  std::string head;
  std::vector<std::string> capabilities;

 private:
  Result<bool> take_ref(std::string_view line);
  void take_capabilities(std::string_view list);

  bool names_service_;
  bool first_ = true;
};

/// The answer to `fetch`: acknowledgements, then the pack in sideband packets.
class FetchAnswer final : public PacketSink {
 public:
  using Pack = std::function<Result<void>(std::string_view)>;
  FetchAnswer(int version, Pack pack) : version_(version), pack_(std::move(pack)) {}
  Result<bool> take(const Packet& packet) override;
  /// The server has none of what was named, and waits for more names before it makes a pack.
  [[nodiscard]] bool wants_more() const { return wants_more_; }

 private:
  Result<bool> take_band(std::string_view data);

  int version_;
  Pack pack_;
  bool in_pack_ = false;
  bool has_acknowledged_ = false;
  bool wants_more_ = false;
  std::string words_;
};

/// The answer to a push: `report-status`, in sideband packets or bare.
class PushReport final : public PacketSink {
 public:
  explicit PushReport(bool in_bands) : in_bands_(in_bands), lines_(status_), parser_(lines_) {}
  Result<bool> take(const Packet& packet) override;
  /// The failure, if anything was refused; `updates` are those that were asked for.
  [[nodiscard]] Result<void> outcome(std::span<const Push> updates) const;

 private:
  struct Status {
    std::string unpack;
    std::map<std::string, std::string> refs;  ///< Empty text: taken.
  };
  class Lines final : public PacketSink {
   public:
    explicit Lines(Status& status) : status_(status) {}
    Result<bool> take(const Packet& packet) override;

   private:
    Status& status_;
  };

  bool in_bands_;
  Status status_;
  Lines lines_;
  PacketParser parser_;
  std::string words_;  ///< What hooks and the server said to people.
};

}  // namespace muster::git

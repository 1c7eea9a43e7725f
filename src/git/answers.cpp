#include "git/answers.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <span>

#include "muster/base/text.hpp"

namespace muster::git {
namespace {

constexpr std::size_t kWords = 4096;

void keep_words(std::string& words, std::string_view more) { words.append(more.substr(0, kWords - std::min(kWords, words.size()))); }

/// The lines of server text worth a sentence: no progress, no blank ones.
std::string sentence(std::string_view words) {
  std::vector<std::string> out;
  for (const std::string_view raw_line : split(words, '\n')) {
    const std::string_view line = trim(raw_line.substr(raw_line.rfind('\r') == std::string_view::npos ? 0 : raw_line.rfind('\r') + 1));
    if (!line.empty() && out.size() < 8) out.push_back(escape_for_terminal(line.substr(0, 300)));
  }
  return join(out, "; ");
}

struct Wording {
  std::string_view text;
  FailureKind kind;
  Reason reason;
};
// Every server words its refusals in its own way; what they mean is known from their sources and documents.
constexpr Wording kRaces[] = {
    {"fetch first", FailureKind::retry, Reason::conflict},
    {"non-fast-forward", FailureKind::retry, Reason::conflict},
    {"incorrect old value", FailureKind::retry, Reason::conflict},
    {"stale info", FailureKind::retry, Reason::conflict},
    {"failed to lock", FailureKind::retry, Reason::conflict},
    {"failed to update ref", FailureKind::retry, Reason::conflict},
    {"cannot lock ref", FailureKind::retry, Reason::conflict},
    {"reference already exists", FailureKind::retry, Reason::conflict},
    {"reference conflict", FailureKind::retry, Reason::conflict},
    {"but expected", FailureKind::retry, Reason::conflict},
    {"lock ref", FailureKind::retry, Reason::conflict},
    {"LOCK_FAILURE", FailureKind::retry, Reason::conflict},
    {"missing necessary objects", FailureKind::retry, Reason::corrupt},
    {"unpacker error", FailureKind::retry, Reason::unreachable},
    {"No space left", FailureKind::retry, Reason::unreachable},
    {"internal", FailureKind::retry, Reason::unreachable},
};

bool is_atomic_echo(std::string_view why) {
  return why.find("atomic") != std::string_view::npos || why.find("transaction") != std::string_view::npos;
}

Failure refused_ref(std::string_view ref, std::string_view why, std::string_view words) {
  std::string text = fmt::format("{} was refused: {}", escape_for_terminal(ref.substr(0, 300)), escape_for_terminal(why.substr(0, 300)));
  if (const std::string said = sentence(words); !said.empty()) text += " (" + said + ")";
  // An atomic push that failed is explained beside the report; a hook that declined says so in the report.
  const std::string_view where = is_atomic_echo(why) ? words : why;
  for (const Wording& race : kRaces) {
    if (where.find(race.text) != std::string_view::npos) return {race.kind, race.reason, std::move(text), std::nullopt};
  }
  return stalled(Reason::denied, std::move(text));
}

bool is_hexadecimal(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Failure not_understood(std::string_view line) {
  return stalled(Reason::corrupt, fmt::format("the server's answer is not understood: '{}'", escape_for_terminal(line.substr(0, 80))));
}

/// A name from a stranger goes nowhere unless it is one.
bool is_listable(std::string_view name) {
  return name.starts_with("refs/") && name.size() <= 1024 &&
         std::none_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) <= 0x20U || c == 0x7F; });
}

}  // namespace

Failure refused_by_server(std::string_view words) {
  const std::string said = sentence(words);
  const std::string_view text = said.empty() ? std::string_view("it gave no reason") : std::string_view(said);
  const bool denied = words.find("ccess denied") != std::string_view::npos || words.find("not found") != std::string_view::npos ||
                      words.find("not exported") != std::string_view::npos || words.find("ermission") != std::string_view::npos;
  if (denied) return stalled(Reason::denied, fmt::format("the server refused: {}", text));
  return retry(Reason::unreachable, fmt::format("the server refused: {}", text));
}

Result<Oid> parse_object_id(std::string_view text) {
  const auto id = Oid::parse(text);
  if (id) return *id;
  if (text.size() == 64 && is_hexadecimal(text))
    return stalled(Reason::unsupported, "it is a SHA-256 repository; muster reads SHA-1 repositories only");
  return not_understood(text);
}

Result<bool> RefsAnswer::take(const Packet& packet) {
  if (packet.kind == Packet::Kind::flush) return true;
  if (packet.kind != Packet::Kind::data) return not_understood("delimiter among refs");
  const std::string_view line = packet.line();
  if (line.starts_with("ERR ")) return refused_by_server(line.substr(4));
  const auto space = line.find(' ');
  if (space == std::string_view::npos) return not_understood(line);
  const std::string_view rest = line.substr(space + 1);
  const std::string_view name = rest.substr(0, rest.find(' '));
  constexpr std::string_view kTarget = " symref-target:";
  if (name == "HEAD") {
    const auto target = rest.find(kTarget);
    if (target != std::string_view::npos) head = rest.substr(target + kTarget.size(), rest.find(' ', target + 1) - target - kTarget.size());
    return false;
  }
  if (line.starts_with("unborn ")) return false;
  MUSTER_TRY(const Oid id, parse_object_id(line.substr(0, space)));
  if (!is_listable(name)) return not_understood(line);
  refs.push_back({std::string(name), id});
  return false;
}

void Greeting::take_capabilities(std::string_view list) {
  for (const std::string_view capability : split(list, ' ')) {
    if (!capability.empty()) capabilities.emplace_back(capability);
    constexpr std::string_view kHead = "symref=HEAD:";
    if (capability.starts_with(kHead)) head = capability.substr(kHead.size());
  }
}

bool Greeting::can(std::string_view capability) const {
  return std::any_of(capabilities.begin(), capabilities.end(), [&](const std::string& known) {
    return known == capability || (known.starts_with(capability) && known.size() > capability.size() && known[capability.size()] == '=');
  });
}

Result<bool> Greeting::take_ref(std::string_view line) {
  const auto nul = line.find('\0');
  if (nul != std::string_view::npos) {
    take_capabilities(line.substr(nul + 1));
    line = line.substr(0, nul);
  }
  const auto space = line.find(' ');
  if (space == std::string_view::npos) return not_understood(line);
  const std::string_view name = line.substr(space + 1);
  MUSTER_TRY(const Oid id, parse_object_id(line.substr(0, space)));
  if (name == "HEAD" || name == "capabilities^{}" || name == ".have" || name.ends_with("^{}")) return false;
  if (!is_listable(name)) return not_understood(line);
  refs.push_back({std::string(name), id});
  return false;
}

Result<bool> Greeting::take(const Packet& packet) {
  if (names_service_) {
    // "# service=git-upload-pack" and a flush.
    if (packet.kind == Packet::Kind::data && packet.line().starts_with("# service=")) return false;
    names_service_ = false;
    if (packet.kind == Packet::Kind::flush) return false;
  }
  if (packet.kind == Packet::Kind::flush) return true;
  if (packet.kind != Packet::Kind::data) return not_understood("delimiter in a greeting");
  const std::string_view line = packet.line();
  if (line.starts_with("ERR ")) return refused_by_server(line.substr(4));
  const bool is_first = std::exchange(first_, false);
  if (is_first && line.starts_with("version ")) {
    version = line == "version 2" ? 2 : 1;
    return false;
  }
  if (version == 2) {
    capabilities.emplace_back(line);
    return false;
  }
  if (line.starts_with("shallow ")) return stalled(Reason::unsupported, "the remote repository is shallow; muster needs whole histories");
  return take_ref(line);
}

Result<bool> FetchAnswer::take_band(std::string_view data) {
  constexpr char kPack = 1;
  constexpr char kWordsBand = 2;
  constexpr char kError = 3;
  if (data.empty()) return not_understood("an empty sideband packet");
  const std::string_view bytes = data.substr(1);
  if (data[0] == kPack) {
    MUSTER_CHECK(pack_(bytes));
    return false;
  }
  if (data[0] == kWordsBand) {
    keep_words(words_, bytes);
    return false;
  }
  if (data[0] == kError) return refused_by_server(words_ + std::string(bytes));
  return not_understood(data);
}

Result<bool> FetchAnswer::take(const Packet& packet) {
  if (packet.kind == Packet::Kind::flush) {
    wants_more_ = !in_pack_ && has_acknowledged_;
    if (in_pack_ || wants_more_) return true;
    return not_understood("the end before the pack");
  }
  if (packet.kind != Packet::Kind::data) return false;  // Between sections.
  if (in_pack_) return take_band(packet.data);
  const std::string_view line = packet.line();
  if (line.starts_with("ERR ")) return refused_by_server(line.substr(4));
  if (line == "shallow-info" || line.starts_with("shallow ")) {
    return stalled(Reason::unsupported, "the remote repository is shallow; muster needs whole histories");
  }
  if (version_ == 2) {
    if (line == "packfile") in_pack_ = true;
    if (line == "acknowledgments") has_acknowledged_ = true;
    if (!in_pack_ && line != "acknowledgments" && line != "ready" && line != "NAK" && !line.starts_with("ACK "))
      return not_understood(line);
    return false;
  }
  if (line == "NAK" || line.starts_with("ACK ")) return false;
  in_pack_ = true;
  return take_band(packet.data);
}

Result<bool> PushReport::Lines::take(const Packet& packet) {
  if (packet.kind == Packet::Kind::flush) return true;
  const std::string_view line = packet.line();
  if (line.starts_with("unpack ")) {
    status_.unpack = line.substr(7);
  } else if (line.starts_with("ok ")) {
    status_.refs[std::string(line.substr(3))] = {};
  } else if (line.starts_with("ng ")) {
    const std::string_view rest = line.substr(3);
    const auto space = rest.find(' ');
    const std::string_view why = space == std::string_view::npos ? "no reason given" : rest.substr(space + 1);
    status_.refs[std::string(rest.substr(0, space))] = why.empty() ? "no reason given" : std::string(why);
  } else if (line.starts_with("ERR ")) {
    return refused_by_server(line.substr(4));
  }
  return false;
}

Result<bool> PushReport::take(const Packet& packet) {
  constexpr char kReport = 1;
  constexpr char kError = 3;
  if (!in_bands_) return lines_.take(packet);
  if (packet.kind != Packet::Kind::data) return packet.kind == Packet::Kind::flush;
  if (packet.data.starts_with("ERR ")) return refused_by_server(packet.line().substr(4));
  if (packet.data.empty()) return not_understood("an empty sideband packet");
  const std::string_view bytes = packet.data.substr(1);
  if (packet.data[0] == kReport) {
    MUSTER_CHECK(parser_.feed(bytes));
  } else {
    keep_words(words_, bytes);
  }
  if (packet.data[0] == kError) return refused_by_server(words_);
  return false;
}

Result<void> PushReport::outcome(std::span<const Push> updates) const {
  if (status_.unpack.empty())
    return retry(Reason::unreachable, "the server ended the push without a report; what came of it shows on the next look");
  if (status_.unpack != "ok") return refused_ref("the pack", status_.unpack, words_);
  const std::string* cause = nullptr;
  for (const auto& [ref, why] : status_.refs) {
    // Of an atomic push one ref says why, and the others say that it was atomic.
    if (!why.empty() && (cause == nullptr || !is_atomic_echo(why))) cause = &ref;
  }
  if (cause != nullptr) return refused_ref(*cause, status_.refs.at(*cause), words_);
  for (const Push& update : updates) {
    if (!status_.refs.contains(update.ref))
      return retry(Reason::unreachable, fmt::format("the server did not say what became of {}", update.ref));
  }
  return {};
}

}  // namespace muster::git

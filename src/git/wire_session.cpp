// git's protocols over a channel: 2 for reading where the server speaks it, 0 and 1 otherwise, and for every push.
//
// A mirror names what it wants and the tips it has; a server that finds them on the way sends the pack at once, so one
// round trip is the rule. Only where it does not (a rewound branch) are ancestors named too, and that ends the
// negotiation. More names than needed would make the pack larger: git builds deltas on the first few only.
#include <fmt/core.h>

#include <algorithm>

#include "git/answers.hpp"
#include "git/channel.hpp"
#include "git/session.hpp"

namespace muster::git {
namespace {

constexpr std::string_view kAgent = "agent=muster";
constexpr std::uint64_t kBesidePack = std::uint64_t{16} << 20U;  ///< Acknowledgements, reports, words.

std::string refs_question(std::span<const std::string> prefixes) {
  std::string out;
  append_packet(out, "command=ls-refs\n");
  append_packet(out, std::string(kAgent));
  append_delimiter(out);
  append_packet(out, "symrefs\n");
  if (!prefixes.empty()) append_packet(out, "ref-prefix HEAD\n");
  for (const std::string& prefix : prefixes) append_packet(out, "ref-prefix " + prefix + "\n");
  append_flush(out);
  return out;
}

std::string fetch_question(const WantedObjects& objects, std::span<const Oid> ancestors, bool is_last) {
  std::string out;
  append_packet(out, "command=fetch");
  append_packet(out, std::string(kAgent));
  append_delimiter(out);
  for (const char* option : {"thin-pack", "no-progress", "ofs-delta"}) append_packet(out, option);
  for (const Oid& want : objects.wants) append_packet(out, "want " + want.text() + "\n");
  for (const Oid& have : objects.tips) append_packet(out, "have " + have.text() + "\n");
  for (const Oid& have : ancestors) append_packet(out, "have " + have.text() + "\n");
  if (is_last) append_packet(out, "done\n");
  append_flush(out);
  return out;
}

std::string old_fetch_question(const WantedObjects& objects, std::span<const Oid> ancestors, const Greeting& greeting) {
  std::string options = " side-band-64k";
  for (const std::string_view option : {"ofs-delta", "thin-pack", "no-progress", "multi_ack_detailed"}) {
    if (greeting.can(option)) options += fmt::format(" {}", option);
  }
  if (greeting.can("agent")) options += fmt::format(" {}", kAgent);
  std::string out;
  for (const Oid& want : objects.wants) append_packet(out, fmt::format("want {}{}\n", want.text(), std::exchange(options, {})));
  append_flush(out);
  for (const Oid& have : objects.tips) append_packet(out, "have " + have.text() + "\n");
  for (const Oid& have : ancestors) append_packet(out, "have " + have.text() + "\n");
  append_packet(out, "done\n");
  return out;
}

void sort_by_name(std::vector<Ref>& refs) {
  std::sort(refs.begin(), refs.end(), [](const Ref& a, const Ref& b) { return a.name < b.name; });
}

class WireSession final : public Session {
 public:
  WireSession(std::unique_ptr<Channel> channel, const Clock& clock, const TransferLimits& limits, Whereabouts& whereabouts)
      : channel_(std::move(channel)), clock_(clock), limits_(limits), whereabouts_(whereabouts) {}

  Result<RefListing> list(std::span<const std::string> prefixes) override {
    RefListing out;
    out.at = clock_.now();
    if (channel_->greets_first() || whereabouts_.is_old) MUSTER_CHECK(greet());
    RefsAnswer answer;
    if (!is_old()) {
      auto listed = channel_->ask(refs_question(prefixes), answer, limits_.answer_bytes);
      if (!listed.ok()) {
        if (greeting_ || !channel_->may_be_older()) return std::move(listed).failure();
        // Asked without a greeting and not understood: the greeting decides what the server is.
        MUSTER_CHECK(greet());
        answer = {};
        if (!is_old()) MUSTER_CHECK(channel_->ask(refs_question(prefixes), answer, limits_.answer_bytes));
      }
    }
    if (is_old()) {
      answer.head = greeting_->head;
      for (const Ref& ref : greeting_->refs) {
        if (matches_any(ref.name, prefixes)) answer.refs.push_back(ref);
      }
    }
    out.refs = std::move(answer.refs);
    out.head = std::move(answer.head);
    sort_by_name(out.refs);
    return out;
  }

  Result<void> fetch(const WantedObjects& objects, PackWriter& pack) override {
    const auto append = [&](std::string_view bytes) { return pack.append(bytes); };
    const std::uint64_t limit = limits_.bytes + limits_.bytes / 64 + kBesidePack;  // A pack in its packets.
    FetchAnswer answer(is_old() ? 0 : 2, append);
    if (is_old()) {
      MUSTER_TRY(const std::vector<Oid> ancestors, objects.ancestors());
      return channel_->ask(old_fetch_question(objects, ancestors, *greeting_), answer, limit);
    }
    MUSTER_CHECK(channel_->ask(fetch_question(objects, {}, objects.tips.empty()), answer, limit));
    if (!answer.wants_more()) return {};
    MUSTER_TRY(const std::vector<Oid> ancestors, objects.ancestors());
    FetchAnswer last(2, append);
    MUSTER_CHECK(channel_->ask(fetch_question(objects, ancestors, true), last, limit));
    if (last.wants_more()) return stalled(Reason::corrupt, "the server sends no pack");
    return {};
  }

  Result<void> push(DiskRepository& from, std::span<const Push> updates) override {
    MUSTER_CHECK(greet());
    if (is_done(updates)) return {};
    for (const Push& update : updates) MUSTER_CHECK(expect(update));
    MUSTER_TRY(std::string question, commands(updates));
    MUSTER_CHECK(append_pack(question, from, updates));
    PushReport report(greeting_->can("side-band-64k"));
    MUSTER_CHECK(channel_->ask(question, report, kBesidePack));
    return report.outcome(updates);
  }

 private:
  [[nodiscard]] bool is_old() const { return greeting_ && greeting_->version < 2; }

  Result<void> greet() {
    if (greeting_) return {};
    Greeting greeting(channel_->names_service());
    MUSTER_CHECK(channel_->greet(greeting));
    greeting_ = std::move(greeting);
    whereabouts_.is_old = is_old();
    return {};
  }

  [[nodiscard]] std::optional<Oid> at_server(std::string_view ref) const {
    const auto found = std::find_if(greeting_->refs.begin(), greeting_->refs.end(), [&](const Ref& known) { return known.name == ref; });
    return found == greeting_->refs.end() ? std::nullopt : std::optional(found->id);
  }

  /// An earlier try may have landed without its answer reaching us.
  [[nodiscard]] bool is_done(std::span<const Push> updates) const {
    return std::all_of(updates.begin(), updates.end(), [&](const Push& update) { return at_server(update.ref) == update.value; });
  }

  [[nodiscard]] Result<void> expect(const Push& update) const {
    const auto now = at_server(update.ref);
    if (now == update.expected) return {};
    const auto shown = [](const std::optional<Oid>& id) { return id ? "at " + id->short_text() : std::string("absent"); };
    return retry(Reason::conflict, fmt::format("{} is {}, not {}", update.ref, shown(now), shown(update.expected)));
  }

  /// The server compares the old values once more when it takes the refs' locks.
  Result<std::string> commands(std::span<const Push> updates) const {
    if (!greeting_->can("report-status")) return stalled(Reason::unsupported, "the server does not report what becomes of a push");
    std::string options = " report-status";
    for (const std::string_view option : {"side-band-64k", "quiet", "atomic", "ofs-delta"}) {
      const bool is_wanted = option != "atomic" || updates.size() > 1;
      if (is_wanted && greeting_->can(option)) options += fmt::format(" {}", option);
    }
    if (greeting_->can("agent")) options += fmt::format(" {}", kAgent);
    options.insert(0, 1, '\0');
    std::string out;
    for (const Push& update : updates) {
      if (!update.value && !greeting_->can("delete-refs")) return stalled(Reason::denied, "the server does not let refs be deleted");
      const std::string line =
          fmt::format("{} {} {}", update.expected.value_or(Oid{}).text(), update.value.value_or(Oid{}).text(), update.ref);
      append_packet(out, line + std::exchange(options, {}));
    }
    append_flush(out);
    return out;
  }

  Result<void> append_pack(std::string& out, DiskRepository& from, std::span<const Push> updates) const {
    if (std::none_of(updates.begin(), updates.end(), [](const Push& update) { return update.value.has_value(); })) return {};
    std::vector<Oid> have;
    for (const Ref& ref : greeting_->refs) have.push_back(ref.id);
    for (const Push& update : updates) {
      if (update.expected) have.push_back(*update.expected);
    }
    MUSTER_TRY(const std::string pack, make_pack(from, updates, have));
    out += pack;
    return {};
  }

  std::unique_ptr<Channel> channel_;
  const Clock& clock_;
  const TransferLimits& limits_;
  Whereabouts& whereabouts_;
  std::optional<Greeting> greeting_;
};

}  // namespace

std::unique_ptr<Session> make_wire_session(std::unique_ptr<Channel> channel, const Clock& clock, const TransferLimits& limits,
                                           Whereabouts& whereabouts) {
  return std::make_unique<WireSession>(std::move(channel), clock, limits, whereabouts);
}

}  // namespace muster::git

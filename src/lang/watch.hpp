// `watch(…)`: a value of the record `Watch` of std/core.fleet, held against what a policy must be, and made one.
//
// Authors can write the record out as well, so lowering reads it once more by the same rules. Pure. Failure: a Mistake
// that says which part is wrong.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lang/check/types.hpp"
#include "lang/evaluate/datum.hpp"
#include "muster/model/image.hpp"

namespace muster::lang {

/// Fields of the record `Watch`, in its order; arguments of `watch` too.
enum class WatchPart : std::uint8_t { repository, tag, versions, tags, newest };
inline constexpr std::size_t kWatchParts = 5;
inline constexpr std::string_view kWatchNames[kWatchParts] = {"repository", "tag", "versions", "tags", "newest"};

struct WatchMistake {
  WatchPart part = WatchPart::repository;
  std::string_view code;
  std::string message;
  std::string label;
  std::string help;
};

[[nodiscard]] bool is_watch(const RecordType& type);
/// The policy that these values (in the order of WatchPart; none or text, the last a list of names) ask for.
std::optional<WatchMistake> read_watch(std::span<const Datum> parts, model::ImagePolicy& out);
/// As authors write it: `watch("ghcr.io/shop/cart", versions = "^1.4")`.
std::string watch_text(const Datum& record);

/// What is wrong with the reference of an image, for F0427; `what` says whose it is.
std::optional<WatchMistake> read_reference(std::string_view text, model::ImageReference& out);
/// A repository alone: a tag or digest in it is F0428, `instead` says what is written for it.
std::optional<WatchMistake> read_repository(std::string_view text, std::string_view instead, model::ImageReference& out);

}  // namespace muster::lang

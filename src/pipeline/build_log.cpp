#include "pipeline/build_log.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "muster/base/text.hpp"

namespace muster::pipeline {
namespace {

constexpr std::size_t kLines = 10;
constexpr std::size_t kLongestLine = 400;

/// Where the last lines begin; 0 where there are not more of them.
std::size_t begin_of_last(std::string_view text) {
  constexpr std::size_t kEnough = 4 * kLines * kLongestLine;
  const std::size_t first = text.size() > kEnough ? text.size() - kEnough : 0;
  std::size_t lines = 0;
  for (std::size_t at = text.size(); at > first; --at) {
    if ((text[at - 1] == '\n' || text[at - 1] == '\r') && ++lines > 2 * kLines) return at;
  }
  return first;
}

}  // namespace

Masker::Masker(const std::vector<std::string>& secrets) {
  constexpr std::size_t kTelling = 6;  // A line of a key says something; a brace of a JSON document does not.
  for (const std::string& secret : secrets) {
    if (!secret.empty()) secrets_.push_back(secret);
    if (secret.find('\n') == std::string::npos) continue;
    for (const std::string_view line : split(secret, '\n')) {
      if (const std::string_view text = trim(line); text.size() >= kTelling) secrets_.emplace_back(text);
    }
  }
  std::sort(secrets_.begin(), secrets_.end(), [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  longest_ = secrets_.empty() ? 0 : secrets_.front().size();
}

std::string Masker::mask(std::string_view bytes) {
  if (secrets_.empty()) return std::string(bytes);
  held_ += bytes;
  return replace(longest_ - 1);
}

std::string Masker::rest() { return replace(0); }

/// Replaces and gives out all but the last `keep` bytes. The one that begins first is replaced, of several the longest.
std::string Masker::replace(std::size_t keep) {
  std::string out;
  std::size_t at = 0;
  std::vector<std::size_t> next(secrets_.size(), 0);
  while (held_.size() - at > keep) {
    std::size_t first = std::string::npos;
    std::size_t which = 0;
    for (std::size_t i = 0; i < secrets_.size(); ++i) {
      if (next[i] != std::string::npos && (next[i] < at || at == 0)) next[i] = held_.find(secrets_[i], at);
      if (next[i] < first) {
        first = next[i];
        which = i;
      }
    }
    const std::size_t end = held_.size() - keep;
    if (first >= end) {
      out.append(held_, at, end - at);
      at = end;
      break;
    }
    out.append(held_, at, first - at);
    out += "***";
    at = first + secrets_[which].size();
  }
  held_.erase(0, at);
  return out;
}

BuildLog::BuildLog(Files& files, Path path, const std::vector<std::string>& secrets, Line newest, Line every, Caps caps)
    : files_(files), path_(std::move(path)), masker_(secrets), newest_(std::move(newest)), every_(std::move(every)), caps_(caps) {}

Result<void> BuildLog::begin(std::string_view title) {
  MUSTER_CHECK(files_.remove(path_));
  return files_.append(path_, fmt::format("{}\n", title));
}

Result<void> BuildLog::take(std::string_view bytes) { return keep(masker_.mask(bytes)); }

Result<void> BuildLog::finish() {
  MUSTER_CHECK(keep(masker_.rest()));
  if (!line_.empty()) end_line();
  if (!tail_.empty()) {
    const std::uint64_t missing = dropped_ - tail_.size();
    if (missing > 0) MUSTER_CHECK(files_.append(path_, fmt::format("\n[muster: {} bytes of output are not kept]\n", missing)));
    MUSTER_CHECK(files_.append(path_, tail_));
    tail_.clear();
    dropped_ = 0;
  }
  return {};
}

std::vector<std::string> BuildLog::last_lines() const { return {lines_.begin(), lines_.end()}; }

Result<void> BuildLog::keep(std::string_view masked) {
  if (masked.empty()) return {};
  look_at_lines(masked);
  const std::size_t fits = std::min(masked.size(), caps_.head - std::min(caps_.head, written_));
  if (fits > 0) MUSTER_CHECK(files_.append(path_, masked.substr(0, fits)));
  written_ += fits;
  masked.remove_prefix(fits);
  dropped_ += masked.size();
  tail_ += masked;
  if (tail_.size() > 2 * caps_.tail) tail_.erase(0, tail_.size() - caps_.tail);
  return {};
}

void BuildLog::look_at_lines(std::string_view masked) {
  // Nobody reads the lines of a gigabyte one by one: without a reader for all, only the last ones of a piece matter.
  if (const std::size_t from = every_ ? 0 : begin_of_last(masked); from > 0) {
    masked.remove_prefix(from);
    line_.clear();
  }
  while (!masked.empty()) {
    const std::size_t end = masked.find_first_of("\n\r");
    const std::string_view part = masked.substr(0, end);
    line_ += part.substr(0, kLongestLine - std::min(kLongestLine, line_.size()));
    if (end == std::string_view::npos) break;
    masked.remove_prefix(end + 1);
    end_line();
  }
  if (newest_ && !lines_.empty()) newest_(lines_.back());
}

void BuildLog::end_line() {
  std::string line = escape_for_terminal(line_);
  line_.clear();
  if (trim(line).empty()) return;
  if (every_) every_(line);
  lines_.push_back(std::move(line));
  if (lines_.size() > kLines) lines_.pop_front();
}

}  // namespace muster::pipeline

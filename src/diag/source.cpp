#include "muster/diag/source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <iterator>

namespace muster::diag {
namespace {

bool is_continuation_byte(char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U; }

std::vector<std::uint32_t> line_starts(std::string_view text) {
  std::vector<std::uint32_t> starts = {0};
  for (std::size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
    starts.push_back(static_cast<std::uint32_t>(at + 1));
  }
  return starts;
}

}  // namespace

SourceId Sources::add(std::string path, std::string text) {
  entries_.push_back({std::move(path), std::move(text), {}});
  entries_.back().lines = line_starts(entries_.back().text);
  return SourceId{static_cast<std::uint32_t>(entries_.size() - 1)};
}

std::string_view Sources::path(SourceId id) const { return entries_[static_cast<std::size_t>(id)].path; }

std::string_view Sources::text(SourceId id) const { return entries_[static_cast<std::size_t>(id)].text; }

std::string_view Sources::text(Span span) const {
  if (!span.known()) return {};
  const std::string_view whole = text(span.source);
  const std::size_t begin = std::min<std::size_t>(span.begin, whole.size());
  return whole.substr(begin, std::max(span.begin, span.end) - span.begin);
}

Position Sources::position(SourceId id, std::uint32_t offset) const {
  const Entry& entry = entries_[static_cast<std::size_t>(id)];
  offset = std::min(offset, static_cast<std::uint32_t>(entry.text.size()));
  const auto after = std::upper_bound(entry.lines.begin(), entry.lines.end(), offset);
  const auto line = static_cast<std::uint32_t>(after - entry.lines.begin());
  const std::string_view before = std::string_view(entry.text).substr(*std::prev(after), offset - *std::prev(after));
  const auto characters = before.size() - static_cast<std::size_t>(std::count_if(before.begin(), before.end(), is_continuation_byte));
  return {line, static_cast<std::uint32_t>(characters + 1)};
}

std::string_view Sources::line_at(SourceId id, std::uint32_t offset) const {
  const Entry& entry = entries_[static_cast<std::size_t>(id)];
  offset = std::min(offset, static_cast<std::uint32_t>(entry.text.size()));
  const auto after = std::upper_bound(entry.lines.begin(), entry.lines.end(), offset);
  const std::uint32_t begin = *std::prev(after);
  std::string_view line = std::string_view(entry.text).substr(begin);
  line = line.substr(0, line.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string Sources::place(Span span) const {
  if (!span.known()) return {};
  const Position at = position(span.source, span.begin);
  return fmt::format("{}:{}:{}", path(span.source), at.line, at.column);
}

}  // namespace muster::diag

#include "lang/evaluate/datum.hpp"

#include <algorithm>

namespace muster::lang {
namespace {

bool any_late(std::span<const Datum> items) {
  return std::any_of(items.begin(), items.end(), [](const Datum& item) { return item.late; });
}

int three_way(std::int64_t a, std::int64_t b) { return a < b ? -1 : (a > b ? 1 : 0); }

int compare_items(std::span<const Datum> a, std::span<const Datum> b) {
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (const int order = compare(a[i], b[i]); order != 0) return order;
  }
  return three_way(static_cast<std::int64_t>(a.size()), static_cast<std::int64_t>(b.size()));
}

}  // namespace

namespace make {

Datum sequence(Arena& arena, Tag tag, std::span<const Datum> items, std::uint16_t small) {
  Datum made = of(tag);
  made.small = small;
  made.late = any_late(items);
  made.size = static_cast<std::uint32_t>(items.size());
  made.first = arena.copy(items).data();
  return made;
}

Datum set(Arena& arena, std::vector<Datum> items) {
  const auto less = [](const Datum& a, const Datum& b) { return compare(a, b) < 0; };
  if (!std::is_sorted(items.begin(), items.end(), less)) std::sort(items.begin(), items.end(), less);
  items.erase(std::unique(items.begin(), items.end(), equal), items.end());
  return sequence(arena, Tag::set, items);
}

Datum map(Arena& arena, std::vector<Datum> pairs) {
  const std::size_t count = pairs.size() / 2;
  std::vector<std::uint32_t> order(count);
  for (std::size_t i = 0; i < count; ++i) order[i] = static_cast<std::uint32_t>(i);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return compare(pairs[std::size_t{a} * 2], pairs[std::size_t{b} * 2]) < 0; });
  std::vector<Datum> sorted;
  sorted.reserve(pairs.size());
  for (const std::uint32_t at : order) {
    const Datum& key = pairs[std::size_t{at} * 2];
    if (!sorted.empty() && equal(sorted[sorted.size() - 2], key)) sorted.resize(sorted.size() - 2);
    sorted.push_back(key);
    sorted.push_back(pairs[std::size_t{at} * 2 + 1]);
  }
  Datum made = sequence(arena, Tag::map, sorted);
  made.size /= 2;
  return made;
}

}  // namespace make

bool equal(const Datum& a, const Datum& b) { return compare(a, b) == 0; }

int compare(const Datum& a, const Datum& b) {
  if (a.tag != b.tag) return three_way(static_cast<int>(a.tag), static_cast<int>(b.tag));
  switch (a.tag) {
    case Tag::absent:
    case Tag::poison:
    case Tag::none:
    case Tag::null: return 0;
    case Tag::text:
    case Tag::secret: {
      const int order = a.text().compare(b.text());
      return order < 0 ? -1 : (order > 0 ? 1 : 0);
    }
    case Tag::enumeration:
      if (a.small != b.small) return three_way(a.small, b.small);
      return three_way(a.size, b.size);
    case Tag::service:
      if (a.number != b.number) return three_way(a.number, b.number);
      return three_way(a.size, b.size);
    case Tag::entity:
      if (a.small != b.small) return three_way(a.small, b.small);
      return three_way(a.number, b.number);
    case Tag::list:
    case Tag::set: return compare_items(a.items(), b.items());
    case Tag::record:
      if (a.small != b.small) return three_way(a.small, b.small);
      return compare_items(a.items(), b.items());
    case Tag::map: return compare_items(a.pairs(), b.pairs());
    default: return three_way(a.number, b.number);
  }
}

const Datum* find(const Datum& map, const Datum& key) {
  const std::span<const Datum> pairs = map.pairs();
  std::size_t low = 0;
  std::size_t high = map.size;
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    const int order = compare(pairs[middle * 2], key);
    if (order == 0) return &pairs[middle * 2 + 1];
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return nullptr;
}

const Datum* find(const Datum& map, std::string_view key) { return find(map, make::text(key)); }

bool contains(const Datum& sequence, const Datum& item) {
  const std::span<const Datum> items = sequence.items();
  return std::any_of(items.begin(), items.end(), [&](const Datum& one) { return equal(one, item); });
}

}  // namespace muster::lang

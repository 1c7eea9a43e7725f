#include "lang/check/schema.hpp"

#include <algorithm>

namespace muster::lang {

SlotId Shape::child(SlotId parent, std::string_view name) const {
  const Slot& above = (*this)[parent];
  for (std::uint32_t i = 0; i < above.children; ++i) {
    if (slots[above.first_child + i].name == name) return SlotId{above.first_child + i};
  }
  return kNoSlot;
}

SlotId Shape::find_path(std::string_view path) const {
  SlotId at = find(path.substr(0, path.find('.')));
  while (at != kNoSlot) {
    const std::size_t dot = path.find('.');
    if (dot == std::string_view::npos) return at;
    path.remove_prefix(dot + 1);
    at = child(at, path.substr(0, path.find('.')));
  }
  return kNoSlot;
}

bool Kind::derives_from(KindId other) const { return std::find(chain.begin(), chain.end(), other) != chain.end(); }

}  // namespace muster::lang

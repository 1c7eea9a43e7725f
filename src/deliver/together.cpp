// Together: bound services are one; where one of them may not move whole, none of them moves.
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "deliver/items.hpp"

namespace muster::deliver {
namespace {

/// Groups of bound services, each by the position of its first member.
class Groups {
 public:
  explicit Groups(std::size_t count) : parent_(count) {
    for (std::size_t i = 0; i < count; ++i) parent_[i] = i;
  }
  std::size_t of(std::size_t i) const {
    while (parent_[i] != i) i = parent_[i];
    return i;
  }
  void bind(std::size_t a, std::size_t b) {
    const std::size_t x = of(a);
    const std::size_t y = of(b);
    parent_[std::max(x, y)] = std::min(x, y);
  }

 private:
  std::vector<std::size_t> parent_;
};

}  // namespace

Result<void> bind_together(Pass& pass) {
  std::map<std::string, std::size_t, std::less<>> by_name;
  for (std::size_t i = 0; i < pass.items.size(); ++i) by_name.emplace(pass.items[i].service, i);
  Groups groups(pass.items.size());
  for (std::size_t i = 0; i < pass.items.size(); ++i) {
    if (pass.items[i].instance == nullptr) continue;
    for (const auto& partner : pass.items[i].instance->together) {
      const auto found = by_name.find(partner);
      if (found != by_name.end()) groups.bind(i, found->second);
    }
  }
  std::map<std::size_t, std::string> waits;  // Group → the first member that may not move whole.
  for (std::size_t i = 0; i < pass.items.size(); ++i) {
    if (pass.items[i].partial) waits.emplace(groups.of(i), pass.items[i].service);
  }
  for (std::size_t i = 0; i < pass.items.size(); ++i) {
    Item& item = pass.items[i];
    const auto waiting = waits.find(groups.of(i));
    if (!item.proposal || waiting == waits.end() || waiting->second == item.service) continue;
    drop_proposal(item, {Why::together, "", fmt::format("it moves together with {}, which does not move now", waiting->second),
                         fmt::format("it goes on with {}", waiting->second), std::nullopt, std::nullopt});
  }
  return {};
}

}  // namespace muster::deliver

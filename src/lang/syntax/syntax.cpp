#include "lang/syntax/syntax.hpp"

#include <algorithm>
#include <array>

#include "grammar/scan.hpp"

namespace muster::lang::syntax {

std::string_view to_string(Operator op) {
  static constexpr std::array<std::string_view, 17> kTexts = {
      "", "not", "-", "or", "and", "==", "!=", "<=", ">=", "<", ">", "??", "+", "-", "*", "/", "%"};
  return kTexts.at(static_cast<std::size_t>(op));
}

std::string_view to_string(EntityWord word) { return grammar::kEntityWordTexts.at(static_cast<std::size_t>(word)); }

std::string_view Tree::documentation(std::uint32_t begin) const {
  const auto found =
      std::lower_bound(docs.begin(), docs.end(), begin, [](const auto& doc, std::uint32_t wanted) { return doc.first < wanted; });
  return found != docs.end() && found->first == begin ? std::string_view(found->second) : std::string_view();
}

}  // namespace muster::lang::syntax

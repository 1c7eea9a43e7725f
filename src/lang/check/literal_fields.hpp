// Fields that are literals written once in the entity (2-language ★1): read from the syntax tree, before anything is
// checked, so that it is known early who exists where. Whether they are well typed the checker says.
#pragma once

#include <string_view>
#include <vector>

#include "lang/syntax/syntax.hpp"

namespace muster::lang {

struct LiteralField {
  std::string_view name;
  std::vector<std::string_view> values;  ///< Names and texts of a list, or the one value.
  syntax::Range range;
};

/// The plain `name = NAME` and `name = [NAME, …]` of a body.
std::vector<LiteralField> literal_fields(const syntax::Tree& tree, syntax::BodyId body);
/// The same of one field; nothing where it is not written.
bool find_literal_field(const syntax::Tree& tree, syntax::BodyId body, std::string_view name, LiteralField& out);
/// Is this a name, a text, or a list of these?
[[nodiscard]] bool is_literal(const syntax::Tree& tree, syntax::ExprId id);

}  // namespace muster::lang

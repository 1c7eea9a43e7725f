// What people bring from other languages and formats: each of these looks at the text where something was expected and, where
// it knows what was meant, has the words for it. A new habit is one function, or one row of a table, in the file of its place.
//
// Thread-safety: free functions. Codes: F01xx (src/diag/pages).
#pragma once

#include <optional>

#include "lang/syntax/look.hpp"
#include "muster/diag/diagnostic.hpp"

namespace muster::lang {

/// Nothing: what stands here is no known habit.
using Found = std::optional<diag::Diagnostic>;

// Where a value should stand (habits_of_values.cpp).
Found value_habit(const Look& look);
Found quotes_habit(const Look& look);
Found yaml_list_habit(const Look& look);
Found dollar_habit(const Look& look);

// Behind a value: operators and punctuation of other languages (habits_behind_values.cpp).
Found behind_value_habit(const Look& look);

// Where a statement, an entry of a record or a declaration should stand (habits_of_statements.cpp).
Found statement_habit(const Look& look);
Found entry_habit(const Look& look);
Found declaration_habit(const Look& look);
/// Where a declaration should have ended.
Found end_of_declaration_habit(const Look& look);

// Names, types and the heads of declarations (habits_of_names.cpp).
Found name_habit(const Look& look);
Found type_habit(const Look& look);
Found member_habit(const Look& look);
Found colon_habit(const Look& look);
Found environment_habit(const Look& look);
/// `begin`: where the head began.
Found body_habit(const Look& look, Offset begin);

// Texts and numbers that do not end as they should, begun at `begin` (unfinished_literals.cpp). They always find something.
Found unfinished_text(const Look& look, Offset begin);
Found unfinished_raw_text(const Look& look, Offset begin);
Found unfinished_block_text(const Look& look, Offset begin);
Found unfinished_interpolation(const Look& look, Offset begin);
Found unfinished_number(const Look& look, Offset begin);

}  // namespace muster::lang

// What the grammar tells the parser where it cannot go on: what was expected there, and how far to skip.
#pragma once

#include <cstdint>

namespace muster::grammar {

/// What was expected where an error is raised; src/lang/syntax_errors.cpp has a code and words for each.
enum class Expected : std::uint8_t {
  value,
  name,
  entity_name,
  entity_word,
  path,
  type,
  member,
  environment,
  colon,
  assignment,
  equals,
  arrow,
  else_,
  then,
  in,
  for_,
  body,
  parameters,
  plain_text,
  string_end,
  raw_string_end,
  block_string_end,
  interpolation_end,
  end_of_value,
  end_of_declaration,
  statement,
  declaration,
  number_end,
  error_code,
  enum_value,
  type_field,
  type_body,
  entry,
};

/// How far to skip after an error.
enum class Skip : std::uint8_t {
  value,        ///< To the end of the statement; what was read so far of it stays, with a `bad` value.
  statement,    ///< To the end of the statement, which is left out.
  head,         ///< To the `{` of the declaration's body, if its line has one.
  declaration,  ///< To the next declaration in column 1.
};

/// What a newline means where the parser stands.
enum class Lines : std::uint8_t {
  separate,  ///< It ends a statement or an entry.
  skipped,   ///< Inside ( and [ it is white space.
  none,      ///< Inside a text of one line there is none.
};

}  // namespace muster::grammar

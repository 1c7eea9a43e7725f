// "Did you mean": the nearest legal name, or nothing. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace muster::diag {

/// The candidate that `name` is most likely a slip of (Damerau-Levenshtein, at most a third of its letters; case and
/// `-`/`_` do not count), or "". Nothing is suggested where the name is nearer to the opposite of the candidate than to
/// the candidate itself: `disabel` never suggests `enable`, `extrnal` never `internal`. Ties go to the same first letter,
/// then to the first in order of bytes, so the answer does not depend on the candidates' order.
std::string_view nearest(std::string_view name, const std::vector<std::string_view>& candidates);

/// A help line: "did you mean `replicas`?", or "" where nothing is near.
std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& candidates);

/// What a word of another language is called here: `nil`, `None`, `undefined` are `none`, `True` and `yes` are `true`.
/// "" where it is no such word. For the message about an unknown name.
std::string_view foreign_word(std::string_view name);

/// Edits (insert, delete, replace, swap of neighbours) from `a` to `b`; `limit + 1` where there are more than `limit`.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit);

}  // namespace muster::diag

// Names of types, kinds, constants and functions, looked up from a file: `std.web` is the standard library's, `web` is the
// fleet's own, the file's own, or of std/core.fleet. Inside the library its names need no `std.`.
//
// Pure functions over the Program. Failure: nullptr, kNoKind.
#pragma once

#include <string_view>

#include "lang/program.hpp"

namespace muster::lang {

[[nodiscard]] Constant* lookup_constant(Program& program, FileId file, std::string_view name, bool qualified);
[[nodiscard]] Function* lookup_function(Program& program, FileId file, std::string_view name, bool qualified);
[[nodiscard]] const TypeName* lookup_type(const Program& program, FileId file, std::string_view name, bool qualified);
[[nodiscard]] KindId lookup_kind(const Program& program, FileId file, std::string_view name, bool qualified);
/// The same for a path as written: "std.web", "web". Other prefixes name imported libraries, which are not there.
[[nodiscard]] KindId lookup_kind_path(const Program& program, FileId file, std::string_view path);
/// Kinds of an entity word that can be named from a file, for suggestions.
[[nodiscard]] std::vector<std::string_view> kind_names(const Program& program, FileId file, EntityWord word);

}  // namespace muster::lang

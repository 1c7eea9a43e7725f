#include "lang/check/names.hpp"

namespace muster::lang {
namespace {

template <typename Item>
Item* pick(std::vector<Item>& all, std::optional<std::uint32_t> found) {
  return found ? &all[*found] : nullptr;
}

/// A name of the library is seen bare from the library, and from everywhere when core declares it.
template <typename Item>
Item* from_library(Program& program, std::vector<Item>& all, const NameIndex& names, const File& from, std::string_view name,
                   bool qualified) {
  Item* item = pick(all, names.find(name));
  if (item == nullptr || qualified || from.library || program.file(item->file).core) return item;
  return nullptr;
}

}  // namespace

Constant* lookup_constant(Program& program, FileId id, std::string_view name, bool qualified) {
  const File& file = program.file(id);
  if (!qualified) {
    if (Constant* own = pick(program.constants, file.constants.find(name))) return own;
    if (!file.library) {
      if (Constant* shared = pick(program.constants, program.fleet.constants.find(name))) return shared;
    }
  }
  return from_library(program, program.constants, program.standard.constants, file, name, qualified);
}

Function* lookup_function(Program& program, FileId id, std::string_view name, bool qualified) {
  const File& file = program.file(id);
  if (!qualified) {
    if (Function* own = pick(program.functions, file.functions.find(name))) return own;
    if (!file.library) {
      if (Function* shared = pick(program.functions, program.fleet.functions.find(name))) return shared;
    }
  }
  return from_library(program, program.functions, program.standard.functions, file, name, qualified);
}

const TypeName* lookup_type(const Program& program, FileId id, std::string_view name, bool qualified) {
  const File& file = program.file(id);
  if (!qualified && !file.library) {
    if (const auto own = program.fleet.types.find(name)) return &program.type_names[*own];
  }
  const auto found = program.standard.types.find(name);
  if (!found) return nullptr;
  const TypeName& type = program.type_names[*found];
  return qualified || file.library || program.file(type.file).core ? &type : nullptr;
}

KindId lookup_kind(const Program& program, FileId id, std::string_view name, bool qualified) {
  const File& file = program.file(id);
  if (!qualified && !file.library) {
    if (const auto own = program.fleet.kinds.find(name)) return KindId{*own};
  }
  const auto found = program.standard.kinds.find(name);
  if (!found) return kNoKind;
  const Kind& kind = program.kinds[*found];
  return qualified || file.library || program.file(kind.file).core ? KindId{*found} : kNoKind;
}

KindId lookup_kind_path(const Program& program, FileId file, std::string_view path) {
  if (path.starts_with("std.")) return lookup_kind(program, file, path.substr(4), true);
  return path.find('.') == std::string_view::npos ? lookup_kind(program, file, path, false) : kNoKind;
}

std::vector<std::string_view> kind_names(const Program& program, FileId file, EntityWord word) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < program.kinds.size(); ++i) {
    const Kind& kind = program.kinds[i];
    if (kind.word != word || kind.root) continue;
    if (lookup_kind_path(program, file, kind.qualified) == KindId{static_cast<std::uint32_t>(i)}) names.push_back(kind.qualified);
  }
  return names;
}

}  // namespace muster::lang

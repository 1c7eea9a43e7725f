// Where things stand in a directory target:
//
//   <namespace or _cluster>/<kind>[.<group>]-<name>.yaml   the objects, one a file
//   .muster/inventory/<environment id>/stamp               whose inventory this is
//   .muster/inventory/<environment id>/<service>.owned     what one instance owns
//   .muster/inventory.locks/                               held for moments, to compare and swap
//
// Nothing of muster's own ends in .yaml, so that tools that read the folder see objects alone. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "muster/base/files.hpp"
#include "muster/manifest/object.hpp"

namespace muster::target {

class Layout {
 public:
  explicit Layout(Path root) : root_(std::move(root)) {}

  [[nodiscard]] const Path& root() const { return root_; }
  [[nodiscard]] Path object(const manifest::ObjectId& id) const { return root_ / id.target_path(); }
  [[nodiscard]] Path inventories() const { return root_ / ".muster" / "inventory"; }
  [[nodiscard]] Path environment(std::string_view environment_id) const { return inventories() / environment_id; }
  [[nodiscard]] Path stamp(std::string_view environment_id) const { return environment(environment_id) / "stamp"; }
  [[nodiscard]] Path inventory(std::string_view environment_id, std::string_view service) const;
  [[nodiscard]] Path lock(std::size_t number) const;
  [[nodiscard]] Path locks() const { return root_ / ".muster" / "inventory.locks"; }

  /// The service of an inventory's file name; nullopt for any other file.
  static std::optional<std::string_view> service_of(std::string_view file_name);
  /// Ids and names that can be a file's name as they are: letters, digits, '-', '_' and '.', not beginning with '.'.
  static bool is_file_name(std::string_view text);

 private:
  Path root_;
};

}  // namespace muster::target

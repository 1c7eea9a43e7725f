// Layout of an environment branch: which path means what. Pure functions; the formats of the files have headers of their own.
//
//   muster.yaml                        environment_file.hpp
//   .holds/<service>.yaml              statements.hpp
//   .approvals/<name>.yaml             statements.hpp
//   <service>/release.yaml             release.hpp
//   <service>/[<namespace>/]<kind>[.<group>]-<name>.yaml   one object each (manifest::ObjectId::descriptor_path)
//
// Health notes stand in refs/notes/muster/<environment>, the branch is refs/heads/<environment>.
#pragma once

#include <string>
#include <string_view>

#include "muster/manifest/object.hpp"

namespace muster::record {

inline constexpr std::string_view kEnvironmentFile = "muster.yaml";
inline constexpr std::string_view kReleaseFile = "release.yaml";
inline constexpr std::string_view kHoldsFolder = ".holds";
inline constexpr std::string_view kApprovalsFolder = ".approvals";
inline constexpr std::string_view kHeads = "refs/heads/";
inline constexpr std::string_view kNotes = "refs/notes/muster/";

std::string branch_ref(std::string_view environment);
std::string notes_ref(std::string_view environment);
std::string release_path(std::string_view service);
std::string hold_path(std::string_view service);
/// A service's folder: not a dot name, a folder at the root of the branch.
[[nodiscard]] bool is_service_name(std::string_view entry);

}  // namespace muster::record

// The lowered fleet as JSON: `muster dump model`, `muster eval`, goldens. Pure.
//
// to_value:
//   fleet, language, records?, evidence, builds, barrier, whole
//   environments {NAME: branch? | from?, target, namespace, kinds?, renamed_from?, gate?, budget?, drift, fields}
//   targets {NAME: kind, settings}      teams {NAME: contact, owns, keys}      forges {NAME: match, auth}
//   registries {NAME: match, auth, ca_file?, plain_http?, realm?, requests?}
//   freezes {NAME: applies_to, weekdays | from, to, timezone, allow, reason}   groups {NAME: [environments]}
//   instances {"cart@production": kinds, owner?, namespace, renamed_from?, source? {repository, branch, path, auth?, verify?},
//     follows?, images {NAME: reference | {reference?, watch?, rule?, keys?}}, build? {image, file | command, arguments?,
//     secrets?, push, timeout, memory?}, renderer?, options?, needs [{service, environment, read}], together?, gates?, job?,
//     declaration, digest, objects [...], patches [...]}
//   poisoned [{service, environment, reason}]
// Keys whose value says nothing (empty, none) are left out. Late values are written `${image.main}`.
#pragma once

#include <string>

#include "muster/base/value.hpp"
#include "muster/model/fleet.hpp"

namespace muster::model {

Value to_value(const Fleet& fleet);
Value to_value(const Instance& instance, const Fleet& fleet);
Value to_value(const Gate& gate);

/// The declarations of all instances: {"cart@production":{…},…}, sorted, canonical. What `muster eval` prints for a whole
/// fleet: one read of what is there, no tree is built.
std::string declarations_json(const Fleet& fleet);

}  // namespace muster::model

// Statements: what people said about an environment, one small file each under `.holds/` and `.approvals/`, so that
// plain git shows, makes and undoes them. Plain values; parsing fails with invalid (place and way out).
//
//   .holds/cart.yaml                     .approvals/cart-1f0c2a9b.yaml        .approvals/deletions-77ab01c2.yaml
//     service: cart                        approves: release                    approves: deletions
//     since: 2026-05-04T10:00:00Z          service: cart                        objects:
//     by: Jane <jane@shop.example>         inputs:                                - Service shop/old
//     reason: looks slow                     from: staging/…/sha256:…           by: …
//     target: false                        skip: [soak]                         since: …
//                                          team: platform                     .approvals/changes-….yaml
//                                          by: …                                approves: changes
//                                          since: …                             declarations: {cart: sha256:…}
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/digest.hpp"
#include "muster/base/result.hpp"
#include "muster/base/time.hpp"
#include "muster/manifest/object.hpp"
#include "muster/record/inputs.hpp"

namespace muster::record {

/// Stops new records of an instance; with `target` also writes to the target, at the next object.
struct Hold {
  std::string service;
  Instant since{};
  std::string by;
  std::string reason;
  bool target = false;
  friend bool operator==(const Hold&, const Hold&) = default;
};

struct Approval {
  enum class What : std::uint8_t { release, deletions, changes } what = What::release;
  std::string service;                         ///< release
  Inputs inputs;                               ///< release: exactly these values.
  std::vector<std::string> skip;               ///< release: gates that need not hold: "soak", "check".
  std::string team;                            ///< release: the team that the approver speaks for; may be empty.
  std::vector<manifest::ObjectId> objects;     ///< deletions: exactly these, sorted.
  std::map<std::string, Digest> declarations;  ///< changes: exactly these, by service.
  std::string by;
  Instant since{};
  friend bool operator==(const Approval&, const Approval&) = default;
};

/// "held by Jane: INC-4711", with another word for "held"; what is not known is left out.
std::string in_words(const Hold& hold, std::string_view what = "held");
std::string print(const Hold& hold);
std::string print(const Approval& approval);
Result<Hold> parse_hold(std::string_view bytes, std::string_view path);
Result<Approval> parse_approval(std::string_view bytes, std::string_view path);
/// Where an approval stands: ".approvals/cart-1f0c2a9b.yaml"; the number is of what it approves and who.
std::string approval_path(const Approval& approval);

}  // namespace muster::record

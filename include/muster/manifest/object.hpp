// Kubernetes objects as muster handles them: an identity, the content as plain data, and where it was written.
//
// Ownership: plain values. Thread-safety: const access from any thread. Failure: make_object() says what is wrong with a
// stranger's object, at which field, and the way out; everything else is total.
//
// Note: `manifest::Object` is a Kubernetes object; `muster::Object` is a JSON object (muster/base/value.hpp).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "muster/base/digest.hpp"
#include "muster/base/result.hpp"
#include "muster/base/value.hpp"

namespace muster::manifest {

/// Which object: its API version is not part of the identity. Ordered by namespace, group, kind, name (bytewise).
struct ObjectId {
  std::string namespace_;  ///< Empty: cluster-scoped, or left to the target.
  std::string group;       ///< Empty for the core group.
  std::string kind;        ///< "Deployment".
  std::string name;

  /// "Deployment.apps shop/cart", "Namespace shop".
  [[nodiscard]] std::string text() const;
  /// Parses what text() prints; nullopt for anything else.
  static std::optional<ObjectId> parse(std::string_view text);

  /// Where a descriptor keeps it, below the service's folder: "[<namespace>/]deployment.apps-cart.yaml".
  [[nodiscard]] std::string descriptor_path() const;
  /// Where the directory target keeps it: "<namespace or _cluster>/deployment.apps-cart.yaml".
  [[nodiscard]] std::string target_path() const;

  friend auto operator<=>(const ObjectId&, const ObjectId&) = default;
};

/// Two paths with equal keys are one file on a disk that folds case; callers refuse such pairs.
std::string case_fold_key(std::string_view path);

/// Where a document was written. Lines and columns count from 1, columns in characters; line 0 is "nowhere".
struct Position {
  std::string path;
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  /// "deploy/cart.yaml:12:3", or the path alone.
  [[nodiscard]] std::string text() const;
  friend bool operator==(const Position&, const Position&) = default;
};

struct Object {
  ObjectId id;
  std::string version;  ///< "v1" of "apps/v1".
  Value content;        ///< The whole object, apiVersion and kind included.
  Position at;

  /// "apps/v1", "v1".
  [[nodiscard]] std::string api_version() const;
};

/// Takes `content` for a Kubernetes object: apiVersion, kind and metadata.name must be there and well-formed, namespace,
/// labels and annotations of the right type; metadata.generateName is refused, because such an object has no identity.
Result<Object> make_object(Value content, Position at);

/// SHA-256 over the canonical JSON of the content: equal exactly when Kubernetes would read the same object.
Digest digest(const Value& content);
Digest digest(const Object& object);
/// Over identities and contents of a set, whatever its order. Two objects of one identity are the caller's error.
Digest digest(std::span<const Object> objects);

/// Whether objects of a kind live in a namespace; unknown for kinds that Kubernetes does not bring itself.
enum class Scope : std::uint8_t { cluster, namespaced, unknown };
Scope scope_of(std::string_view group, std::string_view kind);

}  // namespace muster::manifest

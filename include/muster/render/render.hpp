// render: an instance, the source it reads and the images it runs → the objects of its descriptor.
//
// Pure: the same request gives the same bytes on any machine, with any number of jobs. Nothing is started, nothing is
// read but the tree of the request. Ownership: values out; the request's references must outlive the call.
// Thread-safety: any number of renders at once, of one tree too. Failures: stalled/invalid with
// `<repository> <path>:<line>:<col>: <message>` for what the service's team must mend, limit for a cap, unsupported for
// a renderer that this version does not have; whatever the tree fails with is passed on.
//
// From here down objects are what Kubernetes' own parser reads. The service's declaration may add a namespace (only
// where the object has none), labels, images by repository name, and patches; nothing else is touched.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/digest.hpp"
#include "muster/base/result.hpp"
#include "muster/manifest/object.hpp"
#include "muster/model/fleet.hpp"

namespace muster::source {
class Tree;
}

namespace muster::render {

/// Caps on what one instance may be made of. A cap reached is Reason::limit, and says which.
inline constexpr std::size_t kMaxFileBytes = std::size_t{5} << 20U;
inline constexpr std::size_t kMaxObjects = 10'000;
inline constexpr std::size_t kMaxFiles = 10'000;
inline constexpr std::size_t kMaxTotalBytes = std::size_t{256} << 20U;

/// Labels and annotations under this prefix, and its subdomains, are muster's own; no service may bring them.
inline constexpr std::string_view kOwnPrefix = "muster.dev";

struct Request {
  const model::Instance& instance;
  /// The folder of the service's repository that it reads, at a commit; null where the instance has no source.
  const source::Tree* tree = nullptr;
  /// The value of each image input by its name ("main", "ghcr.io/shop/orders"): a full reference.
  std::map<std::string, std::string, std::less<>> images;
  unsigned jobs = 1;  ///< Threads for the files of this one instance; the result is the same for any number.
};

struct Rendered {
  std::vector<manifest::Object> objects;  ///< Sorted by id, unique.
  std::string renderer_version;           ///< renderer_version(instance.renderer), as release.yaml records it.
};

Result<Rendered> render(const Request& request);

/// "none/1", "manifests/1": goes up whenever equal input may give other objects. No input of a release by itself.
std::string renderer_version(model::Renderer renderer);

/// The digest of all that render() reads: the tree's id, the declaration, the renderer, the images. Never a commit: a
/// commit that leaves the trees leaves the key.
Digest render_key(const Request& request);

/// Where rendered objects are kept between passes. Thread-safe. A cache may forget anything at any time; what it gives
/// back was put under exactly that key and is undamaged.
class Cache {
 public:
  virtual ~Cache() = default;
  virtual std::shared_ptr<const Rendered> find(const Digest& key) = 0;
  virtual void put(const Digest& key, std::shared_ptr<const Rendered> rendered) = 0;
};

/// The `capacity` results asked for last, in memory: what waits for a gate is proposed anew in every pass.
std::unique_ptr<Cache> make_memory_cache(std::size_t capacity = 20'000);
/// render(), through a cache. Failures are not kept.
Result<std::shared_ptr<const Rendered>> render(const Request& request, Cache& cache);

}  // namespace muster::render

#include <list>
#include <map>
#include <mutex>
#include <utility>

#include "muster/render/render.hpp"

namespace muster::render {
namespace {

class MemoryCache final : public Cache {
 public:
  explicit MemoryCache(std::size_t capacity) : capacity_(capacity) {}

  std::shared_ptr<const Rendered> find(const Digest& key) override {
    const std::scoped_lock lock(mutex_);
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return nullptr;
    recent_.splice(recent_.begin(), recent_, found->second);
    return found->second->second;
  }

  void put(const Digest& key, std::shared_ptr<const Rendered> rendered) override {
    const std::scoped_lock lock(mutex_);
    if (const auto found = by_key_.find(key); found != by_key_.end()) {
      recent_.erase(found->second);
      by_key_.erase(found);
    }
    recent_.emplace_front(key, std::move(rendered));
    by_key_.emplace(key, recent_.begin());
    while (recent_.size() > capacity_) {
      by_key_.erase(recent_.back().first);
      recent_.pop_back();
    }
  }

 private:
  using Kept = std::list<std::pair<Digest, std::shared_ptr<const Rendered>>>;
  std::mutex mutex_;
  std::size_t capacity_;
  Kept recent_;  ///< The one asked for last stands first.
  std::map<Digest, Kept::iterator> by_key_;
};

}  // namespace

std::unique_ptr<Cache> make_memory_cache(std::size_t capacity) { return std::make_unique<MemoryCache>(capacity); }

Result<std::shared_ptr<const Rendered>> render(const Request& request, Cache& cache) {
  const Digest key = render_key(request);
  if (std::shared_ptr<const Rendered> kept = cache.find(key)) return kept;
  MUSTER_TRY(Rendered rendered, render(request));
  auto shared = std::make_shared<const Rendered>(std::move(rendered));
  cache.put(key, shared);
  return std::shared_ptr<const Rendered>(shared);
}

}  // namespace muster::render

#include "http/pool.hpp"

#include <algorithm>

namespace muster::http {
namespace {

constexpr std::size_t kIdle = 256;  ///< Open connections nobody uses, over all hosts.

}  // namespace

Result<Pool::Lease> Pool::borrow(const std::string& key, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const bool free = freed_.wait(lock, stop, [&] { return hosts_[key].busy < options_.connections; });
  if (!free || stop.stop_requested()) return retry(Reason::cancelled, "cancelled");
  Host& host = hosts_[key];
  ++host.busy;
  if (host.idle.empty()) {
    lock.unlock();
    return Lease(*this, key, std::make_unique<Connection>(options_, shared_ ? &*shared_ : nullptr));
  }
  // The one used last is the likeliest to be open still.
  auto connection = std::move(host.idle.back());
  host.idle.pop_back();
  --idle_;
  return Lease(*this, key, std::move(connection));
}

void Pool::give_back(const std::string& key, std::unique_ptr<Connection> connection) {
  std::unique_ptr<Connection> surplus;  // Closed after the lock is gone.
  {
    const std::lock_guard lock(mutex_);
    Host& host = hosts_[key];
    --host.busy;
    host.idle.push_back(std::move(connection));
    if (++idle_ > kIdle) {
      const auto fullest = std::max_element(hosts_.begin(), hosts_.end(),
                                            [](const auto& a, const auto& b) { return a.second.idle.size() < b.second.idle.size(); });
      surplus = std::move(fullest->second.idle.front());
      fullest->second.idle.erase(fullest->second.idle.begin());
      --idle_;
    }
  }
  freed_.notify_all();
}

}  // namespace muster::http

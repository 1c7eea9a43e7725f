// Connections kept for reuse, by where they lead; bounded per host. Private to the room. Thread-safe.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "http/connection.hpp"
#include "http/multiplexer.hpp"

namespace muster::http {

class Pool {
 public:
  explicit Pool(const Options& options) : options_(options) {
    if (options.multiplexed) shared_.emplace(options.connections);
  }

  class Lease {
   public:
    Lease(Pool& pool, std::string key, std::unique_ptr<Connection> connection)
        : pool_(&pool), key_(std::move(key)), connection_(std::move(connection)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) noexcept = default;
    ~Lease() {
      if (connection_) pool_->give_back(key_, std::move(connection_));
    }
    Connection& operator*() const { return *connection_; }

   private:
    Pool* pool_;
    std::string key_;
    std::unique_ptr<Connection> connection_;
  };

  /// Waits while the host has as many as it may; Reason::cancelled.
  Result<Lease> borrow(const std::string& key, const std::stop_token& stop);

 private:
  struct Host {
    std::vector<std::unique_ptr<Connection>> idle;
    std::size_t busy = 0;
  };
  void give_back(const std::string& key, std::unique_ptr<Connection> connection);

  const Options& options_;
  std::optional<Multiplexer> shared_;
  std::mutex mutex_;
  std::condition_variable_any freed_;
  std::map<std::string, Host> hosts_;
  std::size_t idle_ = 0;
};

}  // namespace muster::http

#include "muster/base/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace muster {

void for_each_index(std::size_t count, unsigned jobs, const std::function<void(std::size_t)>& body) {
  const std::size_t threads = std::min<std::size_t>(std::max(jobs, 1U), count);
  if (threads <= 1) {
    for (std::size_t i = 0; i < count; ++i) body(i);
    return;
  }
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) body(i);
  };
  std::vector<std::jthread> helpers;
  helpers.reserve(threads - 1);
  for (std::size_t i = 1; i < threads; ++i) helpers.emplace_back(work);
  work();
}

unsigned default_jobs() { return std::max(1U, std::thread::hardware_concurrency()); }

unsigned default_waiting_jobs() { return std::max(16U, default_jobs()); }

}  // namespace muster

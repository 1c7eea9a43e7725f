#include "target/kubernetes/throttle.hpp"

#include <algorithm>

namespace muster::target::kubernetes {

Throttle::Place::~Place() {
  if (throttle_ == nullptr) return;
  {
    const std::lock_guard lock(throttle_->mutex_);
    --throttle_->inside_;
  }
  throttle_->left_.notify_one();
}

Result<Throttle::Place> Throttle::enter(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (!left_.wait(lock, stop, [&] { return inside_ < allowed_; })) return retry(Reason::cancelled, "cancelled");
  ++inside_;
  return Place(*this);
}

void Throttle::slow_down() {
  const std::lock_guard lock(mutex_);
  allowed_ = std::max<std::size_t>(1, allowed_ / 2);
  answers_ = 0;
}

void Throttle::answered() {
  {
    const std::lock_guard lock(mutex_);
    if (allowed_ == most_ || ++answers_ < allowed_) return;
    answers_ = 0;
    ++allowed_;
  }
  left_.notify_one();
}

std::size_t Throttle::allowed() const {
  const std::lock_guard lock(mutex_);
  return allowed_;
}

}  // namespace muster::target::kubernetes

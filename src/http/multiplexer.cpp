#include "http/multiplexer.hpp"

#include <optional>

#include "http/connection.hpp"

namespace muster::http {
namespace {

constexpr int kPollMilliseconds = 1000;  ///< libcurl wants to be called now and then for its own timers.

CURLM* make_multi() {
  start_library();
  return curl_multi_init();
}

}  // namespace

Multiplexer::Multiplexer(std::size_t connections) : multi_(make_multi()) {
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, long{CURLPIPE_MULTIPLEX});
  curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(connections));
  driver_ = std::jthread([this](const std::stop_token& stop) { drive(stop); });
}

Multiplexer::~Multiplexer() {
  driver_.request_stop();
  curl_multi_wakeup(multi_);
  driver_.join();
  curl_multi_cleanup(multi_);
}

Result<CURLcode> Multiplexer::run(CURL* easy, const Look& look, const std::stop_token& stop) {
  Slot slot;
  slot.easy = easy;
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &slot);
  std::optional<Failure> failure;
  std::unique_lock lock(mutex_);
  arrived_.push_back(&slot);
  curl_multi_wakeup(multi_);
  while (!slot.ended && !failure) {
    lock.unlock();
    Result<Duration> next = look();
    lock.lock();
    if (!next.ok()) {
      failure = std::move(next).failure();
      break;
    }
    slot.changed.wait_for(lock, stop, *next, [&] { return slot.ended; });
  }
  if (failure && !slot.ended) {
    unwanted_.push_back(&slot);
    curl_multi_wakeup(multi_);
    slot.changed.wait(lock, [&] { return slot.ended; });
    std::erase(unwanted_, &slot);  // It may have ended by itself meanwhile.
  }
  if (failure) return *failure;
  return slot.code;
}

void Multiplexer::drive(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    take_orders();
    int active = 0;
    curl_multi_perform(multi_, &active);
    collect();
    curl_multi_poll(multi_, nullptr, 0, kPollMilliseconds, nullptr);
  }
}

void Multiplexer::take_orders() {
  const std::lock_guard lock(mutex_);
  for (Slot* slot : arrived_) {
    if (curl_multi_add_handle(multi_, slot->easy) != CURLM_OK) end(*slot, CURLE_FAILED_INIT);
  }
  arrived_.clear();
  for (Slot* slot : unwanted_) {
    if (slot->ended) continue;
    curl_multi_remove_handle(multi_, slot->easy);
    end(*slot, CURLE_ABORTED_BY_CALLBACK);
  }
  unwanted_.clear();
}

void Multiplexer::collect() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* easy = message->easy_handle;
    const CURLcode code = message->data.result;  // The message goes with the handle.
    Slot* slot = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &slot);
    curl_multi_remove_handle(multi_, easy);
    const std::lock_guard lock(mutex_);
    end(*slot, code);
  }
}

/// The caller may be gone with its slot as soon as the lock is.
void Multiplexer::end(Slot& slot, CURLcode code) {
  slot.code = code;
  slot.ended = true;
  slot.changed.notify_all();
}

}  // namespace muster::http

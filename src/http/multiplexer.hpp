// Exchanges of many threads over few connections: with HTTP/2 all that goes to one host shares one. Private to the room.
//
// One thread drives every exchange; callers wait. Thread-safe. A handle belongs to the caller before and after run().
#pragma once

#include <curl/curl.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/base/time.hpp"

namespace muster::http {

class Multiplexer {
 public:
  /// Asked by the waiting caller: a failure ends its exchange, a duration says when to ask again.
  using Look = std::function<Result<Duration>()>;

  /// `connections` at once to one host that speaks HTTP/1.1, or that allows fewer streams than are wanted.
  explicit Multiplexer(std::size_t connections);
  ~Multiplexer();
  Multiplexer(const Multiplexer&) = delete;
  Multiplexer& operator=(const Multiplexer&) = delete;

  /// Runs a prepared handle to its end; its callbacks are called by the driving thread, never after the return.
  Result<CURLcode> run(CURL* easy, const Look& look, const std::stop_token& stop);

 private:
  struct Slot {
    CURL* easy = nullptr;
    CURLcode code = CURLE_OK;
    bool ended = false;
    std::condition_variable_any changed;
  };
  void drive(const std::stop_token& stop);
  void take_orders();
  void collect();
  void end(Slot& slot, CURLcode code);

  CURLM* multi_;
  std::mutex mutex_;
  std::vector<Slot*> arrived_;
  std::vector<Slot*> unwanted_;
  std::jthread driver_;
};

}  // namespace muster::http

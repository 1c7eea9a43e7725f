// World failures are values: Result<T> is a T or a Failure that says whether to retry, wait or give up.
//
// Ownership: plain values. Thread-safety: none needed. Exceptions do not cross a room; a Failure does.
// User mistakes in fleet files are not Failures: they are Diagnostics (muster/diag/diagnostic.hpp).
#pragma once

#include <cassert>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace muster {

/// What the caller may do about a failure.
enum class FailureKind : std::uint8_t {
  retry,    ///< The same call may succeed later by itself: network, busy server, full disk.
  wait,     ///< Something that is expected has not happened yet: a branch that is not there, a gate.
  stalled,  ///< Nothing changes until a person acts: credentials, bad manifest, rewritten history.
};

/// Why it failed, for code; `Failure::text` says it to people.
enum class Reason : std::uint8_t {
  absent,       ///< The thing asked for does not exist, and the answer is trustworthy.
  denied,       ///< Authentication or permission refused.
  unreachable,  ///< Name resolution, connection, TLS or server error: nothing is known about the thing.
  timeout,      ///< No answer in the time allowed.
  limit,        ///< A cap on size, depth, count or time was reached.
  corrupt,      ///< Bytes that do not mean what they must mean.
  invalid,      ///< The request or its input is wrong and will stay wrong.
  conflict,     ///< Somebody else changed it first: compare-and-swap lost, foreign owner.
  exhausted,    ///< Disk or another local resource is full or failing.
  cancelled,    ///< The caller's stop token was triggered.
  unsupported,  ///< Well-formed, and not something this version does.
  internal,     ///< A bug of muster's; the text asks for a report.
};

/// "unreachable", "denied" …, as JSON output and logs spell it.
std::string_view to_string(Reason reason);
/// "retry", "wait", "stalled".
std::string_view to_string(FailureKind kind);

/// A failure of the outside world. Context is added on the way up; it is logged once, by the finisher.
struct Failure {
  FailureKind kind = FailureKind::stalled;
  Reason reason = Reason::internal;
  std::string text;                                ///< One sentence for people, the cause last.
  std::optional<std::chrono::milliseconds> after;  ///< When a retry makes sense, if the server said so.

  /// Puts `what` in front: "reading cart's source: connection refused".
  [[nodiscard]] Failure with_context(std::string_view what) &&;
};

Failure retry(Reason reason, std::string text);
Failure wait(Reason reason, std::string text);
Failure stalled(Reason reason, std::string text);

/// A T or a Failure. `Result<void>` carries success alone.
template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  // NOLINTBEGIN(google-explicit-constructor): returning either side reads as it should.
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Failure failure) : state_(std::in_place_index<1>, std::move(failure)) {}
  // NOLINTEND(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  [[nodiscard]] const T& value() const& {
    assert(ok());
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] T& value() & {
    assert(ok());
    return *std::get_if<0>(&state_);
  }
  /// By value, so that `for (auto& x : list().value())` does not walk a temporary that is gone.
  [[nodiscard]] T value() && {
    assert(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  [[nodiscard]] const Failure& failure() const& {
    assert(!ok());
    return *std::get_if<1>(&state_);
  }
  [[nodiscard]] Failure&& failure() && {
    assert(!ok());
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  std::variant<T, Failure> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  Result() = default;
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(Failure failure) : failure_(std::move(failure)) {}

  [[nodiscard]] bool ok() const { return !failure_.has_value(); }
  explicit operator bool() const { return ok(); }
  void value() const { assert(ok()); }
  [[nodiscard]] const Failure& failure() const& {
    assert(!ok());
    return *failure_;
  }
  [[nodiscard]] Failure&& failure() && {
    assert(!ok());
    return std::move(*failure_);
  }

 private:
  std::optional<Failure> failure_;
};

/// A T, or the failure with `what` put in front of its text.
template <typename T>
Result<T> with_context(Result<T> result, std::string_view what) {
  if (result.ok()) return result;
  return std::move(result).failure().with_context(what);
}

}  // namespace muster

#define MUSTER_JOIN_(a, b) a##b
#define MUSTER_JOIN(a, b) MUSTER_JOIN_(a, b)
// NOLINTBEGIN(bugprone-macro-parentheses): a declaration cannot stand in parentheses.
/// `MUSTER_TRY(auto tree, store.tree(id));` declares `tree`, or returns the failure from the function.
#define MUSTER_TRY(declaration, expression)                                                             \
  auto MUSTER_JOIN(result_, __LINE__) = (expression);                                                   \
  if (!MUSTER_JOIN(result_, __LINE__).ok()) return std::move(MUSTER_JOIN(result_, __LINE__)).failure(); \
  declaration = std::move(MUSTER_JOIN(result_, __LINE__)).value()
/// `MUSTER_CHECK(files.remove(path));` returns the failure from the function, if it is one.
#define MUSTER_CHECK(expression)                                                         \
  do {                                                                                   \
    if (auto result_ = (expression); !result_.ok()) return std::move(result_).failure(); \
  } while (false)
// NOLINTEND(bugprone-macro-parentheses)

#include "muster/base/result.hpp"

namespace muster {

std::string_view to_string(Reason reason) {
  switch (reason) {
    case Reason::absent: return "absent";
    case Reason::denied: return "denied";
    case Reason::unreachable: return "unreachable";
    case Reason::timeout: return "timeout";
    case Reason::limit: return "limit";
    case Reason::corrupt: return "corrupt";
    case Reason::invalid: return "invalid";
    case Reason::conflict: return "conflict";
    case Reason::exhausted: return "exhausted";
    case Reason::cancelled: return "cancelled";
    case Reason::unsupported: return "unsupported";
    case Reason::internal: return "internal";
  }
  return "internal";
}

std::string_view to_string(FailureKind kind) {
  switch (kind) {
    case FailureKind::retry: return "retry";
    case FailureKind::wait: return "wait";
    case FailureKind::stalled: return "stalled";
  }
  return "stalled";
}

Failure Failure::with_context(std::string_view what) && {
  text = std::string(what) + ": " + text;
  return std::move(*this);
}

Failure retry(Reason reason, std::string text) { return {FailureKind::retry, reason, std::move(text), std::nullopt}; }
Failure wait(Reason reason, std::string text) { return {FailureKind::wait, reason, std::move(text), std::nullopt}; }
Failure stalled(Reason reason, std::string text) { return {FailureKind::stalled, reason, std::move(text), std::nullopt}; }

}  // namespace muster

#include "muster/diag/diagnostic.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <tuple>

#include "muster/diag/catalogue.hpp"

namespace muster::diag {
namespace {

auto order_of(const Diagnostic& diagnostic) {
  const Span& span = diagnostic.primary.span;
  return std::tie(span.source, span.begin, diagnostic.code, span.end, diagnostic.message);
}

}  // namespace

Diagnostic& Diagnostics::add(Severity severity, Span span, std::string_view code, std::string message) {
  Diagnostic added;
  added.code = code;
  added.severity = severity;
  added.message = std::move(message);
  added.primary.span = span;
  return add(std::move(added));
}

Diagnostic& Diagnostics::add(Diagnostic diagnostic) {
  assert(find_page(diagnostic.code) != nullptr && "every code has a page in src/diag/pages");
  return all_.emplace_back(std::move(diagnostic));
}

void Diagnostics::append(Diagnostics&& other) {
  if (all_.empty()) {
    all_ = std::move(other.all_);
  } else {
    all_.insert(all_.end(), std::make_move_iterator(other.all_.begin()), std::make_move_iterator(other.all_.end()));
  }
  other.all_.clear();
}

void Diagnostics::sort() {
  std::stable_sort(all_.begin(), all_.end(), [](const Diagnostic& a, const Diagnostic& b) { return order_of(a) < order_of(b); });
  const auto same = [](const Diagnostic& a, const Diagnostic& b) { return order_of(a) == order_of(b); };
  all_.erase(std::unique(all_.begin(), all_.end(), same), all_.end());
}

std::size_t Diagnostics::errors() const {
  return static_cast<std::size_t>(
      std::count_if(all_.begin(), all_.end(), [](const Diagnostic& diagnostic) { return diagnostic.severity == Severity::error; }));
}

}  // namespace muster::diag

#include "target/directory/layout.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace muster::target {

namespace {
constexpr std::string_view kEnding = ".owned";
}

Path Layout::inventory(std::string_view environment_id, std::string_view service) const {
  return environment(environment_id) / (std::string(service) + std::string(kEnding));
}

Path Layout::lock(std::size_t number) const { return locks() / fmt::format("{:02}", number); }

std::optional<std::string_view> Layout::service_of(std::string_view file_name) {
  if (file_name.size() <= kEnding.size() || !file_name.ends_with(kEnding) || file_name.starts_with('.')) return std::nullopt;
  return file_name.substr(0, file_name.size() - kEnding.size());
}

bool Layout::is_file_name(std::string_view text) {
  constexpr std::size_t kLongest = 200;
  if (text.empty() || text.size() > kLongest || text.front() == '.') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

}  // namespace muster::target

#include "bench/arguments.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>

namespace muster::bench {

Arguments::Arguments(int argc, char** argv, std::string_view usage) : words_(argv + std::min(argc, 1), argv + argc) {
  if (!has("--help")) return;
  fmt::print(
      "usage: {}\n  --runs N   how often each takes its turn\n  --no-peer  leave the peers out\n  --full     peers that take minutes, "
      "too\n",
      usage);
  std::exit(0);  // NOLINT(concurrency-mt-unsafe): no thread has begun.
}

bool Arguments::has(std::string_view flag) const { return std::find(words_.begin(), words_.end(), flag) != words_.end(); }

std::size_t Arguments::number(std::string_view name, std::size_t fallback) const {
  const auto found = std::find(words_.begin(), words_.end(), name);
  if (found == words_.end() || found + 1 == words_.end()) return fallback;
  return std::strtoull((found + 1)->c_str(), nullptr, 10);
}

int run_main(int argc, char** argv, std::string_view usage, void (*run)(const Arguments&)) try {
  run(Arguments(argc, argv, usage));
  return 0;
} catch (const std::exception& failure) {
  fmt::print(stderr, "{}: {}\n", usage.substr(0, usage.find(' ')), failure.what());
  return 1;
}

}  // namespace muster::bench

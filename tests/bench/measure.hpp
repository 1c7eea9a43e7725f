// Measuring, the same way in every benchmark: ours, the peer and the limit take turns (A/B/A/B) so that a busy machine
// is unfair to all alike; the median is printed, the minimum beside it, and the ratios.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::bench {

struct Contender {
  std::string name;            ///< "ours", "kubectl kustomize", "libyaml events".
  std::function<void()> work;  ///< One run; throws to say that it cannot (the reason is printed, nothing is compared).
  int runs = 0;                ///< 0: as many as the others; slow peers name a smaller number.
};

struct Figure {
  std::string name;
  double median = 0;  ///< Milliseconds.
  double minimum = 0;
  std::string absent;  ///< Why there is no figure.
};

/// Runs all in turns, `runs` times each after one run to warm up.
std::vector<Figure> measure(std::vector<Contender> contenders, int runs);

/// `W3 plain ours=41.2 (min 39.0) peer=kubectl kustomize:13100 … limit=libyaml events:13.5 … ratio=318x of the peer, 3.1x the limit`
/// The first figure is ours, the second the peer's, the third the limit's; the latter two may be missing.
void report(std::string_view workload, const std::vector<Figure>& figures);

/// W12: our time at n and at ten times n (the smallest of `runs`), and their ratio: 10 is linear. Prints
/// `W12 <workload> slope=9.8 1000=41.2 10000=404.1`.
void report_slope(std::string_view workload, std::size_t n, int runs, const std::function<std::function<void()>(std::size_t)>& prepare);

/// Largest resident size of this process so far, in MiB.
double peak_memory_mib();

/// Is this program on PATH?
bool has_program(std::string_view name);
/// Runs a shell command; throws with its output where it fails.
std::string shell(const std::string& command);

}  // namespace muster::bench

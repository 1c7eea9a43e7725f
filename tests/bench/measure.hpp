// Measuring, the same way in every benchmark: ours, the peers and the limit take turns (A/B/A/B) so that a busy machine
// is unfair to all alike. The best of the runs counts, the median stands beside it, and so does processor time, which says
// more than the clock where other programs run.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::bench {

enum class Role : std::uint8_t { ours, peer, limit };

struct Contender {
  Role role = Role::ours;
  std::string name;            ///< "muster", "kubectl kustomize", "libyaml events".
  std::function<void()> work;  ///< One run; throws to say that it cannot (the reason is printed, nothing is compared).
  int runs = 0;                ///< 0: as many as the others; slow peers name a smaller number.
};

struct Figure {
  Role role = Role::ours;
  std::string name;
  double median = 0;  ///< Milliseconds.
  double best = 0;
  double cpu = 0;      ///< User and system time of this process and its children, of the run that took least.
  std::string absent;  ///< Why there is no figure.
};

/// Milliseconds by the clock, and of user and system time of this process and its children.
struct Spent {
  double wall;
  double cpu;
};
Spent run_once(const std::function<void()>& work);

/// What is measured, in the words of the performance goals.
struct Workload {
  std::string id;         ///< "W3"
  std::string what;       ///< "render 1,000 applications, 4,000 objects, plain"
  std::string goal;       ///< "≤ 60 ms"; empty: none is set.
  double memory_mib = 0;  ///< Our peak; 0: not measured.
};

/// Runs all in turns, `runs` times each after one run to warm up (not those with one or two runs).
std::vector<Figure> measure(std::vector<Contender> contenders, int runs);

/// Prints ours, the peers and the limits with their ratios to ours, and appends a row of the Markdown table to the file
/// that the environment variable BENCH_TABLE names.
void report(const Workload& workload, const std::vector<Figure>& figures);

/// W12: our processor time at 1,000 and 10,000 (`full`: and 100,000), and their ratios: 10 is linear.
void report_slope(std::string_view workload, bool full, const std::function<std::function<void()>(std::size_t)>& prepare);

/// Largest resident size of this process so far, in MiB.
double peak_memory_mib();
/// "8.5 MB"; "4,000".
std::string megabytes(std::size_t bytes);
std::string with_commas(std::size_t number);

/// Is this program on PATH?
bool has_program(std::string_view name);
/// Runs a shell command; throws with its output where it fails.
std::string shell(const std::string& command);

/// Raises the reason why a peer has no figure.
[[noreturn]] void leave_out(std::string_view why);

/// A program of its own, its output thrown away: throws with what it said where it fails, else its peak resident size in MiB.
double run_to_end(const std::vector<std::string>& command, const std::string& folder);

}  // namespace muster::bench

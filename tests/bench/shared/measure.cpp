#include "bench/measure.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>

#include <fmt/core.h>

#include "muster/base/text.hpp"

namespace muster::bench {
namespace {

double run_once(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

void sample(const Contender& contender, Figure& figure, std::vector<double>* samples) {
  if (!figure.absent.empty()) return;
  try {
    const double time = run_once(contender.work);
    if (samples != nullptr) samples->push_back(time);
  } catch (const std::exception& failure) {
    figure.absent = failure.what();
  }
}

std::string text_of(const Figure& figure) {
  return figure.absent.empty() ? fmt::format("{:.2f} (min {:.2f})", figure.median, figure.minimum) : "none";
}

}  // namespace

std::vector<Figure> measure(std::vector<Contender> contenders, int runs) {
  std::vector<Figure> figures;
  std::vector<std::vector<double>> samples(contenders.size());
  for (const Contender& contender : contenders) figures.push_back({contender.name, 0, 0, {}});
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    if (contenders[i].runs == 0) contenders[i].runs = runs;
    if (contenders[i].runs > 2) sample(contenders[i], figures[i], nullptr);
  }
  for (int run = 0; run < runs; ++run) {
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      if (run < contenders[i].runs) sample(contenders[i], figures[i], &samples[i]);
    }
  }
  for (std::size_t i = 0; i < figures.size(); ++i) {
    std::sort(samples[i].begin(), samples[i].end());
    if (samples[i].empty()) continue;
    figures[i].minimum = samples[i].front();
    figures[i].median = samples[i][samples[i].size() / 2];
  }
  return figures;
}

void report(std::string_view workload, const std::vector<Figure>& figures) {
  static constexpr std::array<std::string_view, 3> kRoles = {"ours", "peer", "limit"};
  std::string line(workload);
  std::string ratio;
  for (std::size_t i = 0; i < figures.size() && i < kRoles.size(); ++i) {
    line += i == 0 ? fmt::format(" ours={}", text_of(figures[0]))
                   : fmt::format(" {}={}:{}", kRoles.at(i), figures[i].name, text_of(figures[i]));
    if (i == 0 || !figures[i].absent.empty() || figures[0].median <= 0) continue;
    ratio += i == 1 ? fmt::format(" {:.1f}x as fast as the peer", figures[1].median / figures[0].median)
                    : fmt::format(" {:.2f}x the limit", figures[0].median / figures[2].median);
  }
  fmt::print("{} ratio={}\n", line, ratio.empty() ? "none" : std::string_view(ratio).substr(1));
  for (const Figure& figure : figures) {
    if (!figure.absent.empty()) fmt::print("  {}: no figure: {}\n", figure.name, trim(figure.absent));
  }
  std::fflush(stdout);
}

void report_slope(std::string_view workload, std::size_t n, int runs, const std::function<std::function<void()>(std::size_t)>& prepare) {
  std::array<double, 2> best{};
  std::array<std::size_t, 2> sizes = {n, n * 10};
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const std::function<void()> work = prepare(sizes[i]);
    for (int run = 0; run < runs; ++run) {
      const double time = run_once(work);
      best[i] = run == 0 ? time : std::min(best[i], time);
    }
  }
  fmt::print("W12 {} slope={:.2f} {}={:.2f} {}={:.2f}\n", workload, best[1] / best[0], sizes[0], best[0], sizes[1], best[1]);
  std::fflush(stdout);
}

double peak_memory_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

bool has_program(std::string_view name) {
  const char* path = std::getenv("PATH");
  if (path == nullptr) return false;
  for (const std::string_view folder : split(path, ':')) {
    if (access(fmt::format("{}/{}", folder, name).c_str(), X_OK) == 0) return true;
  }
  return false;
}

std::string shell(const std::string& command) {
  FILE* pipe = popen(("exec 2>&1; " + command).c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("no shell for: " + command);
  std::string out;
  std::array<char, 65536> buffer{};
  for (std::size_t read = 0; (read = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) out.append(buffer.data(), read);
  const int status = pclose(pipe);
  if (status != 0) throw std::runtime_error(fmt::format("`{}` failed: {}", command, out.substr(0, 2000)));
  return out;
}

}  // namespace muster::bench

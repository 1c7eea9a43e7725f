#include "bench/measure.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <memory>
#include <stdexcept>

#include <fmt/format.h>

#include "muster/base/text.hpp"

extern char** environ;

namespace muster::bench {
namespace {

double milliseconds(const timeval& at) { return static_cast<double>(at.tv_sec) * 1e3 + static_cast<double>(at.tv_usec) / 1e3; }

double cpu_so_far() {
  double sum = 0;
  for (const int whose : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    getrusage(whose, &usage);
    sum += milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime);
  }
  return sum;
}

void sample(const Contender& contender, Figure& figure, std::vector<Spent>* samples) {
  if (!figure.absent.empty()) return;
  try {
    const Spent spent = run_once(contender.work);
    if (samples != nullptr) samples->push_back(spent);
  } catch (const std::exception& failure) {
    figure.absent = failure.what();
  }
}

/// "4.21 ms", "142 ms", "12.3 s"
std::string time_text(double ms) {
  if (ms < 10) return fmt::format("{:.2f} ms", ms);
  if (ms < 100) return fmt::format("{:.1f} ms", ms);
  if (ms < 10'000) return fmt::format("{:.0f} ms", ms);
  return fmt::format("{:.1f} s", ms / 1e3);
}

std::string ratio_text(double ratio) { return ratio < 10 ? fmt::format("{:.1f} ×", ratio) : fmt::format("{:.0f} ×", ratio); }

/// How a contender compares with ours: peers by how much longer they take, limits by how much longer we take.
std::string comparison(const Figure& ours, const Figure& other) {
  const double ratio = other.role == Role::limit ? ours.best / other.best : other.best / ours.best;
  return ratio_text(ratio);
}

void append_row(const Workload& workload, const std::vector<Figure>& figures) {
  const char* table = std::getenv("BENCH_TABLE");  // NOLINT(concurrency-mt-unsafe): nobody sets it.
  if (table == nullptr) return;
  const Figure& ours = figures.front();
  std::array<std::string, 2> others;
  for (const Figure& figure : figures) {
    if (figure.role == Role::ours || !figure.absent.empty()) continue;
    std::string& cell = others.at(figure.role == Role::peer ? 0 : 1);
    cell += fmt::format("{}{} {} ({})", cell.empty() ? "" : "; ", figure.name, time_text(figure.best), comparison(ours, figure));
  }
  const std::string mine = ours.absent.empty() ? fmt::format("**{}**", time_text(ours.best)) : std::string();
  const std::string memory = workload.memory_mib > 0 ? fmt::format("{:.0f} MiB", workload.memory_mib) : std::string();
  const auto filled = [](const std::string& cell) { return cell.empty() ? std::string("—") : cell; };
  std::ofstream(table, std::ios::app) << fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", workload.id, workload.what, filled(mine),
                                                     filled(memory), filled(others[0]), filled(others[1]), filled(workload.goal));
}

void print_slope(std::string_view workload, const std::string& times, double slope) {
  fmt::print("W12  {}: CPU {}; {:.1f} for ten times the work\n    goal ≤ 11\n", workload, times, slope);
  std::fflush(stdout);
  const char* table = std::getenv("BENCH_TABLE");  // NOLINT(concurrency-mt-unsafe): nobody sets it.
  if (table == nullptr) return;
  std::ofstream(table, std::ios::app) << fmt::format("| W12 | {}, CPU: {} | **{:.1f} ×** | — | — | linear 10 × | ≤ 11 × |\n", workload,
                                                     times, slope);
}

}  // namespace

Spent run_once(const std::function<void()>& work) {
  const double cpu = cpu_so_far();
  const auto begin = std::chrono::steady_clock::now();
  work();
  return {std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count(), cpu_so_far() - cpu};
}

std::vector<Figure> measure(std::vector<Contender> contenders, int runs) {
  std::vector<Figure> figures;
  std::vector<std::vector<Spent>> samples(contenders.size());
  for (const Contender& contender : contenders) figures.push_back({contender.role, contender.name, 0, 0, 0, {}});
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
    std::vector<Spent>& all = samples[i];
    if (all.empty()) continue;
    std::sort(all.begin(), all.end(), [](const Spent& a, const Spent& b) { return a.wall < b.wall; });
    figures[i].best = all.front().wall;
    figures[i].median = all[all.size() / 2].wall;
    figures[i].cpu = std::min_element(all.begin(), all.end(), [](const Spent& a, const Spent& b) { return a.cpu < b.cpu; })->cpu;
  }
  return figures;
}

void report(const Workload& workload, const std::vector<Figure>& figures) {
  static constexpr std::array<std::string_view, 3> kRoles = {"", "peer ", "limit "};
  fmt::print("{}  {}\n", workload.id, workload.what);
  for (const Figure& figure : figures) {
    const std::string name = fmt::format("{}{}", kRoles.at(static_cast<std::size_t>(figure.role)), figure.name);
    if (!figure.absent.empty()) {
      fmt::print("    {:<38} no figure: {}\n", name, trim(figure.absent));
      continue;
    }
    std::string line =
        fmt::format("    {:<38} {:>9}   median {}, CPU {}", name, time_text(figure.best), time_text(figure.median), time_text(figure.cpu));
    const bool compared = figure.role != Role::ours && figures.front().absent.empty();
    if (compared && figure.role == Role::peer) line += fmt::format("   {} as long as muster", comparison(figures.front(), figure));
    if (compared && figure.role == Role::limit) line += fmt::format("   muster takes {}", comparison(figures.front(), figure));
    if (figure.role == Role::ours && workload.memory_mib > 0) line += fmt::format(", peak {:.0f} MiB", workload.memory_mib);
    fmt::print("{}\n", line);
  }
  if (!workload.goal.empty()) fmt::print("    goal {}\n", workload.goal);
  std::fflush(stdout);
  append_row(workload, figures);
}

void report_slope(std::string_view workload, bool full, const std::function<std::function<void()>(std::size_t)>& prepare) {
  double before = 0;
  for (std::size_t size = 1'000; size <= (full ? 100'000U : 10'000U); size *= 10) {
    const std::function<void()> work = prepare(size);
    double best = run_once(work).cpu;
    for (int run = 1; run < (size > 1'000 ? 3 : 9); ++run) best = std::min(best, run_once(work).cpu);
    if (before > 0)
      print_slope(workload,
                  fmt::format("{} at {}, {} at {}", time_text(before), with_commas(size / 10), time_text(best), with_commas(size)),
                  best / before);
    before = best;
  }
}

double peak_memory_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

std::string megabytes(std::size_t bytes) { return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6); }

std::string with_commas(std::size_t number) {
  std::string out = std::to_string(number);
  for (std::size_t at = out.size(); at > 3; at -= 3) out.insert(at - 3, ",");
  return out;
}

bool has_program(std::string_view name) {
  const char* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): nobody sets it.
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

void leave_out(std::string_view why) { throw std::runtime_error(std::string(why)); }

double run_to_end(const std::vector<std::string>& command, const std::string& folder) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  const std::unique_ptr<FILE, int (*)(FILE*)> said(std::tmpfile(), std::fclose);
  if (said == nullptr) throw std::runtime_error("no temporary file");
  posix_spawn_file_actions_adddup2(&actions, fileno(said.get()), 2);
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  pid_t child = 0;
  const int error = posix_spawnp(&child, words.front(), &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error(fmt::format("{} cannot be started", command.front()));
  int status = 0;
  rusage usage{};
  if (wait4(child, &status, 0, &usage) != child || status != 0) {
    std::array<char, 2000> text{};
    std::rewind(said.get());
    const std::size_t length = fread(text.data(), 1, text.size(), said.get());
    throw std::runtime_error(fmt::format("{} failed in {}: {}", fmt::join(command, " "), folder, std::string_view(text.data(), length)));
  }
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

}  // namespace muster::bench

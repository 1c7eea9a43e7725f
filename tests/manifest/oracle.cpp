#include "oracle.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "muster/base/digest.hpp"
#include "muster/base/files.hpp"
#include "muster/base/process.hpp"

namespace muster::manifest::test {

namespace {

std::string environment_or(const char* name, std::string fallback) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? std::move(fallback) : value;
}

std::filesystem::path source_folder() { return std::filesystem::path(MUSTER_SOURCE_DIR) / "tests/manifest/oracle"; }

// A folder of the user's, outside of the source tree, named by what the program is built from.
std::filesystem::path cache_folder() {
  Hasher hasher;
  for (const char* name : {"go.mod", "go.sum", "main.go"}) {
    std::ifstream in(source_folder() / name, std::ios::binary);
    hasher.add(std::string(std::istreambuf_iterator<char>(in), {}));
  }
  const std::string home = environment_or("HOME", std::filesystem::temp_directory_path());
  const std::filesystem::path cache = environment_or("XDG_CACHE_HOME", home + "/.cache");
  return cache / "muster-tests" / ("yaml-oracle-" + hasher.finish().short_text());
}

std::map<std::string, std::string> build_environment(const std::filesystem::path& cache) {
  const std::string home = environment_or("HOME", cache);
  std::map<std::string, std::string> environment{{"HOME", home}, {"GOTOOLCHAIN", "local"}, {"GOFLAGS", "-mod=readonly -buildvcs=false"}};
  environment["PATH"] = environment_or("PATH", "/usr/bin:/bin") + ":/usr/local/go/bin";
  for (const char* name :
       {"GOPROXY", "GOSUMDB", "GOMODCACHE", "GOCACHE", "GOPATH", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "SSL_CERT_FILE"}) {
    if (const char* value = std::getenv(name)) environment[name] = value;
  }
  return environment;
}

// Empty when the program stands; otherwise why it does not.
std::string build(const std::filesystem::path& cache, const std::filesystem::path& program) {
  std::filesystem::create_directories(cache);
  const auto lock = system_files().lock(cache / "lock", "tests", std::chrono::minutes(5));
  if (!lock.ok()) return lock.failure().text;
  if (std::filesystem::exists(program)) return {};
  Command command;
  const std::string partial = program.string() + ".partial";
  command.argv = {"go", "build", "-o", partial, "."};
  command.environment = build_environment(cache);
  command.directory = source_folder();
  const auto built = system_processes().run(command, {});
  if (!built.ok()) return "go: " + built.failure().text;
  if (built->exit_code != 0) return "go build: " + built->error;
  std::filesystem::rename(partial, program);
  return {};
}

}  // namespace

const Oracle* Oracle::get(std::string& why_not) {
  static Oracle oracle;
  static const std::string failure = [] {
    const std::filesystem::path cache = cache_folder();
    oracle.program_ = cache / "oracle";
    return std::filesystem::exists(oracle.program_) ? std::string() : build(cache, oracle.program_);
  }();
  why_not = failure;
  return failure.empty() ? &oracle : nullptr;
}

std::vector<OracleAnswer> Oracle::read(OracleMode mode, const std::vector<std::string>& inputs) const {
  Command command;
  command.argv = {program_};
  command.limits.output_bytes = std::size_t{1} << 30U;
  for (const std::string& input : inputs) {
    command.input += fmt::format("{} {}\n", mode == OracleMode::stream ? "stream" : "document", input.size());
    command.input += input;
  }
  const auto ran = system_processes().run(command, {});
  EXPECT_TRUE(ran.ok()) << (ran.ok() ? "" : ran.failure().text);
  std::vector<OracleAnswer> answers;
  if (!ran.ok()) return answers;
  std::istringstream out(ran->out);
  std::string status;
  std::size_t length = 0;
  while (out >> status >> length) {
    out.get();
    OracleAnswer& answer = answers.emplace_back();
    answer.ok = status == "ok";
    answer.text.resize(length);
    out.read(answer.text.data(), static_cast<std::streamsize>(length));
  }
  return answers;
}

}  // namespace muster::manifest::test

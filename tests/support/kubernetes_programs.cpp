#include "support/kubernetes_programs.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

#include "muster/base/process.hpp"
#include "support/git_repository.hpp"

namespace muster::test {
namespace {

/// Only the script knows what the programs depend on.
std::filesystem::path programs_folder() {
  Command command;
  command.argv = {MUSTER_SOURCE_DIR "/tests/kubernetes/build", "--where"};
  for (const char* name : {"PATH", "HOME", "XDG_CACHE_HOME", "KUBEBUILDER_ASSETS"}) {
    if (const char* value = std::getenv(name)) command.environment[name] = value;
  }
  const auto output = system_processes().run(command, {});
  if (!output.ok()) throw std::runtime_error(output.failure().text);
  if (output->exit_code != 0) throw std::runtime_error("tests/kubernetes/build --where: " + output->error);
  return output->out.substr(0, output->out.find('\n'));
}

}  // namespace

std::optional<std::filesystem::path> kubernetes_program(std::string_view name) {
  static const std::filesystem::path kFolder = programs_folder();
  const std::filesystem::path program = kFolder / name;
  if (::access(program.c_str(), X_OK) == 0) return program;
  return name == "etcd" ? find_program(name) : std::nullopt;
}

std::optional<std::string> missing_kubernetes(const std::vector<std::string_view>& names) {
  std::vector<std::string_view> absent;
  for (const std::string_view name : names) {
    if (!kubernetes_program(name)) absent.push_back(name);
  }
  if (absent.empty()) return std::nullopt;
  if (absent.front() == "etcd") return "etcd is not installed (Debian package etcd-server)";
  if (std::getenv("KUBEBUILDER_ASSETS") != nullptr) return fmt::format("KUBEBUILDER_ASSETS has no {}", fmt::join(absent, ", "));
  return fmt::format("there is no {}: tests/kubernetes/build builds what Kubernetes tests start, and says what it needs",
                     fmt::join(absent, ", "));
}

}  // namespace muster::test

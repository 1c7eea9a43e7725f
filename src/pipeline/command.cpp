#include <fmt/core.h>

#include "pipeline/builder.hpp"

namespace muster::pipeline {

Result<void> build_with_command(Bench& bench) {
  Command command;
  command.argv = bench.order.build.command;
  MUSTER_TRY(command.environment, builder_environment(bench));
  for (const auto& [name, value] : bench.order.build.arguments) command.environment[name] = value;
  for (const auto& [name, value] : bench.credentials.secrets) {
    if (value.find('\0') != std::string::npos) {
      return stalled(Reason::denied, fmt::format("secret {} has a NUL in it: no variable can hold it", name));
    }
    command.environment[name] = value;
  }
  // By these names skopeo, podman and buildah, and docker, crane and kaniko find the registry's credentials.
  command.environment["REGISTRY_AUTH_FILE"] = bench.credentials.registry.string();
  command.environment["DOCKER_CONFIG"] = bench.credentials.registry.parent_path().string();
  command.environment["IMAGE"] = bench.image;
  command.directory = bench.context;
  command.limits.data_bytes = bench.order.build.memory;
  return run_program(bench, std::move(command), Speaks::build);
}

}  // namespace muster::pipeline

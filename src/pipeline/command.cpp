#include <fmt/core.h>

#include "pipeline/builder.hpp"

namespace muster::pipeline {

Result<void> build_with_command(BuildContext& context) {
  Command command;
  command.argv = context.order.build.command;
  MUSTER_TRY(command.environment, builder_environment(context));
  for (const auto& [name, value] : context.order.build.arguments) command.environment[name] = value;
  for (const auto& [name, value] : context.credentials.secrets) {
    if (value.find('\0') != std::string::npos) {
      return stalled(Reason::denied, fmt::format("secret {} has a NUL in it: no variable can hold it", name));
    }
    command.environment[name] = value;
  }
  // By these names skopeo, podman and buildah, and docker, crane and kaniko find the registry's credentials.
  command.environment["REGISTRY_AUTH_FILE"] = context.credentials.registry.string();
  command.environment["DOCKER_CONFIG"] = context.credentials.registry.parent_path().string();
  command.environment["IMAGE"] = context.image;
  command.directory = context.folder;
  command.limits.data_bytes = context.order.build.memory;
  return run_program(context, context.order.build.command.front(), std::move(command), Speaks::build);
}

}  // namespace muster::pipeline

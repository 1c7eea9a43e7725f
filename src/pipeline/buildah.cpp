#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "muster/base/text.hpp"
#include "pipeline/builder.hpp"

namespace muster::pipeline {
namespace {

constexpr std::string_view kBuildah = "buildah";
constexpr std::string_view kImage = "muster-image";  ///< Its name in the scratch folder's storage, where it is alone.
// What buildah itself takes; a build may not be given less.
constexpr std::uint64_t kLeastMemory = std::uint64_t{256} << 20U;

/// What concerns base images comes from the environment that muster runs in.
constexpr std::array kProxies = {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
                                 "http_proxy", "https_proxy", "no_proxy", "all_proxy"};

/// The registry that is pushed to may have base images too: its private CA, or that it has no TLS, for this host alone.
Result<void> write_registry_settings(BuildContext& context) {
  const std::string& host = context.order.build.push.host;
  const std::string folder = "home/.config/containers/";
  if (registry::may_be_plain(context.order.access, context.order.build.push)) {
    const std::string text = fmt::format("[[registry]]\nlocation = \"{}\"\ninsecure = true\n", host);
    MUSTER_CHECK(context.scratch.write(folder + "registries.conf.d/muster.conf", text));
  }
  if (!context.order.access.ca_file.empty()) {
    MUSTER_TRY(const std::string authority, context.world.files.read(context.order.access.ca_file, std::size_t{1} << 20U));
    MUSTER_CHECK(context.scratch.write(folder + "certs.d/" + host + "/ca.crt", authority));
  }
  return {};
}

/// Settings of the machine's are left out, but for which registries stand for which: the same fleet builds the same everywhere.
Result<std::string> write_containers_settings(BuildContext& context) {
  MUSTER_TRY(const Path networks, context.scratch.folder("networks"));
  MUSTER_TRY(const Path plugins, context.scratch.folder("plugins"));
  const std::string text =
      fmt::format("[network]\nnetwork_config_dir = \"{}\"\ncni_plugin_dirs = [\"{}\"]\n", networks.string(), plugins.string());
  MUSTER_TRY(const Path path, context.scratch.write("containers.conf", text));
  return path.string();
}

/// Whether `/` is a mount point, as everywhere but in a chroot into a plain folder; proc_pid_mountinfo(5), fifth field.
bool is_root_mounted(Files& files) {
  const auto mounts = files.read("/proc/self/mountinfo", std::size_t{16} << 20U);
  if (!mounts.ok() || mounts->empty()) return true;  // Nothing is known: as nearly everywhere.
  for (const std::string_view line : split(*mounts, '\n')) {
    const auto fields = split(line, ' ');
    if (fields.size() > 4 && fields[4] == "/") return true;
  }
  return false;
}

/// buildah makes a mount namespace of its own for every layer and cannot where `/` is no mount point ("remount /: invalid
/// argument"). There it gets a root that is one: the same files, in a namespace that ends with it. A lookup of `/usr/..`,
/// other than one of `/`, finds what was mounted there.
std::vector<std::string> on_a_mounted_root(std::vector<std::string> argv) {
  std::vector<std::string> out = {"unshare",
                                  "--mount",
                                  "--propagation",
                                  "unchanged",
                                  "sh",
                                  "-c",
                                  R"(mount --rbind / / && exec unshare --root=/usr/.. --wd="$PWD" "$@")",
                                  "sh"};
  out.insert(out.end(), std::make_move_iterator(argv.begin()), std::make_move_iterator(argv.end()));
  return out;
}

/// buildah with a storage of its own: nothing is shared with the machine's, and all of it goes with the scratch folder.
Result<Command> buildah(BuildContext& context, std::vector<std::string> arguments) {
  const Path& scratch = context.scratch.path();
  Command command;
  command.argv = {std::string(kBuildah), "--storage-driver", "vfs", "--root", scratch / "storage", "--runroot", scratch / "running"};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  if (!is_root_mounted(context.world.files)) command.argv = on_a_mounted_root(std::move(command.argv));
  MUSTER_TRY(command.environment, builder_environment(context));
  MUSTER_TRY(const Path runtime, context.scratch.folder("runtime"));
  command.environment["XDG_RUNTIME_DIR"] = runtime.string();
  command.environment["CONTAINERS_CONF"] = (scratch / "containers.conf").string();
  for (const char* name : kProxies) {
    const auto found = context.settings.environment.find(name);
    if (found != context.settings.environment.end()) command.environment[name] = found->second;
  }
  command.directory = context.folder;
  command.limits.data_bytes = context.order.build.memory == 0 ? 0 : std::max(context.order.build.memory, kLeastMemory);
  return command;
}

Result<Path> containerfile(const BuildContext& context) {
  const std::string& file = context.order.build.file;
  const Path path = context.folder / file;
  const auto found = context.world.files.stat(path);
  if (file.empty() || !found.ok() || found->kind != FileKind::file) {
    return stalled(Reason::invalid, fmt::format("there is no `{}` in {}", file, context.order.tree->origin()));
  }
  return path;
}

}  // namespace

Result<void> build_with_buildah(BuildContext& context) {
  MUSTER_TRY(const Path file, containerfile(context));
  MUSTER_CHECK(write_registry_settings(context));
  MUSTER_CHECK(write_containers_settings(context));
  // Equal trees give equal images, whenever and wherever they are built: no times, no labels of the builder's.
  std::vector<std::string> arguments = {"bud",
                                        "--isolation",
                                        "chroot",
                                        "--layers=false",
                                        "--timestamp",
                                        "0",
                                        "--identity-label=false",
                                        "--format",
                                        "oci",
                                        "--authfile",
                                        context.credentials.registry,
                                        "--file",
                                        file};
  for (const auto& [name, value] : context.order.build.arguments) arguments.push_back(fmt::format("--build-arg={}={}", name, value));
  for (const auto& [name, value] : context.credentials.secrets) {
    MUSTER_TRY(const Path path, context.scratch.write("secrets/" + name, value));
    arguments.push_back(fmt::format("--secret=id={},src={}", name, path.string()));
  }
  arguments.insert(arguments.end(), {"--tag", std::string(kImage), context.folder.string()});
  MUSTER_TRY(Command command, buildah(context, std::move(arguments)));
  return run_program(context, kBuildah, std::move(command), Speaks::both);
}

Result<void> push_with_buildah(BuildContext& context) {
  // Without being told, buildah tries three times more where a registry does not answer.
  std::vector<std::string> arguments = {"push", "--authfile", context.credentials.registry.string(), std::string(kImage),
                                        "docker://" + context.image};
  MUSTER_TRY(Command command, buildah(context, std::move(arguments)));
  return run_program(context, kBuildah, std::move(command), Speaks::builder);
}

Result<std::string> keep_with_buildah(BuildContext& context, const Path& archive) {
  MUSTER_CHECK(context.world.files.make_directories(archive.parent_path()));
  MUSTER_CHECK(context.world.files.remove(archive));
  const std::string kept = "oci-archive:" + archive.string();
  MUSTER_TRY(Command command, buildah(context, {"push", std::string(kImage), kept}));
  MUSTER_CHECK(run_program(context, kBuildah, std::move(command), Speaks::builder));
  return kept;
}

}  // namespace muster::pipeline

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "muster/base/text.hpp"
#include "pipeline/builder.hpp"

namespace muster::pipeline {
namespace {

constexpr std::string_view kImage = "muster-image";  ///< Its name in the scratch folder's storage, where it is alone.
// What buildah itself takes; a build may not be given less.
constexpr std::uint64_t kLeastMemory = std::uint64_t{256} << 20U;

/// What concerns base images comes from the environment that muster runs in.
constexpr std::array kProxies = {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
                                 "http_proxy", "https_proxy", "no_proxy", "all_proxy"};

/// The registry that is pushed to may have base images too: its private CA, or that it has no TLS, for this host alone.
Result<void> write_registry_settings(Bench& bench) {
  const std::string& host = bench.order.build.push.host;
  const std::string folder = "home/.config/containers/";
  if (registry::may_be_plain(bench.order.access, bench.order.build.push)) {
    const std::string text = fmt::format("[[registry]]\nlocation = \"{}\"\ninsecure = true\n", host);
    MUSTER_CHECK(bench.scratch.write(folder + "registries.conf.d/muster.conf", text));
  }
  if (!bench.order.access.ca_file.empty()) {
    MUSTER_TRY(const std::string authority, bench.world.files.read(bench.order.access.ca_file, std::size_t{1} << 20U));
    MUSTER_CHECK(bench.scratch.write(folder + "certs.d/" + host + "/ca.crt", authority));
  }
  return {};
}

/// Settings of the machine's are left out, but for which registries stand for which: the same fleet builds the same everywhere.
Result<std::string> write_containers_settings(Bench& bench) {
  MUSTER_TRY(const Path networks, bench.scratch.folder("networks"));
  MUSTER_TRY(const Path plugins, bench.scratch.folder("plugins"));
  const std::string text =
      fmt::format("[network]\nnetwork_config_dir = \"{}\"\ncni_plugin_dirs = [\"{}\"]\n", networks.string(), plugins.string());
  MUSTER_TRY(const Path path, bench.scratch.write("containers.conf", text));
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
Result<Command> buildah(Bench& bench, std::vector<std::string> arguments) {
  const Path& scratch = bench.scratch.path();
  Command command;
  command.argv = {"buildah", "--storage-driver", "vfs", "--root", scratch / "storage", "--runroot", scratch / "running"};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  if (!is_root_mounted(bench.world.files)) command.argv = on_a_mounted_root(std::move(command.argv));
  MUSTER_TRY(command.environment, builder_environment(bench));
  MUSTER_TRY(const Path runtime, bench.scratch.folder("runtime"));
  command.environment["XDG_RUNTIME_DIR"] = runtime.string();
  command.environment["CONTAINERS_CONF"] = (scratch / "containers.conf").string();
  for (const char* name : kProxies) {
    const auto found = bench.settings.environment.find(name);
    if (found != bench.settings.environment.end()) command.environment[name] = found->second;
  }
  command.directory = bench.context;
  command.limits.data_bytes = bench.order.build.memory == 0 ? 0 : std::max(bench.order.build.memory, kLeastMemory);
  return command;
}

Result<Path> containerfile(const Bench& bench) {
  const std::string& file = bench.order.build.file;
  const Path path = bench.context / file;
  const auto found = bench.world.files.stat(path);
  if (file.empty() || !found.ok() || found->kind != FileKind::file) {
    return stalled(Reason::invalid, fmt::format("there is no `{}` in {}", file, bench.order.tree->origin()));
  }
  return path;
}

}  // namespace

Result<void> build_with_buildah(Bench& bench) {
  MUSTER_TRY(const Path file, containerfile(bench));
  MUSTER_CHECK(write_registry_settings(bench));
  MUSTER_CHECK(write_containers_settings(bench));
  // Equal trees give equal images, whenever and wherever they are built: no times, no labels of the builder's.
  std::vector<std::string> arguments = {
      "bud",      "--isolation", "chroot",     "--layers=false",           "--timestamp", "0", "--identity-label=false",
      "--format", "oci",         "--authfile", bench.credentials.registry, "--file",      file};
  for (const auto& [name, value] : bench.order.build.arguments) arguments.push_back(fmt::format("--build-arg={}={}", name, value));
  for (const auto& [name, value] : bench.credentials.secrets) {
    MUSTER_TRY(const Path path, bench.scratch.write("secrets/" + name, value));
    arguments.push_back(fmt::format("--secret=id={},src={}", name, path.string()));
  }
  arguments.insert(arguments.end(), {"--tag", std::string(kImage), bench.context.string()});
  MUSTER_TRY(Command command, buildah(bench, std::move(arguments)));
  return run_program(bench, std::move(command), Speaks::both);
}

Result<void> push_with_buildah(Bench& bench) {
  // Without being told, buildah tries three times more where a registry does not answer.
  std::vector<std::string> arguments = {"push", "--authfile", bench.credentials.registry.string(), std::string(kImage),
                                        "docker://" + bench.image};
  MUSTER_TRY(Command command, buildah(bench, std::move(arguments)));
  return run_program(bench, std::move(command), Speaks::builder);
}

Result<std::string> keep_with_buildah(Bench& bench, const Path& archive) {
  MUSTER_CHECK(bench.world.files.make_directories(archive.parent_path()));
  MUSTER_CHECK(bench.world.files.remove(archive));
  const std::string kept = "oci-archive:" + archive.string();
  MUSTER_TRY(Command command, buildah(bench, {"push", std::string(kImage), kept}));
  MUSTER_CHECK(run_program(bench, std::move(command), Speaks::builder));
  return kept;
}

}  // namespace muster::pipeline

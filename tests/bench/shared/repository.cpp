#include "bench/repository.hpp"

#include <fmt/format.h>

#include "bench/applications.hpp"
#include "bench/measure.hpp"
#include "muster/base/text.hpp"
#include "support/map_secrets.hpp"

namespace muster::bench {

namespace {}  // namespace

std::shared_ptr<git::Repository> open_repository(const std::filesystem::path& folder) {
  static muster::test::MapSecrets secrets;
  const std::filesystem::path bare = folder / ".git" / "bare";
  if (!std::filesystem::exists(bare)) shell(fmt::format("git clone -q --bare '{}' '{}'", folder.string(), bare.string()));
  const std::unique_ptr<git::Remotes> remotes =
      git::make_remotes(system_world(), secrets, folder / ".git" / "mirrors", git::RemoteOptions{});
  return need(remotes->open_local(bare));
}

git::Oid commit_at(const std::filesystem::path& folder, const std::string& revision) {
  const std::string text = shell(fmt::format("git -C '{}' rev-parse '{}'", folder.string(), revision));
  return git::Oid::parse(trim(text)).value();
}

model::Instance application_instance(std::size_t index, bool overlay) {
  model::Instance out;
  out.name = application_name(index);
  out.renderer = model::Renderer::manifests;
  out.declaration_digest = sha256(out.name);
  if (!overlay) return out;
  out.namespace_name = "shop";
  out.renderer_options.labels.emplace("fleet", "shop");
  out.images.push_back({kImageRepository, kNewImage, {}});
  model::PatchOperation replicas;
  replicas.path = {{model::PatchStep::By::key, "spec", 0}, {model::PatchStep::By::key, "replicas", 0}};
  replicas.value = 3;
  out.patches.push_back({"Deployment", "", {replicas}, {}});
  return out;
}

}  // namespace muster::bench

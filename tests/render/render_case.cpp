#include "render/render_case.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <stdexcept>

#include "muster/git/repository.hpp"
#include "muster/manifest/yaml.hpp"
#include "support/map_secrets.hpp"

namespace muster::render::test {
namespace {

std::shared_ptr<git::Repository> open_repository(const std::filesystem::path& path) {
  static muster::test::MapSecrets secrets;
  return git::make_remotes(system_world(), secrets, path.parent_path() / "mirrors", git::RemoteOptions{})->open_local(path).value();
}

}  // namespace

RenderCase::RenderCase() : repository_(folder_.path() / "shop.git") {
  instance.name = "orders";
  instance.renderer = model::Renderer::manifests;
  instance.declaration_digest = sha256("orders");
}

void RenderCase::commit(const muster::test::GitRepository::Files& files, std::string_view path) {
  const std::string commit = repository_.commit(files);
  tree = source::Tree::open(open_repository(repository_.path()), git::Oid::parse(commit).value(), path, "shop/orders").value();
}

void RenderCase::commit_folder(const std::filesystem::path& folder, std::string_view path) {
  muster::test::GitRepository::Files files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    files.emplace(std::filesystem::relative(entry.path(), folder).generic_string(), std::string(std::istreambuf_iterator<char>(in), {}));
  }
  commit(files, path);
}

Request RenderCase::request(unsigned jobs) const { return Request{instance, tree.get(), images, jobs}; }

std::string RenderCase::rendered(unsigned jobs) const { return text_of(render(request(jobs))); }

std::string text_of(const Result<Rendered>& result) {
  if (!result.ok())
    return fmt::format("failed ({}, {}): {}\n", to_string(result.failure().kind), to_string(result.failure().reason),
                       result.failure().text);
  std::string out;
  for (const manifest::Object& object : result->objects)
    out += fmt::format("{}{}", out.empty() ? "" : "---\n", manifest::print_object(object.content));
  return out;
}

}  // namespace muster::render::test

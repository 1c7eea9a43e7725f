#include <gmock/gmock.h>

#include <fmt/format.h>

#include "muster/manifest/yaml.hpp"
#include "render/render_case.hpp"

namespace muster::render::test {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string late(std::string_view input) { return model::kLateOpen + std::string(input) + model::kLateClose; }

Value config_map(std::string name) {
  return Object{{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", Object{{"name", std::move(name)}}}};
}

std::string config_map_yaml(std::string_view name, std::string_view text = "") {
  return fmt::format("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}\ndata:\n  text: \"{}\"\n", name, text);
}

TEST(RenderKinds, GivesTheEmittedObjectsSortedWithTheImagesOfTheRelease) {
  RenderCase it;
  it.instance.renderer = model::Renderer::none;
  Value pod = Object{{"apiVersion", "v1"},
                     {"kind", "Pod"},
                     {"metadata", Object{{"name", "a"}}},
                     {"spec", Object{{"containers", Array{Object{{"image", late("image.main")}}}}}}};
  it.instance.objects.push_back({pod, {}});
  it.instance.objects.push_back({config_map("b"), {}});
  it.images = {{"main", "ghcr.io/shop/orders:2"}};
  EXPECT_EQ(it.rendered(),
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\n---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  "
            "containers:\n  - image: ghcr.io/shop/orders:2\n");
}

TEST(RenderKinds, WaitsWhileAnImageHasNoValue) {
  RenderCase it;
  it.instance.renderer = model::Renderer::none;
  Value object = config_map("a");
  object.if_object()->set("data", Object{{"image", late("image.main")}});
  it.instance.objects.push_back({object, {}});
  EXPECT_THAT(it.rendered(), HasSubstr("failed (wait, absent)"));
}

TEST(RenderKinds, RefusesTwoObjectsOfOneIdentity) {
  RenderCase it;
  it.instance.renderer = model::Renderer::none;
  it.instance.objects = {{config_map("a"), {}}, {config_map("a"), {}}};
  EXPECT_THAT(it.rendered(), HasSubstr("ConfigMap a is written a second time"));
}

TEST(RenderManifests, AddsWhatTheKindEmitsBeside) {
  RenderCase it;
  it.commit({{"a.yaml", config_map_yaml("from-file")}});
  it.instance.objects.push_back({config_map("from-kind"), {}});
  EXPECT_THAT(it.rendered(), testing::AllOf(HasSubstr("from-file"), HasSubstr("from-kind")));
}

TEST(RenderManifests, RefusesAServiceWithoutARepository) {
  RenderCase it;
  EXPECT_THAT(it.rendered(), HasSubstr("names none; give it a `repo`"));
}

TEST(RenderManifests, RefusesAFileThatIsTooLargeByName) {
  RenderCase it;
  it.commit({{"small.yaml", config_map_yaml("a")}, {"large.yaml", config_map_yaml("b", std::string(kMaxFileBytes, 'x'))}});
  EXPECT_THAT(it.rendered(), testing::AllOf(HasSubstr("limit"), HasSubstr("large.yaml")));
}

TEST(RenderManifests, RefusesMoreObjectsThanAServiceMayHave) {
  RenderCase it;
  std::string many;
  for (std::size_t i = 0; i <= kMaxObjects; ++i) many += fmt::format("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{}}}\n", i);
  it.commit({{"many.yaml", many}});
  EXPECT_THAT(it.rendered(), HasSubstr("10001 objects, more than the 10000"));
}

TEST(RenderManifests, PassesOverFilesWithOtherExtensionsWhateverTheyHold) {
  RenderCase it;
  it.commit({{"a.yaml", config_map_yaml("a")}, {"logo.png", std::string("\x89PNG\0\xff", 6)}, {"run.sh", "exit 1\n"}});
  EXPECT_THAT(it.rendered(), Not(HasSubstr("failed")));
}

TEST(RenderManifests, IsTheSameForAnyNumberOfThreadsWhenManyFilesAreWrong) {
  RenderCase it;
  muster::test::GitRepository::Files files;
  for (int i = 0; i < 40; ++i) files.emplace(fmt::format("f{:02}.yaml", i), i % 3 == 0 ? "a: [\n" : config_map_yaml(fmt::format("c{}", i)));
  it.commit(files);
  const std::string one = it.rendered(1);
  EXPECT_THAT(one, testing::AllOf(HasSubstr("f00.yaml"), HasSubstr("and 13 more files that cannot be read")));
  for (int turn = 0; turn < 20; ++turn) EXPECT_EQ(one, it.rendered(8));
}

TEST(Render, RefusesRenderersOfALaterVersionByName) {
  RenderCase it;
  it.commit({{"a.yaml", config_map_yaml("a")}});
  for (const model::Renderer renderer : {model::Renderer::helm, model::Renderer::kustomize}) {
    it.instance.renderer = renderer;
    EXPECT_THAT(it.rendered(), testing::AllOf(HasSubstr("unsupported"), HasSubstr(std::string(model::to_string(renderer)))));
  }
}

TEST(RenderKey, FollowsTheTreesAndNotTheCommits) {
  RenderCase it;
  it.commit({{"deploy/a.yaml", config_map_yaml("a")}}, "deploy");
  const Digest first = render_key(it.request());
  it.commit({{"src/main.c", "int main;"}}, "deploy");
  EXPECT_EQ(render_key(it.request()), first);
  it.commit({{"deploy/a.yaml", config_map_yaml("b")}}, "deploy");
  EXPECT_NE(render_key(it.request()), first);
}

TEST(RenderKey, FollowsDeclarationRendererAndImages) {
  RenderCase it;
  it.commit({{"a.yaml", config_map_yaml("a")}});
  const Digest first = render_key(it.request());
  it.images = {{"main", "a:1"}};
  const Digest with_image = render_key(it.request());
  it.instance.declaration_digest = sha256("another");
  const Digest with_declaration = render_key(it.request());
  it.instance.renderer = model::Renderer::none;
  EXPECT_EQ((std::set{first, with_image, with_declaration, render_key(it.request())}).size(), 4U);
}

TEST(RenderCache, RendersOnceWhileTheKeyStands) {
  RenderCase it;
  it.commit({{"a.yaml", config_map_yaml("a")}});
  const std::unique_ptr<Cache> cache = make_memory_cache();
  const std::shared_ptr<const Rendered> first = render(it.request(), *cache).value();
  EXPECT_EQ(render(it.request(), *cache).value(), first);
  it.commit({{"a.yaml", config_map_yaml("b")}});
  EXPECT_NE(render(it.request(), *cache).value(), first);
}

TEST(RenderCache, ForgetsWhatWasAskedForLongestAgo) {
  const std::unique_ptr<Cache> cache = make_memory_cache(2);
  const auto rendered = [](std::string_view version) { return std::make_shared<const Rendered>(Rendered{{}, std::string(version)}); };
  cache->put(sha256("a"), rendered("a"));
  cache->put(sha256("b"), rendered("b"));
  EXPECT_NE(cache->find(sha256("a")), nullptr);
  cache->put(sha256("c"), rendered("c"));
  EXPECT_NE(cache->find(sha256("a")), nullptr);
  EXPECT_EQ(cache->find(sha256("b")), nullptr);
  EXPECT_NE(cache->find(sha256("c")), nullptr);
}

TEST(RenderCache, KeepsNoFailures) {
  RenderCase it;
  it.commit({{"a.yaml", "a: ["}});
  const std::unique_ptr<Cache> cache = make_memory_cache();
  EXPECT_FALSE(render(it.request(), *cache));
  EXPECT_EQ(cache->find(render_key(it.request())), nullptr);
}

}  // namespace
}  // namespace muster::render::test

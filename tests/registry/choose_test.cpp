#include <gmock/gmock.h>

#include "muster/registry/registry.hpp"

namespace muster::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

model::Registry registry(const std::string& name, const std::string& match) {
  model::Registry out;
  out.name = name;
  out.match = match;
  out.ca_file = name + ".pem";
  return out;
}

model::ImageReference image(const std::string& host, const std::string& repository) {
  model::ImageReference out;
  out.host = host;
  out.repository = repository;
  return out;
}

std::vector<std::string> refused_by(const Choice& choice) {
  std::vector<std::string> out;
  for (const auto& refused : choice.refused) out.push_back(refused.tag);
  return out;
}

TEST(AccessOf, IsThatOfTheLongestMatch) {
  const std::vector<model::Registry> registries = {registry("all", "ghcr.io/*"), registry("shop", "ghcr.io/shop/*"),
                                                   registry("cart", "ghcr.io/shop/cart"), registry("late", "ghcr.io/s*op/*")};
  EXPECT_EQ(access_of(registries, image("ghcr.io", "bank/ledger")).ca_file, "all.pem");
  EXPECT_EQ(access_of(registries, image("ghcr.io", "shop/cart")).ca_file, "cart.pem");
  EXPECT_EQ(access_of(registries, image("ghcr.io", "shop/web")).ca_file, "shop.pem");
  EXPECT_EQ(access_of(registries, image("quay.io", "shop/web")).ca_file, "");
  EXPECT_EQ(registry_of(registries, image("quay.io", "shop/web")), nullptr);
  EXPECT_EQ(registry_of(registries, image("ghcr.io", "shop/web"))->name, "shop");
}

TEST(Choose, TakesTheNewestInTheRangeAndSaysWhyOthersAreNot) {
  model::ImagePolicy policy;
  policy.versions = model::parse_version_range("^1.4").value();
  const std::vector<std::string> tags = {"1.10.0", "1.3.9", "1.4.0", "1.9.2", "2.0.0", "latest", "1.10.0"};
  const Choice choice = choose(policy, tags);
  EXPECT_EQ(choice.tag, "1.10.0");
  EXPECT_THAT(choice.considered, ElementsAre("1.10.0", "1.9.2", "1.4.0"));
  EXPECT_THAT(refused_by(choice), ElementsAre("1.3.9", "2.0.0", "latest"));
  for (const auto& refused : choice.refused) EXPECT_FALSE(refused.why.empty()) << refused.tag;
}

TEST(Choose, TakesTheNewestByCaptures) {
  model::ImagePolicy policy;
  policy.tags = model::parse_tag_template("main-{build:int}-{sha:hex}").value();
  policy.newest = {"build"};
  const std::vector<std::string> tags = {"main-10-aa", "main-9-bb", "other-11-cc"};
  EXPECT_EQ(choose(policy, tags).tag, "main-10-aa");
}

TEST(Choose, DoesNotDependOnTheOrderOfTheList) {
  model::ImagePolicy policy;
  policy.tags = model::parse_tag_template("main-{build:int}-{sha:hex}").value();
  policy.newest = {"build"};
  const std::vector<std::string> one = {"main-1-aa", "main-1-bb"};
  const std::vector<std::string> other = {"main-1-bb", "main-1-aa"};
  EXPECT_EQ(choose(policy, one).tag, choose(policy, other).tag);
}

TEST(Choose, TakesNothingFromAnEmptyListOrWhereNothingFits) {
  model::ImagePolicy policy;
  policy.versions = model::parse_version_range("^3").value();
  EXPECT_EQ(choose(policy, {}).tag, "");
  const std::vector<std::string> tags = {"1.0.0"};
  EXPECT_EQ(choose(policy, tags).tag, "");
  EXPECT_THAT(choose(policy, tags).considered, IsEmpty());
}

TEST(Choose, FollowsTheOneMovingTag) {
  model::ImagePolicy policy;
  policy.tag = "stable";
  const std::vector<std::string> tags = {"1.0.0", "stable"};
  EXPECT_EQ(choose(policy, tags).tag, "stable");
  EXPECT_THAT(refused_by(choose(policy, tags)), ElementsAre("1.0.0"));
}

}  // namespace
}  // namespace muster::registry

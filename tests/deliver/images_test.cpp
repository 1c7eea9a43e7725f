// The rules of image records, against a real registry on loopback.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deliver/stage.hpp"
#include "support/image_signer.hpp"
#include "support/map_secrets.hpp"
#include "support/registry_server.hpp"

namespace muster::deliver::test {
namespace {

using muster::test::RegistryServer;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// A registry that confuses its repositories: asked what a tag is, it may answer with another repository's image.
class Confused final : public registry::Registries {
 public:
  explicit Confused(registry::Registries& honest) : honest_(honest) {}
  std::string says;  ///< Of every tag; empty: the truth.

  Result<std::string> digest(const registry::Access& access, const model::ImageReference& reference, const std::stop_token& stop) override {
    if (!says.empty() && reference.digest.empty()) return says;
    return honest_.digest(access, reference, stop);
  }
  Result<std::vector<std::string>> tags(const registry::Access& access, const model::ImageReference& repository,
                                        const std::stop_token& stop) override {
    return honest_.tags(access, repository, stop);
  }
  Result<registry::Manifest> manifest(const registry::Access& access, const model::ImageReference& reference,
                                      const std::stop_token& stop) override {
    return honest_.manifest(access, reference, stop);
  }
  Result<std::string> blob(const registry::Access& access, const model::ImageReference& repository, std::string_view wanted,
                           std::size_t limit, const std::stop_token& stop) override {
    return honest_.blob(access, repository, wanted, limit, stop);
  }

 private:
  registry::Registries& honest_;
};

/// Production is fed by main, and cart watches ^1.4 of a registry that has 1.4.2.
class Images : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto missing = RegistryServer::missing()) GTEST_SKIP() << *missing;
    server.emplace();
    client = http::make_client(system_world());
    registries = registry::make_registries(system_world(), *client, secrets, {});
    stage.settings.registries = registries.get();
    stage.restart();
    stage.fed_by("production", "main");
    watch("cart", "^1.4");
    push_image("cart", "1.4.2");
    stage.push("cart", "v1");
  }
  [[nodiscard]] std::string repository(const std::string& service) const { return server->host() + "/shop/" + service; }
  std::string push_image(const std::string& service, const std::string& tag) { return server->push("shop/" + service, tag, service + tag); }
  model::ImagePolicy policy(const std::string& service) const {
    model::ImagePolicy out;
    out.repository = *model::parse_image_reference(repository(service));
    return out;
  }
  void watch(const std::string& service, const std::string& range) {
    model::ImagePolicy rule = policy(service);
    rule.versions = *model::parse_version_range(range);
    watch(service, rule);
  }
  void watch(const std::string& service, const model::ImagePolicy& rule) {
    ServiceSpec& spec = stage.service(service);
    spec.image = "";
    spec.image_repository = repository(service);
    spec.watch = rule;
  }
  /// What the container runs.
  [[nodiscard]] std::string runs(const std::string& service, const std::string& environment = "production") const {
    const std::string line =
        stage.git({"grep", "-h", "image: ", "refs/heads/" + environment, "--", service, ":!" + service + "/release.yaml"});
    return line.substr(line.find("image: ") + 7);
  }
  [[nodiscard]] std::string pinned(const std::string& service, const std::string& digest) const {
    return repository(service) + "@" + digest;
  }

  std::optional<RegistryServer> server;
  muster::test::MapSecrets secrets;
  std::unique_ptr<http::Client> client;
  std::unique_ptr<registry::Registries> registries;
  Stage stage;
};

TEST_F(Images, AreTheNewestThatTheRuleTakesPinnedByDigest) {
  push_image("cart", "2.0.0");
  push_image("cart", "1.5.0-rc.1");
  const std::string digest = push_image("cart", "1.4.10");
  stage.deliver();
  EXPECT_EQ(runs("cart"), pinned("cart", digest));
  EXPECT_THAT(stage.show("refs/heads/production:cart/release.yaml"), AllOf(HasSubstr("tag: \"1.4.10\""), HasSubstr("rule: \"^1.4\"")));
}

TEST_F(Images, ThatMoveTogetherMakeOneRecord) {
  for (const char* name : {"orders", "search", "mailer"}) {
    watch(name, "^1.4");
    push_image(name, "1.4.0");
    stage.push(name, "v1");
  }
  stage.deliver();
  const std::size_t before = stage.commits("production");
  for (const char* name : {"orders", "search", "mailer", "cart"}) push_image(name, "1.5.0");
  stage.deliver();
  EXPECT_EQ(stage.commits("production"), before + 1);
  const std::string message = stage.git({"log", "-1", "--format=%B", "refs/heads/production"});
  for (const char* name : {"orders", "search", "mailer", "cart"})
    EXPECT_THAT(message, AllOf(HasSubstr(std::string("Muster-Release: ") + name), HasSubstr("tag=1.5.0"), HasSubstr("rule=^1.4")));
}

TEST_F(Images, ThatHaveNotMovedCostOneListingARepositoryAndNoRecord) {
  watch("orders", policy("cart"));
  stage.service("orders").watch->versions = *model::parse_version_range("1.4.2");
  stage.push("orders", "v1");
  stage.fed_by("staging", "main");
  stage.deliver();
  const std::size_t records = stage.commits("production");
  const int lists = server->requests("GET /v2/shop/cart/tags/list");
  const int manifests = server->requests("HEAD /v2/shop/cart/manifests/");
  stage.restart();
  stage.deliver();
  EXPECT_EQ(server->requests("GET /v2/shop/cart/tags/list"), lists + 1);
  EXPECT_EQ(server->requests("HEAD /v2/shop/cart/manifests/"), manifests);
  EXPECT_EQ(manifests, 2) << "what its tag is, and whether that is there";
  EXPECT_EQ(stage.commits("production"), records);
}

TEST_F(Images, TakenBackByGitRevertStayAwayUnderAnyRuleAndANewerOneComes) {
  stage.deliver();
  const std::string good = runs("cart");
  push_image("cart", "1.5.0");
  stage.deliver();
  EXPECT_NE(runs("cart"), good);
  stage.git_revert("production");
  stage.deliver();
  EXPECT_EQ(runs("cart"), good);
  stage.edit([&](FleetSpec& fleet) { fleet.services["cart"].watch->versions = *model::parse_version_range("^1.5"); });
  stage.deliver();
  EXPECT_EQ(runs("cart"), good) << "another rule that chooses the same image brings nothing new";
  const std::string newer = push_image("cart", "1.5.1");
  stage.deliver();
  EXPECT_EQ(runs("cart"), pinned("cart", newer));
}

TEST_F(Images, StayWhereTheListShrinks) {
  const std::string digest = push_image("cart", "1.5.0");
  stage.deliver();
  server->remove("shop/cart", digest);
  stage.deliver();
  EXPECT_EQ(runs("cart"), pinned("cart", digest));
  EXPECT_EQ(stage.why("cart@production"), "list-shrank");
  EXPECT_EQ(stage.last().report.exit_code(), 4);
}

TEST_F(Images, StayWhereNoTagIsAcceptedAnyMore) {
  stage.deliver();
  const std::string before = runs("cart");
  push_image("cart", "2.0.0");
  server->remove("shop/cart", before.substr(before.find('@') + 1));
  stage.deliver();
  EXPECT_EQ(runs("cart"), before);
  EXPECT_EQ(stage.why("cart@production"), "list-shrank");
}

TEST_F(Images, OfARegistryThatIsDownStayWhileOthersMove) {
  stage.service("orders");
  stage.push("orders", "v1");
  stage.deliver();
  const std::string before = runs("cart");
  server->stop();
  stage.push("orders", "v2");
  stage.push("cart", "v2");
  stage.deliver();
  EXPECT_EQ(stage.stands("orders@production"), "v2 setting=a");
  EXPECT_EQ(stage.why("cart@production"), "registry-unreachable");
  EXPECT_EQ(runs("cart"), before);
  EXPECT_THAT(stage.stands("cart@production"), HasSubstr("v2 ")) << "its source moves all the same";
  server->start_again();
  push_image("cart", "1.4.3");
  stage.deliver();
  EXPECT_NE(runs("cart"), before) << "it heals by itself";
}

TEST_F(Images, ThatARegistryConfusesWithAnotherRepositorysAreNotRecorded) {
  Confused confused(*registries);
  stage.settings.registries = &confused;
  stage.restart();
  stage.deliver();
  const std::string before = runs("cart");
  confused.says = push_image("orders", "9.9.9");
  const std::string digest = push_image("cart", "1.4.3");
  stage.deliver();
  EXPECT_EQ(runs("cart"), before);
  EXPECT_EQ(stage.why("cart@production"), "registry-unreachable");
  confused.says.clear();
  stage.deliver();
  EXPECT_EQ(runs("cart"), pinned("cart", digest));
}

TEST_F(Images, ThatAreBuiltStayWhereTheirSourceIsHeld) {
  ServiceSpec& spec = stage.service("cart");
  spec.watch.reset();
  spec.image = "";
  spec.image_repository = repository("cart");
  spec.build = model::Build{};
  spec.build->push = *model::parse_image_reference(repository("cart"));
  const auto built = [&](const std::string& commit) {
    const auto tree = git::Oid::parse(stage.repository("cart").git({"rev-parse", commit + "^{tree}"}).substr(0, 40));
    return push_image("cart", pipeline::content_tag(*spec.build, *tree));
  };
  const std::string first = stage.push("cart", "v2");
  const std::string second = stage.push("cart", "v3");
  const std::string digest = built(second);
  stage.deliver();
  EXPECT_EQ(runs("cart"), pinned("cart", digest));
  stage.set_branch("cart", first);
  built(stage.push("cart", "v4"));
  stage.deliver();
  EXPECT_THAT(stage.why("cart@production"), HasSubstr("rewound"));
  EXPECT_EQ(runs("cart"), pinned("cart", digest)) << "the image of a commit that is not taken is not taken either";
}

TEST_F(Images, OfAMovingTagAreFollowedByDigest) {
  model::ImagePolicy stable = policy("cart");
  stable.tag = "stable";
  watch("cart", stable);
  const std::string first = server->push("shop/cart", "stable", "one");
  stage.deliver();
  EXPECT_EQ(runs("cart"), pinned("cart", first));
  const std::string second = server->push("shop/cart", "stable", "two");
  stage.deliver();
  EXPECT_EQ(runs("cart"), pinned("cart", second));
  EXPECT_EQ(server->requests("GET /v2/shop/cart/tags/list"), 0) << "one tag needs no list";
}

TEST_F(Images, AreChosenByCapturesOfATemplate) {
  model::ImagePolicy builds = policy("cart");
  builds.tags = *model::parse_tag_template("main-{build:int}-{sha:hex}");
  builds.newest = {"build"};
  watch("cart", builds);
  push_image("cart", "main-9-0f");
  const std::string newest = push_image("cart", "main-10-0a");
  stage.deliver();
  EXPECT_EQ(runs("cart"), pinned("cart", newest));
}

TEST_F(Images, GoByPromotionWithTheirDigest) {
  stage.follows("live", "production");
  stage.deliver();
  const std::string digest = push_image("cart", "1.4.9");
  stage.deliver();
  EXPECT_EQ(runs("cart", "live"), pinned("cart", digest));
}

TEST_F(Images, WaitForTheFirstTagThatTheRuleTakes) {
  watch("orders", "^3");
  push_image("orders", "2.9.9");
  stage.push("orders", "v1");
  stage.deliver();
  EXPECT_EQ(stage.stands("orders@production"), "nothing");
  EXPECT_EQ(stage.why("orders@production"), "image-missing");
  EXPECT_THAT(stage.outcome("orders@production").obstacles.front().text, HasSubstr("2.9.9"));
  EXPECT_EQ(stage.last().report.exit_code(), 0);
}

TEST_F(Images, HandedInByCiAreTakenWhereTheRuleTakesThem) {
  stage.deliver();
  const std::string before = runs("cart");
  const std::string digest = push_image("cart", "1.4.7");
  Request refused;
  refused.images = {{"cart", "registry.example/cart", repository("cart") + ":2.0.0", ""}};
  push_image("cart", "2.0.0");
  server->remove("shop/cart", digest);
  stage.deliver(refused);
  EXPECT_EQ(runs("cart"), before);
  EXPECT_THAT(stage.why("cart@production"), HasSubstr("image-refused"));
  const std::string again = push_image("cart", "1.4.7");
  Request accepted;
  accepted.images = {{"cart", "registry.example/cart", repository("cart") + ":1.4.7", ""}};
  stage.deliver(accepted);
  EXPECT_EQ(runs("cart"), pinned("cart", again));
}

TEST_F(Images, WrittenInTheFleetArePinnedWhereItSaysHowToReachTheRegistry) {
  ServiceSpec& spec = stage.service("cart");
  spec.watch.reset();
  spec.image = "1.4.2";
  stage.deliver();
  EXPECT_EQ(runs("cart"), repository("cart") + ":1.4.2") << "text, as no registry is declared";
  const std::size_t records = stage.commits("production");
  stage.edit([&](FleetSpec& fleet) {
    model::Registry images;
    images.name = "images";
    images.match = server->host() + "/*";
    fleet.registries = {images};
  });
  stage.deliver();
  EXPECT_EQ(stage.commits("production"), records) << "resolving a tag later is no move by itself";
  const std::string digest = push_image("cart", "1.4.3");
  stage.edit([&](FleetSpec& fleet) { fleet.services["cart"].image = "1.4.3"; });
  stage.deliver();
  EXPECT_EQ(runs("cart"), pinned("cart", digest));
  push_image("cart", "1.4.3x");
  const std::size_t now = stage.commits("production");
  stage.deliver();
  EXPECT_EQ(stage.commits("production"), now);
}

TEST_F(Images, ThatNobodySignedStayWhereTheyStandAndGoNoFurther) {
  const muster::test::ImageSigner signer;
  stage.deliver();
  const std::string standing = runs("cart");
  stage.edit([&](FleetSpec& fleet) { fleet.services["cart"].image_keys = {signer.public_key()}; });
  stage.follows("live", "production");
  stage.deliver();
  EXPECT_EQ(runs("cart"), standing) << "recorded before a signature was demanded";
  EXPECT_EQ(stage.why("cart@production"), "image-unsigned");
  EXPECT_EQ(stage.stands("cart@live"), "nothing");
  EXPECT_THAT(stage.why("cart@live"), HasSubstr("image-unsigned"));
  push_image("cart", "1.4.3");
  stage.deliver();
  EXPECT_EQ(runs("cart"), standing);
  EXPECT_EQ(stage.last().report.exit_code(), 4);

  const std::string digest = push_image("cart", "1.4.4");
  signer.sign(*server, "shop/cart", digest);
  stage.deliver();
  EXPECT_EQ(runs("cart"), pinned("cart", digest));
  EXPECT_EQ(runs("cart", "live"), pinned("cart", digest));
  EXPECT_EQ(stage.last().report.exit_code(), 0);
}

TEST_F(Images, HandedInByCiAreThoseThatTheRegistryHas) {
  ServiceSpec& spec = stage.service("cart");
  spec.watch.reset();
  const auto handed_in = [&](const std::string& reference) {
    Request request;
    request.images = {{"cart", "registry.example/cart", reference, ""}};
    stage.deliver(request);
  };
  handed_in(repository("cart") + ":never-pushed");
  EXPECT_EQ(stage.why("cart@production"), "image-missing");
  handed_in(repository("cart") + "@sha256:" + std::string(64, '1'));
  EXPECT_EQ(stage.why("cart@production"), "image-missing");
  handed_in("https://" + repository("cart") + ":1.4.2");
  EXPECT_EQ(stage.why("cart@production"), "image-refused");
  EXPECT_EQ(stage.stands("cart@production"), "nothing");
  const std::string digest = push_image("cart", "built");
  handed_in(repository("cart") + ":built@" + digest);
  EXPECT_EQ(runs("cart"), pinned("cart", digest));
}

TEST_F(Images, HandedInByCiForAWatchedTagMustBeWhatThatTagIs) {
  stage.deliver();
  const std::string before = runs("cart");
  const std::string digest = push_image("cart", "1.4.7");
  const auto handed_in = [&](const std::string& reference) {
    Request request;
    request.images = {{"cart", "registry.example/cart", reference, ""}};
    stage.deliver(request);
  };
  handed_in(repository("cart") + ":1.4.7@sha256:" + std::string(64, '2'));
  EXPECT_EQ(runs("cart"), before);
  EXPECT_EQ(stage.why("cart@production"), "image-refused");
  handed_in(repository("cart") + "@" + digest);
  EXPECT_THAT(stage.outcome("cart@production").obstacles.front().text, HasSubstr("name it with its tag"));
  handed_in(repository("cart") + ":1.4.7@" + digest);
  EXPECT_EQ(runs("cart"), pinned("cart", digest));
}

TEST_F(Images, OfATagThatIsGoneStay) {
  model::ImagePolicy stable = policy("cart");
  stable.tag = "stable";
  watch("cart", stable);
  const std::string digest = push_image("cart", "stable");
  stage.deliver();
  server->remove("shop/cart", digest);
  stage.deliver();
  EXPECT_EQ(runs("cart"), pinned("cart", digest));
  EXPECT_EQ(stage.why("cart@production"), "list-shrank");
  EXPECT_EQ(stage.last().report.exit_code(), 4);
}

TEST_F(Images, AskForGatesLikeAnyOtherInput) {
  stage.deliver();
  const std::string before = runs("cart");
  push_image("cart", "1.4.3");
  stage.edit([](FleetSpec& fleet) {
    model::Freeze freeze;
    freeze.name = "always";
    freeze.applies_to = {"production"};
    freeze.timezone = "UTC";
    freeze.weekdays = {1, 2, 3, 4, 5, 6, 7};
    fleet.freezes = {freeze};
  });
  stage.deliver();
  EXPECT_EQ(runs("cart"), before);
  EXPECT_EQ(stage.why("cart@production"), "freeze");
}

}  // namespace
}  // namespace muster::deliver::test

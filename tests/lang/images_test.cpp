// Images as the language says them: where a `watch` can stand, what it becomes, and what it does not move.
#include <gmock/gmock.h>

#include "muster/diag/render.hpp"
#include "muster/lang/compile.hpp"

namespace muster::lang {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

constexpr std::string_view kAround = R"fleet(fleet shop { language = "1.0" }
target here : directory { path = "out" }
environment production { branch = "main", target = here, namespace = "shop" }
environment staging { branch = "develop", target = here, namespace = "shop-staging" }
environment live { from = production, target = here, namespace = "live" }
)fleet";

class Fleet {
 public:
  explicit Fleet(std::string text, std::string_view around = kAround)
      : compilation_(compile({{"main.fleet", std::move(text)}, {"around.fleet", std::string(around)}}, {})) {}

  [[nodiscard]] std::string mistakes() const { return diag::render_terminal(compilation_.diagnostics(), compilation_.sources()); }
  [[nodiscard]] const model::Fleet& model() const { return compilation_.fleet(); }
  [[nodiscard]] model::Instance instance(std::string_view service, std::string_view environment = "production") const {
    const model::Instance* found = model().instance(service, environment);
    EXPECT_NE(found, nullptr) << service << "@" << environment << " is missing\n" << mistakes();
    return found == nullptr ? model::Instance() : *found;
  }
  /// "main: ghcr.io/shop/cart ^1.4", "main: nginx:1", "main: from CI"
  [[nodiscard]] std::vector<std::string> images(std::string_view service, std::string_view environment = "production") const {
    std::vector<std::string> all;
    for (const model::ImageInput& one : instance(service, environment).images) {
      const std::string value = one.policy ? one.policy->repository.where() + " " + one.policy->rule() : one.reference;
      all.push_back(one.name + ": " + (value.empty() ? "from CI" : value));
    }
    return all;
  }
  [[nodiscard]] std::vector<std::string> why(std::string_view service, std::string_view path) const {
    std::string error;
    std::vector<std::string> all;
    for (const ProvenanceLine& line : compilation_.why(service, "production", path, error).value_or(std::vector<ProvenanceLine>()))
      all.push_back(line.value + "  " + line.place + "  " + line.verdict);
    return all;
  }

 private:
  Compilation compilation_;
};

TEST(Images, AreFollowedByVersionsTemplatesCapturesOrOneTag) {
  const Fleet fleet(R"fleet(
service a : std.web { image = watch("ghcr.io/shop/a", versions = "^1.4 || =2.0.0-rc.1") }
service b : std.web { image = watch("ghcr.io/shop/b", tags = "v{version}", versions = "^1") }
service c : std.web { image = watch("ghcr.io/shop/c", tags = "main-{build:int}-{sha:hex}", newest = [build]) }
service d : std.web { image = watch("ghcr.io/shop/d", tags = "{day:date}-{n:int}", newest = [day, n]) }
service e : std.web { image = watch("localhost:5000/e", tag = "stable") }
service f : std.web { image = "ghcr.io/shop/f@sha256:0000000000000000000000000000000000000000000000000000000000000000" }
)fleet");
  EXPECT_EQ(fleet.mistakes(), "");
  EXPECT_THAT(fleet.images("a"), ElementsAre("main: ghcr.io/shop/a ^1.4 || =2.0.0-rc.1"));
  EXPECT_THAT(fleet.images("b"), ElementsAre("main: ghcr.io/shop/b v{version} ^1"));
  EXPECT_THAT(fleet.images("c"), ElementsAre("main: ghcr.io/shop/c main-{build:int}-{sha:hex} newest build"));
  EXPECT_THAT(fleet.images("d"), ElementsAre("main: ghcr.io/shop/d {day:date}-{n:int} newest day, n"));
  EXPECT_THAT(fleet.images("e"), ElementsAre("main: localhost:5000/e tag stable"));
  EXPECT_THAT(fleet.images("f").front(), HasSubstr("@sha256:000"));
}

TEST(Images, ObeyTheLadderLikeEveryValue) {
  const Fleet fleet(R"fleet(
defaults service : std.web { image = watch("ghcr.io/shop/\(service.name)", versions = "^1") }
service cart : std.web {}
service search : std.web { in staging { image = watch("ghcr.io/shop/search", tag = "develop") } }
service legacy : std.web { image = "ghcr.io/shop/legacy:7" }
service plain : std.web { image = none }
)fleet");
  EXPECT_EQ(fleet.mistakes(), "");
  EXPECT_THAT(fleet.images("cart"), ElementsAre("main: ghcr.io/shop/cart ^1"));
  EXPECT_THAT(fleet.images("search", "staging"), ElementsAre("main: ghcr.io/shop/search tag develop"));
  EXPECT_THAT(fleet.images("search"), ElementsAre("main: ghcr.io/shop/search ^1"));
  EXPECT_THAT(fleet.images("legacy"), ElementsAre("main: ghcr.io/shop/legacy:7"));
  EXPECT_THAT(fleet.images("plain"), ElementsAre("main: from CI"));
}

TEST(Images, ComeFromFunctionsConstantsKindsAndConditions) {
  const Fleet fleet(R"fleet(
service a : std.web { image = ours(service.name, "^2") }
service b : std.web { image = BASE }
service c : ours-web {}
service d : std.web { image = if environment.namespace == "shop" then "ghcr.io/shop/d:1" else watch("ghcr.io/shop/d", tag = "next") }
fn ours(name: string, range: versions) -> Watch = watch("ghcr.io/shop/\(name)", tags = "v{version}", versions = range)
const BASE = watch("ghcr.io/shop/base", tags = "{n:int}", newest = [n])
kind ours-web for service extends std.web { image = watch("ghcr.io/kinds/\(name)", versions = "^3") }
)fleet");
  EXPECT_EQ(fleet.mistakes(), "");
  EXPECT_THAT(fleet.images("a"), ElementsAre("main: ghcr.io/shop/a v{version} ^2"));
  EXPECT_THAT(fleet.images("b"), ElementsAre("main: ghcr.io/shop/base {n:int} newest n"));
  EXPECT_THAT(fleet.images("c"), ElementsAre("main: ghcr.io/kinds/c ^3"));
  EXPECT_THAT(fleet.images("d"), ElementsAre("main: ghcr.io/shop/d:1"));
  EXPECT_THAT(fleet.images("d", "staging"), ElementsAre("main: ghcr.io/shop/d tag next"));
}

TEST(Images, OfManifestsAreFollowedByTheNamesThatManifestsHave) {
  const Fleet fleet(R"fleet(
image api { reference = watch("ghcr.io/shop/api", versions = "^2") }
service orders : std.manifests {
  repo   = "github.com/shop/orders"
  images = { "ghcr.io/shop/orders" = watch("ghcr.io/shop/orders", versions = "^2"), nginx = "nginx:1.27", "ghcr.io/shop/api" = api }
  in staging { images += { nginx = watch("nginx", versions = "1") } }
}
)fleet");
  EXPECT_EQ(fleet.mistakes(), "");
  EXPECT_THAT(fleet.images("orders"),
              ElementsAre("ghcr.io/shop/api: ghcr.io/shop/api ^2", "ghcr.io/shop/orders: ghcr.io/shop/orders ^2", "nginx: nginx:1.27"));
  EXPECT_THAT(fleet.images("orders", "staging").back(), "nginx: docker.io/library/nginx 1");
}

TEST(Images, WithANameBringTheirRuleAndTheirKeys) {
  const std::string key = "-----BEGIN PUBLIC KEY-----\\nMFkw\\n-----END PUBLIC KEY-----\\n";
  const Fleet fleet("image web { reference = watch(\"ghcr.io/shop/web\", versions = \"^1\"), keys = [\"" + key + R"fleet("] }
image pinned { reference = "ghcr.io/shop/pinned:1" }
service web : std.web { image = web }
service other : std.web { image = web, in staging { image = pinned } }
service worker : std.worker { images = { main = pinned } }
)fleet");
  EXPECT_EQ(fleet.mistakes(), "");
  EXPECT_THAT(fleet.images("web"), ElementsAre("main: ghcr.io/shop/web ^1"));
  EXPECT_EQ(fleet.instance("web").images.front().keys.size(), 1U);
  EXPECT_THAT(fleet.images("other", "staging"), ElementsAre("main: ghcr.io/shop/pinned:1"));
  EXPECT_TRUE(fleet.instance("other", "staging").images.front().keys.empty());
  EXPECT_THAT(fleet.images("worker"), ElementsAre("main: ghcr.io/shop/pinned:1"));
}

TEST(Images, MoveNoDeclarationHoweverTheyAreSaid) {
  // Otherwise a fleet that begins to watch what it named would count as changed everywhere, against `budget.changes`, before
  // anything is known of the image. The rule is recorded with the image's input: there it is compared (7-rules: image).
  const auto digest = [](const std::string& image) {
    const Fleet fleet("image web { reference = \"ghcr.io/shop/s:1\" }\nservice s : std.web { repo = \"github.com/shop/s\", " + image +
                      ", env = { IMAGE = pinned_image(\"main\") } }\n");
    EXPECT_EQ(fleet.mistakes(), "") << image;
    return fleet.instance("s").declaration_digest;
  };
  const Digest literal = digest("image = \"ghcr.io/shop/s:1\"");
  EXPECT_EQ(literal, digest("image = watch(\"ghcr.io/shop/s\", versions = \"^1\")"));
  EXPECT_EQ(literal, digest("image = watch(\"ghcr.io/shop/s\", versions = \"^2\")"));
  EXPECT_EQ(literal, digest("image = web"));
  EXPECT_EQ(literal, digest("image = none"));
  EXPECT_EQ(literal, digest("build { run = std.buildah(), push = \"ghcr.io/shop/s\" }"));
}

TEST(Images, SayWhereTheirRuleComesFrom) {
  const Fleet fleet(R"fleet(
defaults service : std.web { image = watch("ghcr.io/shop/\(service.name)", versions = "^1") }
service cart : std.web { in production { image = watch("ghcr.io/shop/cart", tags = "{day:date}-{n:int}", newest = [day, n]) } }
service web : std.web { image = shared }
image shared { reference = "ghcr.io/shop/shared:1" }
service orders : std.manifests {
  repo   = "github.com/shop/orders"
  images = { orders = watch("ghcr.io/shop/orders", tag = "stable") }
}
)fleet");
  EXPECT_THAT(fleet.why("cart", "image"),
              ElementsAre("watch(\"ghcr.io/shop/cart\", tags = \"{day:date}-{n:int}\", newest = [day, n])  entity, in production  wins",
                          "watch(\"ghcr.io/shop/cart\", versions = \"^1\")  fleet defaults  shadowed: lower rung",
                          "none  schema default  shadowed"));
  EXPECT_THAT(fleet.why("web", "image"),
              ElementsAre("shared  entity  wins", "watch(\"ghcr.io/shop/web\", versions = \"^1\")  fleet defaults  shadowed: lower rung",
                          "none  schema default  shadowed", "\"ghcr.io/shop/shared:1\"  image shared  read"));
  EXPECT_EQ(fleet.why("orders", "images.orders").front(), "watch(\"ghcr.io/shop/orders\", tag = \"stable\")  entity  wins");
}

TEST(Builds, TakeABuilderWhereToPushAndLimits) {
  const Fleet fleet(R"fleet(
service payments : std.web {
  repo = "github.com/shop/payments"
  build {
    run     = std.buildah(file = "docker/Containerfile", arguments = { GO = "1.23" }, secrets = { npm = secret("env:NPM_TOKEN") })
    push    = "ghcr.io/shop/payments"
    timeout = 10min
    memory  = 2Gi
  }
}
)fleet");
  EXPECT_EQ(fleet.mistakes(), "");
  const model::Build build = fleet.instance("payments").build.value();
  EXPECT_EQ(build.image, "main");
  EXPECT_EQ(build.file, "docker/Containerfile");
  EXPECT_THAT(build.arguments, ElementsAre(Pair("GO", "1.23")));
  EXPECT_EQ(build.secrets.at("npm").reference, "env:NPM_TOKEN");
  EXPECT_EQ(build.push.where(), "ghcr.io/shop/payments");
  EXPECT_EQ(build.timeout, std::chrono::minutes(10));
  EXPECT_EQ(build.memory, std::uint64_t{2} << 30U);
  EXPECT_THAT(fleet.images("payments"), ElementsAre("main: from CI"));
}

TEST(Builds, AreRunByAnyCommand) {
  const Fleet fleet(R"fleet(
service payments : std.web {
  repo = "github.com/shop/payments"
  build {
    run  = std.command(["make", "image"], env = { CGO_ENABLED = "0" }, secrets = { TOKEN = secret("file:/run/t") })
    push = "ghcr.io/shop/payments"
  }
}
)fleet");
  EXPECT_EQ(fleet.mistakes(), "");
  const model::Build build = fleet.instance("payments").build.value();
  EXPECT_EQ(build.file, "");
  EXPECT_THAT(build.command, ElementsAre("make", "image"));
  EXPECT_THAT(build.arguments, ElementsAre(Pair("CGO_ENABLED", "0")));
  EXPECT_EQ(build.timeout, std::chrono::minutes(30));
}

TEST(Builds, AreDeclaredByWhatTheImageIsMadeOfAlone) {
  const auto declaration = [](const std::string& run, const std::string& rest = "push = \"ghcr.io/shop/s\"") {
    const Fleet fleet("service s : std.web { repo = \"github.com/shop/s\"\n build { run = " + run + ", " + rest + " } }\n");
    EXPECT_EQ(fleet.mistakes(), "") << run;
    return fleet.instance("s").build.value().declaration;
  };
  const std::string plain = declaration("std.buildah()");
  EXPECT_EQ(plain, R"({"arguments":{},"command":[],"file":"Containerfile"})");
  EXPECT_EQ(plain, declaration("std.buildah(secrets = { a = secret(\"env:A\") })"));
  EXPECT_EQ(plain, declaration("std.buildah()", "push = \"ghcr.io/other/s\", timeout = 1h, memory = 1Gi"));
  EXPECT_NE(plain, declaration("std.buildah(file = \"Dockerfile\")"));
  EXPECT_NE(plain, declaration("std.buildah(arguments = { A = \"1\" })"));
  EXPECT_NE(plain, declaration("std.command([\"make\"])"));
}

TEST(Builds, FeedTheImageThatManifestsNameOrTheOneTheySay) {
  const Fleet fleet(R"fleet(
service orders : std.manifests { repo = "github.com/shop/orders"
  build { run = std.buildah(), push = "ghcr.io/shop/orders" }
}
service side : std.web {
  repo  = "github.com/shop/side"
  image = watch("ghcr.io/shop/side", versions = "^1")
  build { run = std.buildah(), push = "ghcr.io/shop/helper", image = "helper" }
}
)fleet");
  EXPECT_EQ(fleet.mistakes(), "");
  EXPECT_THAT(fleet.images("orders"), ElementsAre("ghcr.io/shop/orders: from CI"));
  EXPECT_THAT(fleet.images("side"), ElementsAre("helper: from CI", "main: ghcr.io/shop/side ^1"));
}

TEST(Builds, AreNotForEnvironmentsThatFollowOthers) {
  const Fleet fleet("service s : std.web { repo = \"github.com/shop/s\"\n build { run = std.buildah(), push = \"ghcr.io/shop/s\" } }\n");
  EXPECT_TRUE(fleet.instance("s").build.has_value());
  EXPECT_FALSE(fleet.instance("s", "live").build.has_value());
  EXPECT_THAT(fleet.images("s", "live"), ElementsAre("main: from CI"));
}

TEST(Builds, AreSetByEnvironmentsLeafByLeaf) {
  const Fleet fleet(R"fleet(
defaults service : std.web { in production { build { timeout = 2h } } }
service s : std.web {
  repo = "github.com/shop/s"
  build { run = std.buildah(), push = "ghcr.io/shop/s" }
  in staging { build { push = "localhost:5000/s" } }
}
)fleet");
  EXPECT_EQ(fleet.mistakes(), "");
  EXPECT_EQ(fleet.instance("s").build.value().timeout, std::chrono::hours(2));
  EXPECT_EQ(fleet.instance("s", "staging").build.value().push.where(), "localhost:5000/s");
}

TEST(Registries, AreLoweredWithWhatTheyAllow) {
  const Fleet fleet(R"fleet(
registry ours { match = "registry.shop.example/*", auth = basic("ci", secret("env:PASSWORD")), ca = "ca.pem", requests = 60,
                realm = "login.example" }
registry near { match = "10.0.0.7:5000/*", plain_http = true }
)fleet");
  EXPECT_EQ(fleet.mistakes(), "");
  ASSERT_EQ(fleet.model().registries.size(), 2U);
  EXPECT_TRUE(fleet.model().registries[0].plain_http);
  EXPECT_EQ(fleet.model().registries[0].requests, 0);
  EXPECT_EQ(fleet.model().registries[1].name, "ours");
  EXPECT_EQ(fleet.model().registries[1].requests, 60);
  EXPECT_EQ(fleet.model().registries[0].realm, "");
  EXPECT_EQ(fleet.model().registries[1].realm, "login.example");
  EXPECT_EQ(fleet.model().registries[1].ca_file, "ca.pem");
  EXPECT_EQ(fleet.model().registries[1].auth.secret.value().reference, "env:PASSWORD");
}

TEST(Verification, IsTheRepositorysOwnBeforeTheForges) {
  const Fleet fleet(R"fleet(
forge github { match = "github.com/*", verify { keys = ["ssh-ed25519 AAAA all"] } }
repository shared {
  url = "github.com/shop/shared"
  verify { keys = ["ssh-ed25519 BBBB one", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n…\n-----END PGP PUBLIC KEY BLOCK-----"] }
}
service a : std.web { repo = "github.com/shop/a", image = "a:1" }
service b : std.web { repo = shared, image = "a:1" }
service c : std.web { repo = "git.shop.example/c", image = "a:1" }
)fleet");
  EXPECT_EQ(fleet.mistakes(), "");
  EXPECT_THAT(fleet.instance("a").source.value().repository.verify_keys, ElementsAre("ssh-ed25519 AAAA all"));
  EXPECT_EQ(fleet.instance("b").source.value().repository.verify_keys.size(), 2U);
  EXPECT_TRUE(fleet.instance("c").source.value().repository.verify_keys.empty());
}

TEST(Verification, IsNotForgottenWhenTheForgeThatAsksForItIsInError) {
  const Fleet fleet(R"fleet(
forge github { match = nothing, verify { keys = ["ssh-ed25519 AAAA all"] } }
service a : std.web { repo = "github.com/shop/a", image = "a:1" }
service local : std.web { repo = "./local", image = "a:1" }
)fleet");
  EXPECT_EQ(fleet.model().instance("a", "production"), nullptr) << "its match is unknown: it may have been meant for this one";
  EXPECT_NE(fleet.model().instance("local", "production"), nullptr);
}

TEST(Fleets, SayHowManyImagesAreBuiltAtOnce) {
  const std::string around = "target here : directory { path = \"out\" }\nenvironment e { branch = \"main\", target = here }\n";
  EXPECT_EQ(Fleet("fleet f { language = \"1.0\", builds = 4 }", around).model().builds, 4);
  EXPECT_EQ(Fleet("fleet f { language = \"1.0\" }", around).model().builds, 2);
}

}  // namespace
}  // namespace muster::lang

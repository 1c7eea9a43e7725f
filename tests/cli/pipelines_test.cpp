// Pipelines: those of others, as examples/ci has them ready, and muster's own, against a real registry, with real buildah and
// a `muster serve`.
#include <fmt/core.h>

#include <algorithm>
#include <sstream>

#include "cli/muster.hpp"
#include "muster/manifest/yaml.hpp"
#include "support/golden.hpp"
#include "support/registry_server.hpp"
#include "support/server_process.hpp"

namespace muster::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const fs::path kExamples = fs::path(MUSTER_SOURCE_DIR) / "examples/ci";

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) out.push_back(line);
  return out;
}

/// What the plain pipeline does, from its mark on.
std::vector<std::string> plain_lines() {
  std::vector<std::string> out = lines_of(read_file(kExamples / "pipeline"));
  const auto mark =
      std::find_if(out.begin(), out.end(), [](const std::string& line) { return line.find("the same lines") != std::string::npos; });
  if (mark == out.end()) return {};
  out.erase(out.begin(), mark + 1);
  return out;
}

Value yaml(const std::string& name) {
  const auto read = manifest::parse_document(read_file(kExamples / name), name);
  EXPECT_TRUE(read.ok()) << read.failure().text;
  return read.ok() ? *read : Value();
}

const Value& at(const Value& value, std::initializer_list<std::string_view> path) {
  static const Value kNothing;
  const Value* here = &value;
  for (const std::string_view key : path) {
    here = here->find(key);
    if (here == nullptr) return kNothing;
  }
  return *here;
}

/// The variables that the plain pipeline says it needs; both systems must set them all.
constexpr const char* kNeeded[] = {"SERVICE", "IMAGE", "COMMIT", "PLATFORM", "REGISTRY_USER", "REGISTRY_PASSWORD"};

TEST(Pipelines, OfGitHubHasTheLinesOfThePlainOne) {
  const Value file = yaml("github-actions.yml");
  const Value& job = at(file, {"jobs", "deliver"});
  for (const char* name : kNeeded) EXPECT_NE(job.find("env")->find(name), nullptr) << name;
  const Array* steps = at(job, {"steps"}).if_array();
  ASSERT_NE(steps, nullptr);
  std::vector<std::string> run;
  for (const Value& step : *steps) {
    for (const std::string& line : lines_of(std::string(step.string_at("run")))) run.push_back(line);
  }
  ASSERT_FALSE(run.empty());
  EXPECT_EQ(run, plain_lines());
}

TEST(Pipelines, OfGitLabHasTheLinesOfThePlainOne) {
  const Value file = yaml("gitlab-ci.yml");
  const Value& job = at(file, {"deliver"});
  for (const char* name : kNeeded) EXPECT_NE(job.find("variables")->find(name), nullptr) << name;
  const Array* script = at(job, {"script"}).if_array();
  ASSERT_NE(script, nullptr);
  std::vector<std::string> run;
  for (const Value& line : *script) run.push_back(line.if_string() == nullptr ? "(no text)" : *line.if_string());
  EXPECT_EQ(run, plain_lines());
}

/// A platform repository whose fleet is read by a `muster serve`, and a registry that asks for a password.
class Pipeline : public Muster {
 protected:
  void SetUp() override {
    if (const auto missing = RegistryServer::missing()) GTEST_SKIP() << *missing;
    if (!find_program("buildah")) GTEST_SKIP() << "buildah is not installed (Debian package buildah)";
    registry_.emplace(RegistryServer::Options{.user = "ci", .password = "let me in"});
    variables_["REGISTRY_PASSWORD"] = "let me in";
  }

  void declare(const std::string& service) {
    write("fleet/shop.fleet", fmt::format(R"(fleet shop {{ language = "1.0", records = "file://{0}/environments.git" }}
registry images {{ match = "{1}/*", auth = basic("ci", secret("env:REGISTRY_PASSWORD")) }}
target here : directory {{ path = "{0}/out/staging" }}
environment staging {{ branch = "main", target = here, namespace = "shop" }}
{2}
)",
                                          root().string(), registry_->host(), service));
    git("init -q --bare -b staging ../environments.git");
    git("init -q -b main . && git add -A && git commit -q -m 'Declare the shop' && git clone -q --bare . ../platform.git");
    git("clone -q ../platform.git ../server");
  }

  void git(const std::string& line) const { ASSERT_THAT(shell("git " + line), EndsWith(0)); }

  std::string commit(const std::string& page) {
    return repository("cart").commit({{"Containerfile", "FROM scratch\nCOPY page /page\n"}, {"page", page}}, "Say " + page);
  }

  ServerProcess serve() {
    return {{MUSTER_BINARY, "-C", (root() / "server").string(), "serve", "--interval", "200ms"}, variables_, root() / "serve.log"};
  }

  [[nodiscard]] std::string deployment() const {
    const std::string file = "out/staging/shop/deployment.apps-cart.yaml";
    return exists(file) ? read(file) : "";
  }

  std::optional<RegistryServer> registry_;
};

/// A service `cart` whose images its own pipeline brings.
class PlainPipeline : public Pipeline {
 protected:
  void SetUp() override {
    Pipeline::SetUp();
    if (IsSkipped()) return;
    if (shell("mountpoint -q /").code != 0) GTEST_SKIP() << "buildah by itself needs a `/` that is a mount point";
    declare(fmt::format("service cart : std.web {{ repo = \"file://{}/code/cart.git\" }}", root().string()));
    set_up_buildah();
    variables_["SERVICE"] = "cart@staging";
    variables_["PLATFORM"] = (root() / "platform.git").string();
    variables_["REGISTRY_USER"] = "ci";
    variables_["TMPDIR"] = (root() / "temporary").string();
    fs::create_directories(root() / "temporary");
  }

  /// Shut off from the machine's storage and settings, and told that this registry has no TLS.
  void set_up_buildah() {
    write("storage.conf",
          fmt::format("[storage]\ndriver = \"vfs\"\ngraphroot = \"{0}/storage\"\nrunroot = \"{0}/running\"\n", root().string()));
    write("home/.config/containers/registries.conf.d/test.conf",
          fmt::format("[[registry]]\nlocation = \"{}\"\ninsecure = true\n", registry_->host()));
    variables_["CONTAINERS_STORAGE_CONF"] = (root() / "storage.conf").string();
    variables_["STORAGE_DRIVER"] = "vfs";
    variables_["BUILDAH_ISOLATION"] = "chroot";
  }

  /// The pipeline for a commit, in a fresh clone, as CI systems have it.
  Ran pipeline(const std::string& commit) {
    variables_["COMMIT"] = commit;
    variables_["IMAGE"] = fmt::format("{}/shop/cart:{}", registry_->host(), commit);
    return shell(fmt::format("rm -rf ../clone && git clone -q ../code/cart.git ../clone && cd ../clone && git checkout -q {} && {}", commit,
                             (kExamples / "pipeline").string()));
  }
};

TEST_F(PlainPipeline, EndsWhenWhatItPushedRuns) {
  const ServerProcess daemon = serve();
  const Ran first = pipeline(commit("one"));
  ASSERT_THAT(first, EndsWith(0)) << read("serve.log");
  EXPECT_THAT(first.out, HasSubstr("it runs, and is healthy"));
  const std::string one = deployment();
  EXPECT_THAT(one, HasSubstr(registry_->host() + "/shop/cart@sha256:"));

  const Ran second = pipeline(commit("two"));
  ASSERT_THAT(second, EndsWith(0)) << read("serve.log");
  EXPECT_THAT(deployment(), AllOf(HasSubstr(registry_->host() + "/shop/cart@sha256:"), testing::Ne(one)));
  EXPECT_TRUE(fs::is_empty(root() / "temporary")) << "credentials and clones are gone with the pipeline";
}

TEST_F(PlainPipeline, ChangesNothingForACommitThatComesLate) {
  const ServerProcess daemon = serve();
  const std::string older = commit("one");
  ASSERT_THAT(pipeline(commit("two")), EndsWith(0)) << read("serve.log");
  const std::string standing = deployment();
  EXPECT_THAT(pipeline(older), EndsWith(0)) << read("serve.log");
  EXPECT_EQ(deployment(), standing);
}

TEST_F(PlainPipeline, FailsWhereTheBuildFailsAndRecordsNothing) {
  const std::string broken = repository("cart").commit({{"Containerfile", "FROM scratch\nCOPY nothing /page\n"}}, "Forget the page");
  const Ran ran = pipeline(broken);
  EXPECT_THAT(ran, EndsWith(125)) << "as buildah ends";
  EXPECT_THAT(ran.error, HasSubstr("nothing"));
  EXPECT_THAT(shell("git -C ../environments.git for-each-ref").out, testing::IsEmpty());
  EXPECT_TRUE(fs::is_empty(root() / "temporary"));
}

TEST_F(Pipeline, FailsWhereItsImageIsNotTaken) {
  const std::string image = registry_->host() + "/shop/cart:1";
  declare(
      fmt::format("team ops {{}}\nservice cart : std.web {{ repo = \"file://{}/code/cart.git\", "
                  "gate {{ approval {{ from = [ops], count = 1 }} }} }}",
                  root().string()));
  commit("one");
  const Ran waited = muster({"deliver", "cart@staging", "--image", image, "--wait", "--timeout", "5s"});
  EXPECT_THAT(waited, EndsWith(1)) << waited.out;
  EXPECT_THAT(waited.error, HasSubstr("cart@staging did not take `" + image + "`"));
  EXPECT_THAT(waited.out, Not(HasSubstr("it runs")));
  const Ran told = muster({"--json", "deliver", "cart@staging", "--image", image, "--wait", "--timeout", "5s"});
  EXPECT_THAT(told, EndsWith(1));
  EXPECT_THAT(std::string(told.json().find("error")->string_at("text")), HasSubstr("did not take"));
}

TEST_F(Pipeline, OfMusterBuildsACommitThatWasMergedIn) {
  declare(
      fmt::format("service cart : std.web {{ repo = \"file://{}/code/cart.git\", "
                  "build {{ run = std.buildah(), push = \"{}/shop/cart\" }} }}",
                  root().string(), registry_->host()));
  commit("one");
  git("clone -q ../code/cart.git ../merging && cd ../merging && git checkout -q -b side && echo two > page && git commit -qam Side && "
      "git checkout -q main && git merge -q --no-ff -m Merge side && git push -q origin main");
  const std::string side = shell("git -C ../merging rev-parse side").out.substr(0, 40);
  const Ran built = muster({"build", "cart", "--at", side.substr(0, 9)});
  ASSERT_THAT(built, EndsWith(0)) << built.error;
  EXPECT_THAT(built.out, HasSubstr("cart at " + side.substr(0, 10)));
  const Ran unknown = muster({"build", "cart", "--at", std::string(40, '0')});
  EXPECT_THAT(unknown, EndsWith(2));
  EXPECT_THAT(unknown.error, HasSubstr("the branch main has no commit 000000"));
  EXPECT_THAT(muster({"build", "cart", "--at", "not-a-commit"}).error, HasSubstr("begins no object's id"));
}

TEST_F(Pipeline, OfMusterTurnsACommitIntoADigestInTheTarget) {
  declare(
      fmt::format("service cart : std.web {{ repo = \"file://{}/code/cart.git\", "
                  "build {{ run = std.buildah(), push = \"{}/shop/cart\" }} }}",
                  root().string(), registry_->host()));
  commit("one");
  const ServerProcess daemon = serve();
  const std::string pinned = registry_->host() + "/shop/cart@sha256:";
  ASSERT_TRUE(eventually([&] { return deployment().find(pinned) != std::string::npos; })) << read("serve.log");
  const std::string one = deployment();
  const std::string second = commit("two");
  ASSERT_TRUE(eventually([&] { return deployment() != one; })) << read("serve.log");

  // Nobody touched anything; and the whole chain is told: commit, build and its log, digest, record, object.
  const std::string two = deployment();
  const std::string digest = two.substr(two.find(pinned), pinned.size() + 64);
  const Ran why = muster_in(root() / "server", {"why", "cart@staging"});
  ASSERT_THAT(why, EndsWith(0));
  EXPECT_THAT(why.out, AllOf(HasSubstr("built from commit " + second + ", log "), HasSubstr("runs as " + digest), HasSubstr("recorded in "),
                             HasSubstr("Deployment.apps shop/cart")));
  const std::size_t log = why.out.find(", log ") + 6;
  EXPECT_THAT(read_file(why.out.substr(log, why.out.find('\n', log) - log)), HasSubstr("COPY page /page"));
  EXPECT_TRUE(fs::is_empty(root() / "server/.muster/scratch")) << "nothing of a build is left";
}

TEST_F(Pipeline, OfMusterBuildsInAChrootIntoAPlainFolder) {
  if (shell("unshare --mount true").code != 0) GTEST_SKIP() << "no mount namespaces: only root has them";
  declare(
      fmt::format("service cart : std.web {{ repo = \"file://{}/code/cart.git\", "
                  "build {{ run = std.buildah(), push = \"{}/shop/cart\" }} }}",
                  root().string(), registry_->host()));
  commit("one");
  // The machine's files, below a root that nothing is mounted on.
  write("chroot", R"(set -e
root=$1 && shift && mkdir "$root"
for entry in /*; do
  if [ -L "$entry" ]; then
    cp -P "$entry" "$root"
  elif [ -d "$entry" ]; then
    mkdir "$root$entry" && mount --rbind "$entry" "$root$entry"
  fi
done
exec unshare --root="$root" --wd="$PWD" "$@"
)");
  const Ran built = shell(fmt::format("unshare --mount sh {0}/chroot {0}/plain {1} build cart", root().string(), MUSTER_BINARY));
  ASSERT_THAT(built, EndsWith(0)) << built.error;
  EXPECT_THAT(built.out, HasSubstr(registry_->host() + "/shop/cart@sha256:"));
}

}  // namespace
}  // namespace muster::test

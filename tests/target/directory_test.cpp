#include <fmt/core.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "muster/manifest/yaml.hpp"
#include "muster/target/targets.hpp"
#include "support/temporary.hpp"

namespace muster::target {
namespace {

namespace fs = std::filesystem;

manifest::Object object(const std::string& yaml) {
  auto objects = manifest::parse_objects(yaml, "test");
  if (!objects.ok()) ADD_FAILURE() << objects.failure().text;
  return objects.ok() ? objects->front() : manifest::Object();
}

manifest::Object config(const std::string& name, const std::string& text = "one", const std::string& space = "shop") {
  return object(
      fmt::format("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {}, namespace: {}}}\ndata: {{text: \"{}\"}}\n", name, space, text));
}

class DirectoryTargetTest : public testing::Test {
 protected:
  std::shared_ptr<Target> open() {
    // A target of its own each time, as another process would have.
    auto target = open_targets(system_world(), folder.path())->open({"local", "directory", "out", {}});
    if (!target.ok()) ADD_FAILURE() << target.failure().text;
    return *target;
  }

  // The environment's stamp, made where there is none.
  static Stamp stamped(Target& target, const std::string& environment = "e1") {
    const auto found = target.stamp(environment);
    if (found.ok() && *found) return **found;
    const Stamp stamp{environment, "shop", environment, "c1"};
    EXPECT_TRUE(target.swap_stamp(std::nullopt, stamp).ok());
    return stamp;
  }

  // Intent, object, confirmation: what reconcile does.
  Live create(Target& target, const manifest::Object& wanted, const std::string& environment = "e1", const std::string& service = "cart") {
    Inventory inventory = inventory_of(target, environment, service);
    inventory.entries.push_back({wanted.id, {}, manifest::digest(wanted), {}});
    const Stamp under = stamped(target, environment);
    inventory.version = *target.write_inventory(under, inventory);
    auto live = target.apply(under, wanted, std::nullopt);
    if (!live.ok()) ADD_FAILURE() << live.failure().text;
    inventory.entries.back().uid = live->uid;
    EXPECT_TRUE(target.write_inventory(under, inventory).ok());
    return *live;
  }

  static Inventory inventory_of(Target& target, const std::string& environment, const std::string& service) {
    for (Inventory& inventory : *target.inventories(environment)) {
      if (inventory.service == service) return inventory;
    }
    Inventory inventory;
    inventory.service = service;
    return inventory;
  }

  static std::optional<Live> observe(Target& target, const manifest::ObjectId& id) {
    auto live = target.observe(std::vector{id});
    if (!live.ok()) ADD_FAILURE() << live.failure().text;
    return live.ok() && !live->empty() ? std::optional(live->front()) : std::nullopt;
  }

  [[nodiscard]] std::string file(const std::string& path) const { return folder.read("out/" + path); }

  muster::test::TemporaryFolder folder;
};

Reason reason_of(const Result<Live>& result) { return result.ok() ? Reason::internal : result.failure().reason; }
Reason reason_of(const Result<void>& result) { return result.ok() ? Reason::internal : result.failure().reason; }

TEST_F(DirectoryTargetTest, WritesOneObjectAFileWhereOtherToolsFindIt) {
  const auto target = open();
  EXPECT_TRUE(target->swap_stamp(std::nullopt, {"e1", "shop", "production", "c1"}).ok());
  create(*target, config("cart"));
  create(*target, object("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: \"system:cart\"}\n"));
  EXPECT_EQ(file("shop/configmap-cart.yaml"),
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cart\n  namespace: shop\ndata:\n  text: one\n");
  EXPECT_NE(file("_cluster/clusterrole.rbac.authorization.k8s.io-system%3Acart.yaml"), "");
  std::vector<std::string> yaml;
  for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
    if (entry.path().extension() == ".yaml") yaml.push_back(entry.path().filename());
  }
  EXPECT_EQ(yaml.size(), 2U) << "a tool that reads the folder would take muster's own files for objects";
}

TEST_F(DirectoryTargetTest, SeesWhatItWroteAfterARestart) {
  const Live made = create(*open(), config("cart"));
  const auto again = observe(*open(), made.id);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->uid, made.uid);
  EXPECT_EQ(again->version, made.version);
  EXPECT_EQ(again->digest, manifest::digest(config("cart")));
  EXPECT_TRUE(again->ours);
  EXPECT_EQ(*open()->read(made.id), std::optional(config("cart").content));
}

TEST_F(DirectoryTargetTest, ReplacesOnlyWhatTheCallerSaw) {
  const auto target = open();
  const Live made = create(*target, config("cart"));
  EXPECT_EQ(reason_of(target->apply(stamped(*target), config("cart", "two"), std::nullopt)), Reason::conflict);
  EXPECT_EQ(reason_of(target->apply(stamped(*target), config("cart", "two"), Precondition{made.uid, "another"})), Reason::conflict);
  EXPECT_EQ(reason_of(target->apply(stamped(*target), config("cart", "two"), Precondition{"another", made.version})), Reason::conflict);
  EXPECT_EQ(reason_of(target->apply(stamped(*target), config("new"), Precondition{made.uid, made.version})), Reason::conflict);
  EXPECT_EQ(observe(*target, made.id)->version, made.version);
  const auto changed = target->apply(stamped(*target), config("cart", "two"), Precondition{made.uid, made.version});
  ASSERT_TRUE(changed.ok()) << changed.failure().text;
  EXPECT_EQ(changed->uid, made.uid);
  EXPECT_EQ(observe(*target, made.id)->digest, manifest::digest(config("cart", "two")));
}

TEST_F(DirectoryTargetTest, NeverTouchesForeignFiles) {
  const std::string foreign = "# mine\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: cart, namespace: shop}\n";
  folder.write("out/shop/configmap-cart.yaml", foreign);
  folder.write("out/shop/notes.txt", "mine too");
  const auto target = open();
  const auto live = observe(*target, config("cart").id);
  ASSERT_TRUE(live);
  EXPECT_EQ(live->uid, "");
  EXPECT_FALSE(live->ours);
  EXPECT_EQ(reason_of(target->apply(stamped(*target), config("cart"), std::nullopt)), Reason::conflict);
  EXPECT_EQ(reason_of(target->remove(stamped(*target), live->id, {"some uid", live->version})), Reason::conflict);
  const Live other = create(*target, config("other"));
  EXPECT_TRUE(target->remove(stamped(*target), other.id, {other.uid, other.version}).ok());
  EXPECT_EQ(file("shop/configmap-cart.yaml"), foreign);
  EXPECT_EQ(file("shop/notes.txt"), "mine too");
}

TEST_F(DirectoryTargetTest, TakesAForeignFileOverWhenToldWhatStandsThere) {
  folder.write("out/shop/configmap-cart.yaml", manifest::print_object(config("cart").content));
  const auto target = open();
  const auto live = observe(*target, config("cart").id);
  ASSERT_TRUE(live);
  EXPECT_EQ(live->digest, manifest::digest(config("cart")));
  const auto taken = target->apply(stamped(*target), config("cart"), Precondition{"", live->version});
  ASSERT_TRUE(taken.ok()) << taken.failure().text;
  EXPECT_NE(taken->uid, "");
}

TEST_F(DirectoryTargetTest, SeesHandEditsAsDriftOfTheSameObject) {
  const auto target = open();
  const Live made = create(*target, config("cart"));
  const fs::path path = folder.path() / "out/shop/configmap-cart.yaml";

  folder.write("out/shop/configmap-cart.yaml", "# a comment\n" + file("shop/configmap-cart.yaml"));
  const auto commented = observe(*target, made.id);
  EXPECT_EQ(commented->digest, made.digest) << "a comment changes no object";
  EXPECT_NE(commented->version, made.version) << "and yet the file is another";

  for (const char* edit :
       {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cart, namespace: shop}\ndata: {text: edited}\n", "not: an object\n", "{[broken",
        "", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: another, namespace: shop}\n", "a: &a [*a]\n"}) {
    folder.write("out/shop/configmap-cart.yaml", edit);
    const auto edited = observe(*target, made.id);
    ASSERT_TRUE(edited) << edit;
    EXPECT_EQ(edited->uid, made.uid) << edit;
    EXPECT_NE(edited->digest, made.digest) << edit;
    EXPECT_EQ(reason_of(target->apply(stamped(*target), config("cart"), Precondition{made.uid, made.version})), Reason::conflict) << edit;
    EXPECT_TRUE(target->read(made.id).ok()) << edit;
  }
  const auto edited = observe(*target, made.id);
  EXPECT_TRUE(target->apply(stamped(*target), config("cart"), Precondition{edited->uid, edited->version}).ok());
  EXPECT_EQ(observe(*target, made.id)->version, made.version);
}

TEST_F(DirectoryTargetTest, TakesTwoObjectsInOneFileForSomethingElse) {
  const std::string two = manifest::print_object(config("cart").content) + "---\n" + manifest::print_object(config("other").content);
  folder.write("out/shop/configmap-cart.yaml", two);
  EXPECT_NE(observe(*open(), config("cart").id)->digest, manifest::digest(config("cart")));
}

TEST_F(DirectoryTargetTest, RemovesExactlyWhatTheCallerSawAndOnlyOnce) {
  const auto target = open();
  const Live made = create(*target, config("cart"));
  EXPECT_EQ(reason_of(target->remove(stamped(*target), made.id, {made.uid, "another"})), Reason::conflict);
  EXPECT_EQ(reason_of(target->remove(stamped(*target), made.id, {"another", made.version})), Reason::conflict);
  EXPECT_TRUE(target->remove(stamped(*target), made.id, {made.uid, made.version}).ok());
  EXPECT_TRUE(target->remove(stamped(*target), made.id, {made.uid, made.version}).ok()) << "gone is what was asked for";
  EXPECT_FALSE(fs::exists(folder.path() / "out/shop")) << "an empty folder is left behind";
}

TEST_F(DirectoryTargetTest, FollowsNoLinksOutOfItself) {
  const fs::path outside = folder.path() / "outside";
  fs::create_directories(outside);
  folder.write("outside/configmap-cart.yaml", "precious");
  fs::create_directories(folder.path() / "out/files");
  fs::create_directory_symlink(outside, folder.path() / "out/shop");
  fs::create_symlink(outside / "configmap-cart.yaml", folder.path() / "out/files/configmap-cart.yaml");
  const auto target = open();
  EXPECT_EQ(reason_of(target->apply(stamped(*target), config("new"), std::nullopt)), Reason::conflict);
  EXPECT_FALSE(target->observe(std::vector{config("cart").id}).ok());
  const auto link = observe(*target, config("cart", "one", "files").id);
  ASSERT_TRUE(link);
  EXPECT_EQ(link->uid, "");
  EXPECT_FALSE(target->read(config("cart", "one", "files").id).ok());
  EXPECT_EQ(folder.read("outside/configmap-cart.yaml"), "precious");
  EXPECT_FALSE(fs::exists(outside / "configmap-new.yaml"));

  const fs::path other = folder.path() / "out2";
  fs::create_directories(other);
  fs::create_directory_symlink(outside, other / ".muster");
  const auto linked = *open_targets(system_world(), folder.path())->open({"linked", "directory", "out2", {}});
  EXPECT_EQ(reason_of(linked->swap_stamp(std::nullopt, {"e1", "shop", "production", "c1"})), Reason::conflict);
  EXPECT_EQ(std::distance(fs::directory_iterator(outside), fs::directory_iterator()), 1);
}

TEST_F(DirectoryTargetTest, KeepsItsInventoryInsideItself) {
  const fs::path outside = folder.path() / "outside";
  fs::create_directories(outside);
  for (const char* linked : {"inventory", "inventory/e1"}) {
    const fs::path link = folder.path() / "linked" / ".muster" / linked;
    fs::remove_all(folder.path() / "linked");
    fs::create_directories(link.parent_path());
    fs::create_directory_symlink(outside, link);
    const auto target = *open_targets(system_world(), folder.path())->open({"linked", "directory", "linked", {}});
    const auto stamps = target->stamps();
    ASSERT_FALSE(stamps.ok()) << linked;
    EXPECT_EQ(stamps.failure().reason, Reason::conflict);
    EXPECT_NE(stamps.failure().text.find(link.native() + " is no folder"), std::string::npos) << stamps.failure().text;
    EXPECT_TRUE(fs::is_empty(outside)) << linked;
  }
}

TEST_F(DirectoryTargetTest, SwapsStampsOnlyFromWhatWasExpected) {
  const auto target = open();
  const Stamp first{"e1", "shop", "production", "c1"};
  const Stamp second{"e1", "shop", "production", "c2"};
  EXPECT_EQ(*target->stamp("e1"), std::nullopt);
  EXPECT_EQ(reason_of(target->swap_stamp(first, second)), Reason::conflict);
  EXPECT_TRUE(target->swap_stamp(std::nullopt, first).ok());
  EXPECT_EQ(reason_of(target->swap_stamp(std::nullopt, second)), Reason::conflict);
  EXPECT_TRUE(open()->swap_stamp(first, second).ok());
  EXPECT_EQ(*target->stamp("e1"), second);
}

TEST_F(DirectoryTargetTest, LetsNobodyWriteUnderAStampThatSomebodyElseReplaced) {
  const auto late = open();
  const Live made = create(*late, config("cart"));
  const Live kept = create(*late, config("kept"), "e1", "search");
  const Stamp old = stamped(*late);
  const Stamp next{"e1", old.fleet, old.environment, "c2"};
  EXPECT_TRUE(open()->swap_stamp(old, next).ok());
  EXPECT_EQ(reason_of(late->apply(old, config("cart", "two"), Precondition{made.uid, made.version})), Reason::conflict);
  EXPECT_EQ(reason_of(late->apply(old, config("new"), std::nullopt)), Reason::conflict);
  EXPECT_EQ(reason_of(late->remove(old, kept.id, {kept.uid, kept.version})), Reason::conflict);
  EXPECT_EQ(late->write_inventory(old, inventory_of(*late, "e1", "cart")).failure().reason, Reason::conflict);
  EXPECT_EQ(reason_of(late->remove_inventory(old, inventory_of(*late, "e1", "cart"))), Reason::conflict);
  EXPECT_EQ(observe(*late, made.id)->version, made.version);
  EXPECT_TRUE(observe(*late, kept.id));
  EXPECT_FALSE(observe(*late, config("new").id));
  EXPECT_TRUE(late->apply(next, config("cart", "two"), Precondition{made.uid, made.version}).ok());
}

TEST_F(DirectoryTargetTest, HoldsSeveralEnvironmentsApart) {
  const auto target = open();
  const Stamp one{"e1", "shop", "production", "c1"};
  const Stamp other{"e2", "bank", "production", "c2"};
  EXPECT_TRUE(target->swap_stamp(std::nullopt, other).ok());
  EXPECT_TRUE(target->swap_stamp(std::nullopt, one).ok());
  create(*target, config("cart"), "e1");
  const Live theirs = create(*target, config("ledger"), "e2", "ledger");
  EXPECT_EQ(*target->stamps(), (std::vector{one, other}));
  EXPECT_EQ(target->inventories("e1")->size(), 1U);
  EXPECT_EQ(target->inventories("e2")->front().entries.front().uid, theirs.uid);
  EXPECT_EQ(target->inventories("e3")->size(), 0U);
}

TEST_F(DirectoryTargetTest, ForgetsAnEnvironmentOnlyWhenItOwnsNothing) {
  const auto target = open();
  const Stamp stamp{"e1", "shop", "production", "c1"};
  EXPECT_TRUE(target->swap_stamp(std::nullopt, stamp).ok());
  const Live made = create(*target, config("cart"));
  EXPECT_EQ(reason_of(target->remove_stamp(stamp)), Reason::conflict);
  EXPECT_TRUE(target->remove(stamped(*target), made.id, {made.uid, made.version}).ok());
  EXPECT_TRUE(target->remove_inventory(stamped(*target), inventory_of(*target, "e1", "cart")).ok());
  EXPECT_EQ(reason_of(target->remove_stamp({"e1", "shop", "production", "c0"})), Reason::conflict);
  EXPECT_TRUE(target->remove_stamp(stamp).ok());
  EXPECT_TRUE(target->remove_stamp(stamp).ok()) << "a second time after a crash";
  EXPECT_EQ(target->stamps()->size(), 0U);
}

TEST_F(DirectoryTargetTest, SaysThatAStampCannotBeRead) {
  const auto target = open();
  EXPECT_TRUE(target->swap_stamp(std::nullopt, {"e1", "shop", "production", "c1"}).ok());
  const std::string path = "out/.muster/inventory/e1/stamp";
  const std::string whole = folder.read(path);
  for (std::size_t size = 0; size + 1 < whole.size(); ++size) {
    folder.write(path, whole.substr(0, size));
    const auto cut = target->stamp("e1");
    ASSERT_FALSE(cut.ok()) << "cut after " << size << " bytes";
    EXPECT_EQ(cut.failure().reason, Reason::corrupt);
    EXPECT_FALSE(target->stamps().ok());
  }
  folder.write(path, whole);
  fs::rename(folder.path() / "out/.muster/inventory/e1", folder.path() / "out/.muster/inventory/e2");
  EXPECT_FALSE(target->stamp("e2").ok()) << "another environment's stamp under this name";
}

TEST_F(DirectoryTargetTest, DoesNotTakeInventoriesWithoutAStampForANewEnvironment) {
  const auto target = open();
  EXPECT_TRUE(target->swap_stamp(std::nullopt, {"e1", "shop", "production", "c1"}).ok());
  create(*target, config("cart"));
  fs::remove(folder.path() / "out/.muster/inventory/e1/stamp");
  const auto stamp = target->stamp("e1");
  ASSERT_FALSE(stamp.ok());
  EXPECT_EQ(stamp.failure().reason, Reason::corrupt);
  EXPECT_NE(stamp.failure().text.find("rebuilt from the branch"), std::string::npos) << stamp.failure().text;
}

TEST_F(DirectoryTargetTest, NeverReadsADamagedInventoryAsASmallerOne) {
  const auto target = open();
  create(*target, config("one"));
  create(*target, config("two"));
  const std::string path = "out/.muster/inventory/e1/cart.owned";
  const std::string whole = folder.read(path);
  for (std::size_t size = 0; size + 1 < whole.size(); size += 7) {
    folder.write(path, whole.substr(0, size));
    const auto inventories = target->inventories("e1");
    ASSERT_EQ(inventories->size(), 1U);
    EXPECT_TRUE(inventories->front().lost) << "cut after " << size << " bytes";
    EXPECT_TRUE(inventories->front().entries.empty());
    EXPECT_EQ(inventories->front().service, "cart");
  }
  Inventory lost = target->inventories("e1")->front();
  Inventory stale = lost;
  stale.version = "another";
  EXPECT_FALSE(target->write_inventory(stamped(*target), stale).ok());
  EXPECT_TRUE(target->write_inventory(stamped(*target), lost).ok()) << "a lost one is replaced under its version";
  EXPECT_FALSE(target->inventories("e1")->front().lost);
}

TEST_F(DirectoryTargetTest, WritesAnInventoryOnlyOverTheOneThatWasRead) {
  const auto target = open();
  Inventory mine = inventory_of(*target, "e1", "cart");
  Inventory theirs = mine;
  mine.record = "c1";
  theirs.record = "c2";
  const auto version = target->write_inventory(stamped(*target), mine);
  ASSERT_TRUE(version.ok());
  EXPECT_FALSE(open()->write_inventory(stamped(*target), theirs).ok());
  EXPECT_FALSE(open()->remove_inventory(stamped(*target), theirs).ok());
  theirs.version = *version;
  EXPECT_TRUE(open()->write_inventory(stamped(*target), theirs).ok());
  EXPECT_EQ(target->inventories("e1")->front().record, "c2") << "another process wrote it";
}

TEST_F(DirectoryTargetTest, LetsOneOfManyWritersWinEachSwap) {
  const std::vector<std::shared_ptr<Target>> targets{open(), open()};
  std::atomic<int> won = 0;
  {
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < 8; ++writer) {
      writers.emplace_back([&, writer] {
        if (targets[static_cast<std::size_t>(writer) % 2]
                ->swap_stamp(std::nullopt, {"e1", "shop", "production", fmt::format("c{}", writer)})
                .ok())
          ++won;
      });
    }
  }
  EXPECT_EQ(won, 1);
  const Stamp under = stamped(*targets.front());
  std::atomic<int> created = 0;
  {
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < 8; ++writer) {
      writers.emplace_back([&, writer] {
        if (targets[static_cast<std::size_t>(writer) % 2]->apply(under, config("cart", fmt::format("{}", writer)), std::nullopt).ok())
          ++created;
      });
    }
  }
  EXPECT_EQ(created, 1);
}

TEST_F(DirectoryTargetTest, MakesAndRemovesSideBySide) {
  const auto target = open();
  const Stamp under = stamped(*target);
  std::vector<std::jthread> writers;
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&, writer] {
      for (int round = 0; round < 10; ++round) {
        const auto made = target->apply(under, config(fmt::format("c{}", writer)), std::nullopt);
        ASSERT_TRUE(made.ok()) << made.failure().text;
        // Nobody's in any inventory yet, so it stands without a uid.
        const auto removed = target->remove(under, made->id, {"", made->version});
        ASSERT_TRUE(removed.ok()) << removed.failure().text;
      }
    });
  }
}

TEST_F(DirectoryTargetTest, CallsAFileHealthyAndItsAbsenceNot) {
  const auto target = open();
  create(*target, config("cart"));
  EXPECT_EQ(target->health(config("cart").id)->state, Health::State::healthy);
  EXPECT_EQ(target->health(config("gone").id)->state, Health::State::unhealthy);
  EXPECT_FALSE(target->executes());
}

TEST_F(DirectoryTargetTest, KeepsTheRuinsOfASecretToItself) {
  folder.write("out/shop/secret-token.yaml", "kind: Secret\ndata: {token: canary}\n  broken");
  const auto read = open()->read(manifest::ObjectId{"shop", "", "Secret", "token"});
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.failure().text.find("canary"), std::string::npos);
}

TEST(Targets, OpenTheSameTargetForTheSameReferenceAndRefuseOtherKinds) {
  const muster::test::TemporaryFolder folder;
  const auto targets = open_targets(system_world(), folder.path());
  const TargetRef local{"local", "directory", "out", {}};
  EXPECT_EQ(*targets->open(local), *targets->open(local));
  EXPECT_EQ((*targets->open(local))->reference(), local);
  const auto cluster = targets->open({"prod", "kubernetes", "", {}});
  ASSERT_FALSE(cluster.ok());
  EXPECT_EQ(cluster.failure().reason, Reason::unsupported);
  EXPECT_FALSE(targets->open({"nowhere", "directory", "", {}}).ok());
}

}  // namespace
}  // namespace muster::target

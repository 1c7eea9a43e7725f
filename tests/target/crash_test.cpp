// A run that creates, changes and prunes is stopped at each of its changes in turn, as by a kill or a full disk, and run
// again. It must find its way without help, and what stands in between must be whole.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "muster/manifest/yaml.hpp"
#include "stopping_files.hpp"
#include "support/temporary.hpp"
#include "target/directory/directory_target.hpp"

namespace muster::target {
namespace {

namespace fs = std::filesystem;
using test::StoppingFiles;

constexpr const char* kEnvironment = "e1";

manifest::Object config(const std::string& name, const std::string& text) {
  return manifest::parse_objects(
             fmt::format("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {}, namespace: shop}}\ndata: {{text: {}}}\n", name, text),
             "test")
      ->front();
}

struct Wanted {
  std::string record;
  std::vector<manifest::Object> objects;
};

const Wanted kFirst{"c1", {config("a", "one"), config("b", "one"), config("d", "one")}};
const Wanted kSecond{"c2", {config("a", "two"), config("c", "two"), config("d", "one")}};

// The order that reconcile keeps: stamp, intent, objects, removals, confirmation.
class SmallReconcile {
 public:
  SmallReconcile(Target& target, const Wanted& wanted) : target_(target), wanted_(wanted) {}

  Result<void> run() {
    MUSTER_TRY(const auto stamp, target_.stamp(kEnvironment));
    if (stamp != desired()) MUSTER_CHECK(target_.swap_stamp(stamp, desired()));
    MUSTER_TRY(const auto inventories, target_.inventories(kEnvironment));
    if (!inventories.empty()) inventory_ = inventories.front();
    inventory_.service = "cart";
    MUSTER_CHECK(intend());
    for (const manifest::Object& object : wanted_.objects) MUSTER_CHECK(apply(object));
    MUSTER_CHECK(prune());
    inventory_.record = wanted_.record;
    return write();
  }

 private:
  [[nodiscard]] Stamp desired() const { return {kEnvironment, "shop", "production", wanted_.record}; }

  Result<void> intend() {
    for (const manifest::Object& object : wanted_.objects) {
      if (find(object.id) == nullptr) inventory_.entries.push_back({object.id, {}, manifest::digest(object), {}});
    }
    return write();
  }

  Result<void> apply(const manifest::Object& object) {
    InventoryEntry& entry = *find(object.id);
    MUSTER_TRY(const auto live, target_.observe(std::vector{object.id}));
    std::optional<Precondition> expected;
    if (!live.empty()) {
      expected = Precondition{live.front().uid, live.front().version};
      const bool ours = entry.uid.empty() ? live.front().digest == entry.applied : live.front().uid == entry.uid;
      if (!ours) return stalled(Reason::conflict, object.id.text() + " is foreign");
    }
    MUSTER_TRY(const Live applied, target_.apply(desired(), object, expected));
    entry.uid = applied.uid;
    entry.applied = applied.digest;
    return {};
  }

  Result<void> prune() {
    const auto is_wanted = [&](const InventoryEntry& entry) {
      return std::any_of(wanted_.objects.begin(), wanted_.objects.end(),
                         [&](const manifest::Object& object) { return object.id == entry.id; });
    };
    for (const InventoryEntry& entry : inventory_.entries) {
      if (is_wanted(entry)) continue;
      MUSTER_TRY(const auto live, target_.observe(std::vector{entry.id}));
      if (!live.empty()) MUSTER_CHECK(target_.remove(desired(), entry.id, {live.front().uid, live.front().version}));
    }
    std::erase_if(inventory_.entries, [&](const InventoryEntry& entry) { return !is_wanted(entry); });
    return {};
  }

  Result<void> write() {
    MUSTER_TRY(inventory_.version, target_.write_inventory(desired(), inventory_));
    return {};
  }

  InventoryEntry* find(const manifest::ObjectId& id) {
    const auto found =
        std::find_if(inventory_.entries.begin(), inventory_.entries.end(), [&](const InventoryEntry& entry) { return entry.id == id; });
    return found == inventory_.entries.end() ? nullptr : &*found;
  }

  Target& target_;
  const Wanted& wanted_;
  Inventory inventory_;
};

class Crash : public testing::TestWithParam<std::tuple<StoppingFiles::Stop, bool>> {
 protected:
  Result<void> run(const fs::path& root, Files& files, const Wanted& wanted) {
    const World machine = system_world();
    const World world{machine.clock, files, machine.processes, machine.random};
    DirectoryTarget target(world, {"local", "directory", "out", {}}, root / "out");
    return SmallReconcile(target, wanted).run();
  }

  static std::map<std::string, std::string> objects(const muster::test::TemporaryFolder& folder) {
    std::map<std::string, std::string> out;
    for (const auto& entry : fs::recursive_directory_iterator(folder.path() / "out")) {
      if (entry.path().extension() == ".yaml")
        out[entry.path().filename()] = folder.read(entry.path().lexically_relative(folder.path()).native());
    }
    return out;
  }

  // Every file is what one of the two runs wants it to be, or foreign; and everything that is not foreign is owned.
  void check_between(const muster::test::TemporaryFolder& folder) {
    std::set<std::string> whole;
    for (const Wanted& wanted : {kFirst, kSecond}) {
      for (const manifest::Object& object : wanted.objects) whole.insert(manifest::print_object(object.content));
    }
    DirectoryTarget target(system_world(), {"local", "directory", "out", {}}, folder.path() / "out");
    const auto inventories = target.inventories(kEnvironment);
    ASSERT_TRUE(inventories.ok()) << inventories.failure().text;
    std::set<std::string> owned;
    for (const Inventory& inventory : *inventories) {
      EXPECT_FALSE(inventory.lost);
      for (const InventoryEntry& entry : inventory.entries) owned.insert(fs::path(entry.id.target_path()).filename());
    }
    for (const auto& [name, text] : objects(folder)) {
      if (name == "foreign.yaml") continue;
      EXPECT_TRUE(whole.contains(text)) << name << " is torn:\n" << text;
      EXPECT_TRUE(owned.contains(name)) << name << " stands there and nobody owns it";
    }
  }
};

TEST_P(Crash, IsFollowedByARunThatFinishesIt) {
  const auto [stop, dead] = GetParam();
  std::map<std::string, std::string> expected{{"foreign.yaml", "mine\n"}};
  for (const manifest::Object& object : kSecond.objects)
    expected[fs::path(object.id.target_path()).filename()] = manifest::print_object(object.content);
  for (std::size_t at = 1;; ++at) {
    SCOPED_TRACE(fmt::format("stopped at change {}", at));
    const muster::test::TemporaryFolder folder;
    folder.write("out/shop/foreign.yaml", "mine\n");
    StoppingFiles files(system_files(), at, stop, dead);
    auto first = run(folder.path(), files, kFirst);
    if (first.ok()) first = run(folder.path(), files, kSecond);
    EXPECT_EQ(first.ok(), !files.stopped());
    check_between(folder);
    // A person needs not help: the next run, which knows nothing of the last, comes to the same end.
    const auto second = run(folder.path(), system_files(), kSecond);
    ASSERT_TRUE(second.ok()) << second.failure().text;
    EXPECT_EQ(objects(folder), expected);
    check_between(folder);
    if (!files.stopped()) break;
    ASSERT_LT(at, 100U);
  }
}

INSTANTIATE_TEST_SUITE_P(AtEveryChange, Crash,
                         testing::Combine(testing::Values(StoppingFiles::Stop::before, StoppingFiles::Stop::after), testing::Bool()));

}  // namespace
}  // namespace muster::target

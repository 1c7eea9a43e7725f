#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "target/directory/inventory_text.hpp"

namespace muster::target {
namespace {

std::string word() { return *rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::elementOf(std::string("abcxyz019-")))); }

Instant instant() { return Instant(Duration(*rc::gen::inRange<std::int64_t>(0, 4'000'000'000'000))); }

InventoryEntry entry() {
  InventoryEntry out{{word(), word() + ".io", word(), word()}, *rc::gen::element(std::string(), word()), sha256(word()), {}};
  for (int i = *rc::gen::inRange(0, 3); i > 0; --i) out.repairs.push_back(instant());
  out.leftover = *rc::gen::arbitrary<bool>();
  return out;
}

RC_GTEST_PROP(InventoryText, ComesBackWhole, ()) {
  Inventory inventory;
  inventory.service = word();
  inventory.record = *rc::gen::element(std::string(), word());
  inventory.objects = word();
  inventory.folder = word();
  for (int i = *rc::gen::inRange(0, 5); i > 0; --i) inventory.entries.push_back(entry());
  if (*rc::gen::arbitrary<bool>()) {
    inventory.job = JobRun{*rc::gen::element(JobRun::State::running, JobRun::State::succeeded, JobRun::State::failed),
                           word(),
                           word(),
                           instant(),
                           {word(), word()}};
  }
  const auto read = parse_inventory(print_inventory(inventory), "file");
  if (!read.ok()) RC_FAIL(read.failure().text);
  RC_ASSERT(read->service == inventory.service && read->record == inventory.record && read->objects == inventory.objects &&
            read->folder == inventory.folder);
  RC_ASSERT(read->entries == inventory.entries);
  RC_ASSERT(read->job == inventory.job);
}

TEST(InventoryText, ReadsTheSameForYears) {
  Inventory inventory;
  inventory.service = "cart";
  inventory.record = "c0ffee";
  inventory.objects = "sha256:1";
  inventory.folder = "beef";
  inventory.entries = {{{"shop", "apps", "Deployment", "cart"}, "u1", sha256("x"), {Instant(Duration(1'777'888'000'123))}},
                       {{"", "", "Namespace", "shop"}, "", sha256("y"), {}}};
  inventory.job = JobRun{JobRun::State::succeeded, "b1", "", Instant(Duration(5)), {"b0", "b1"}};
  EXPECT_EQ(print_inventory(inventory), R"(# Written by muster, for muster: what it owns here.
format: 1
service: cart
record: c0ffee
objects: sha256:1
folder: beef
entries:
- id: Deployment.apps shop/cart
  uid: u1
  applied: sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881
  repairs:
  - 1777888000123
- id: Namespace shop
  uid: ""
  applied: sha256:a1fce4363854ff888cff4b8e7875d600c2682390412a8cf79b37d0b11148b0fa
job:
  state: succeeded
  bundle: b1
  resume: ""
  at: 5
  completed:
  - b0
  - b1
checksum: sha256:7713affdf46014ec1e4bb0e50003bda35d71f2182fbe51f4df45788f94d02c65
)");
}

TEST(InventoryText, RefusesWhatALaterVersionWrote) {
  Stamp stamp{"e1", "shop", "production", "c1"};
  std::string text = print_stamp(stamp);
  EXPECT_TRUE(parse_stamp(text, "stamp").ok());
  text.replace(text.find("format: 1"), 9, "format: 2");
  EXPECT_FALSE(parse_stamp(text, "stamp").ok());
}

}  // namespace
}  // namespace muster::target

// The simulated world keeps its own promises; else nothing that it judges means anything.
#include <gtest/gtest.h>

#include "sim/world/machine.hpp"
#include "sim/world/memory_git.hpp"

namespace muster::sim {
namespace {

TEST(SimulatedWorld, GivesObjectsGitsOwnIds) {
  ObjectPool pool;
  EXPECT_EQ(pool.put_blob("hello\n").text(), "ce013625030ba8dba906f756967f9e9ca394464a");
  EXPECT_EQ(pool.put_tree({}).text(), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
}

TEST(SimulatedWorld, DiesBeforeOrAfterTheChosenEffect) {
  Steps steps;
  MemoryFiles files(steps);
  steps.crash_at(1, false);
  EXPECT_THROW((void)files.write_atomic("/a", "1"), Crash);
  EXPECT_FALSE(files.read("/a", 10).ok());
  steps.crash_at(1, true);
  EXPECT_THROW((void)files.write_atomic("/a", "1"), Crash);
  EXPECT_TRUE(files.read("/a", 10).ok());
}

TEST(SimulatedWorld, TheSameSeedGivesTheSameStream) {
  SeededRandom a(7);
  SeededRandom b(7);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a.next(), b.next());
}

}  // namespace
}  // namespace muster::sim

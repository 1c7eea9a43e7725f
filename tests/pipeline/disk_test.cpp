// The disk fails at one change, or from one on, at each that a build makes: nothing is blamed on the build's inputs for it,
// and the next run ends where an undisturbed one ends.
#include <sys/mount.h>

#include "pipeline/fixture.hpp"
#include "target/stopping_files.hpp"

namespace muster::pipeline {
namespace {

using State = Progress::State;
using target::test::StoppingFiles;

class DiskTest : public PipelineTest, public testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    if (const auto missing = test::RegistryServer::missing()) GTEST_SKIP() << *missing;
  }
  Progress build_on(Files& files, const Order& order) {
    const World full{world.clock, files, world.processes, world.random};
    return build_now(full, registries(), secrets, settings, order, false, {}, {});
  }
};

TEST_P(DiskTest, MayFailAtAnyChangeOfAFailingBuild) {
  const Order order = by_command("echo no good; exit 7\n");
  StoppingFiles counted(world.files, 0, StoppingFiles::Stop::before, false);
  ASSERT_EQ(build_on(counted, order).failure->text, "./build.sh ended with exit code 7");
  ASSERT_GT(counted.changes(), 15U);
  for (std::size_t k = 1; k <= counted.changes(); ++k) {
    ASSERT_TRUE(world.files.remove_all(settings.state).ok());
    StoppingFiles failing(world.files, k, StoppingFiles::Stop::before, GetParam());
    const Progress hit = build_on(failing, order);
    ASSERT_EQ(hit.state, State::failed);
    EXPECT_TRUE(hit.failure->kind == FailureKind::retry || hit.failure->text == "./build.sh ended with exit code 7")
        << k << ": " << hit.failure->text;
    EXPECT_EQ(build(order).failure->text, "./build.sh ended with exit code 7") << k;
    EXPECT_THAT(scratch(), testing::IsEmpty()) << k;
  }
}

class SmallDisk : public PipelineTest {
 protected:
  void SetUp() override {
    if (const auto missing = test::RegistryServer::missing()) GTEST_SKIP() << *missing;
    std::filesystem::create_directories(settings.state);
    if (mount("none", settings.state.c_str(), "tmpfs", 0, "size=48m") != 0) GTEST_SKIP() << "only root can mount a small disk";
    mounted_ = true;
  }
  void TearDown() override {
    if (mounted_) umount2(settings.state.c_str(), MNT_DETACH);
  }

 private:
  bool mounted_ = false;
};

/// What a program says is asked of the disk itself, and the inputs are not to blame.
TEST_F(SmallDisk, IsTriedAgainLaterWhenABuildHasFilledIt) {
  const Progress progress = settle(*make(), by_command("exec dd if=/dev/zero of=zeros\n"));
  ASSERT_EQ(progress.state, State::failed);
  EXPECT_EQ(progress.failure->reason, Reason::exhausted) << progress.failure->text;
  EXPECT_TRUE(progress.again_at);
  EXPECT_THAT(scratch(), testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Once, DiskTest, testing::Values(false));
INSTANTIATE_TEST_SUITE_P(FromThereOn, DiskTest, testing::Values(true));

}  // namespace
}  // namespace muster::pipeline

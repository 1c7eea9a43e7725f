// What the room's tests share: a service's repository, a real registry, static programs for images that are made of nothing
// else, and orders over them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "muster/git/repository.hpp"
#include "muster/pipeline/builds.hpp"
#include "support/eventually.hpp"
#include "support/git_repository.hpp"
#include "support/map_secrets.hpp"
#include "support/registry_server.hpp"
#include "support/temporary.hpp"
#include "support/test_clock.hpp"

namespace muster::pipeline {

/// A file of a commit. `mode`: as git writes it.
struct CommitFile {
  std::string path;
  std::string bytes;
  std::string mode = "100644";
};

/// The bytes of a static program that is `/bin/sh` in an image and does what its words say: `hang`, `fail`, `full`, `print TEXT`,
/// `show VARIABLE`, `flood` (64 MiB), `secret NAME`, `eat` memory.
const std::string& image_shell();

class PipelineTest : public ::testing::Test {
 protected:
  PipelineTest();

  /// A commit of these files alone; the service's folder at it.
  std::shared_ptr<const source::Tree> commit(const std::vector<CommitFile>& files, std::string_view path = "");
  /// A commit whose tree has one entry, of whatever name.
  Result<std::shared_ptr<const source::Tree>> commit_raw(const std::string& mode, const std::string& name, const std::string& bytes);
  /// `FROM scratch` with the shell, and these lines.
  std::shared_ptr<const source::Tree> commit_image(const std::string& lines, const std::string& more = "");
  Order order(std::shared_ptr<const source::Tree> tree);
  Order command_order(std::shared_ptr<const source::Tree> tree, std::vector<std::string> command);
  Order by_command(const std::string& script);

  test::RegistryServer& registry();
  registry::Registries& registries();
  /// The digest in the registry; "" where it has none.
  std::string in_registry(const Order& order);
  std::unique_ptr<Builds> make() { return make_builds(world, registries(), secrets, settings); }
  /// On a clock that only pauses and tests move on.
  std::unique_ptr<Builds> make_timed() { return make_builds(timed_, registries(), secrets, settings); }
  [[nodiscard]] Path log_path(const Order& order) const;
  /// Asks until nothing waits or runs.
  Progress settle(Builds& builds, const Order& order);
  Progress build(const Order& order, bool local = false);
  [[nodiscard]] std::string log_of(const Progress& progress) const;
  /// Names in the scratch folder.
  [[nodiscard]] std::vector<std::string> scratch() const;

  test::TemporaryFolder folder;
  World world = system_world();
  muster::test::MapSecrets secrets;
  Settings settings;
  test::TestClock clock;

 private:
  World timed_{clock, world.files, world.processes, world.random};
  test::GitRepository repository_;
  std::shared_ptr<git::Repository> opened_;
  std::unique_ptr<test::RegistryServer> server_;
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<registry::Registries> registries_;
};

/// Skips where buildah, a compiler or the registry is missing.
class BuildahTest : public PipelineTest {
 protected:
  void SetUp() override;
};

}  // namespace muster::pipeline

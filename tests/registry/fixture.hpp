// What the room's tests share: a client, secrets from a map, and Registries over them.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "muster/registry/registry.hpp"
#include "support/map_secrets.hpp"
#include "support/registry_server.hpp"
#include "support/scripted_server.hpp"
#include "support/temporary.hpp"
#include "support/test_clock.hpp"

namespace muster::registry {

class RegistryTest : public ::testing::Test {
 protected:
  RegistryTest() {
    settings.docker_config = temporary.path() / "config.json";
    settings.limits.time = std::chrono::seconds(20);
    settings.limits.silence = std::chrono::seconds(5);
  }
  Registries& registries() {
    if (made_) return *made_;
    http::Options options;
    options.retry = {1, Duration(1), Duration(20)};
    client_ = http::make_client(time_stands_still ? still : world, options);
    made_ = make_registries(time_stands_still ? still : world, *client_, secrets, settings);
    return *made_;
  }
  static model::ImageReference image(const std::string& host, const std::string& repository, const std::string& tag = "",
                                     const std::string& digest = "") {
    model::ImageReference out;
    out.host = host;
    out.repository = repository;
    out.tag = tag;
    out.digest = digest;
    return out;
  }
  /// Credentials by reference, as a fleet has them; their value is kept in the map.
  Access with_secret(model::Credentials::Method method, const std::string& user, const std::string& value) {
    secrets.values["env:REGISTRY"] = value;
    Access out;
    out.auth.method = method;
    out.auth.user = user;
    out.auth.secret = model::SecretRef{"env:REGISTRY", {}};
    return out;
  }

  using Method = model::Credentials::Method;
  test::TemporaryFolder temporary;
  World world = system_world();
  test::TestClock clock;  ///< Of `registries()` where `time_stands_still` is set before: moves on by pauses and `advance` alone.
  World still{clock, world.files, world.processes, world.random};
  bool time_stands_still = false;
  muster::test::MapSecrets secrets;
  Settings settings;

 private:
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<Registries> made_;
};

}  // namespace muster::registry

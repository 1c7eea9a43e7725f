#include "registry/hosts.hpp"

#include <gtest/gtest.h>

namespace muster::registry {
namespace {

TEST(Hosts, AreNamedWithoutPortAndCase) {
  EXPECT_EQ(name_of("GHCR.io"), "ghcr.io");
  EXPECT_EQ(name_of("localhost:5000"), "localhost");
  EXPECT_EQ(name_of("[::1]:5000"), "[::1]");
  EXPECT_EQ(name_of("https://auth.example.org.:8443/token?x=http://y"), "auth.example.org");
}

TEST(Hosts, KnowWhereDockersImagesAre) {
  EXPECT_EQ(api_host_of("docker.io"), "registry-1.docker.io");
  EXPECT_EQ(api_host_of("ghcr.io"), "ghcr.io");
}

TEST(Hosts, TellTheMachineFromPrivateNetworksFromTheWorld) {
  for (const char* name : {"127.0.0.1", "127.9.9.9", "localhost", "registry.localhost", "[::1]"}) EXPECT_TRUE(is_loopback(name)) << name;
  for (const char* name : {"128.0.0.1", "localhost.example", "notlocalhost", "[::2]"}) EXPECT_FALSE(is_loopback(name)) << name;
  for (const char* name :
       {"127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "255.255.255.255", "[::1]", "[fe80::1]", "[fd00::1]", "[::ffff:10.0.0.1]", "registry", "metadata.google.internal", "nas.local"}) {
    EXPECT_TRUE(is_private(name)) << name;
  }
  for (const char* name : {"8.8.8.8", "172.32.0.1", "192.169.0.1", "[2606:4700::1]", "ghcr.io", "internal.example"})
    EXPECT_FALSE(is_private(name)) << name;
}

TEST(Hosts, LeadOnlyWhereTheRegistryItselfIs) {
  EXPECT_TRUE(may_lead_to("storage.example.net", "ghcr.io"));
  EXPECT_TRUE(may_lead_to("storage.example.net", "10.0.0.1"));
  EXPECT_TRUE(may_lead_to("10.0.0.2", "10.0.0.1"));
  EXPECT_TRUE(may_lead_to("127.0.0.1", "localhost"));
  EXPECT_FALSE(may_lead_to("127.0.0.1", "10.0.0.1"));
  EXPECT_FALSE(may_lead_to("10.0.0.2", "ghcr.io"));
  EXPECT_FALSE(may_lead_to("localhost", "ghcr.io"));
  EXPECT_FALSE(may_lead_to("169.254.169.254", "10.0.0.1"));
  EXPECT_FALSE(may_lead_to("169.254.169.254", "127.0.0.1"));
  EXPECT_FALSE(may_lead_to("[fe80::1]", "[::1]"));
}

TEST(Realm, BelongsToItsRegistryByNameOrIsKnown) {
  EXPECT_TRUE(is_realm_of("ghcr.io", "ghcr.io"));
  EXPECT_TRUE(is_realm_of("auth.registry.example.org", "registry.example.org"));
  EXPECT_TRUE(is_realm_of("gitlab.com", "registry.gitlab.com"));
  EXPECT_TRUE(is_realm_of("auth.docker.io", "registry-1.docker.io"));
}

TEST(Realm, IsForeignToNeighboursLookalikesAndAddresses) {
  EXPECT_FALSE(is_realm_of("evil.example.org", "registry.example.org"));
  EXPECT_FALSE(is_realm_of("evil.co.uk", "registry.co.uk"));
  EXPECT_FALSE(is_realm_of("io", "ghcr.io"));
  EXPECT_FALSE(is_realm_of("notghcr.io", "ghcr.io"));
  EXPECT_FALSE(is_realm_of("ghcr.io.evil.example", "ghcr.io"));
  EXPECT_FALSE(is_realm_of("0.1", "127.0.0.1"));
  EXPECT_FALSE(is_realm_of("x.127.0.0.1", "127.0.0.1"));
  EXPECT_FALSE(is_realm_of("127.0.0.2", "127.0.0.1"));
  EXPECT_FALSE(is_realm_of("auth.docker.io", "evil.example"));
  EXPECT_FALSE(is_realm_of("", "ghcr.io"));
}

}  // namespace
}  // namespace muster::registry

#include "git/url.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/git/repository.hpp"

namespace muster::git {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Url, TwoSpellingsOfOneRepositoryHaveOneKey) {
  for (const char* url : {"https://github.com/acme/cart", "https://GitHub.com/acme/cart.git", "https://github.com:443/acme/cart/",
                          "git@github.com:acme/cart.git", "ssh://git@github.com/acme/cart", "ssh://git@github.com:22/acme/cart.git/",
                          "https://ada@github.com/acme/cart"}) {
    EXPECT_EQ(url_key(url), "github.com/acme/cart") << url;
  }
  EXPECT_EQ(url_key("https://host:8443/a.git"), "host:8443/a");
  EXPECT_EQ(url_key("file:///srv/a.git"), "/srv/a");
  EXPECT_EQ(url_key("/srv/a.git/"), "/srv/a");
  EXPECT_NE(url_key("https://host/A"), url_key("https://host/a"));
}

TEST(Url, RefusesWhatWouldRunOrConfuse) {
  for (const char* url : {"",
                          "-oProxyCommand=x",
                          "ext::sh -c x",
                          "fd::17",
                          "https://-host/x",
                          "ssh://-oProxyCommand=x/y",
                          "git@-host:x",
                          "host:-x",
                          "ssh://host",
                          "https://host/",
                          "git://host/x",
                          "ftp://host/x",
                          "https://host/x\ny",
                          "https://ada:pw@host/x",
                          "ssh://a`b@host/x",
                          "https://host:x/y",
                          "./relative",
                          "relative/path",
                          "file://relative",
                          "https://host/x?y=z",
                          "ssh://-u@host/x"}) {
    EXPECT_FALSE(check_url(url, true).ok()) << url;
  }
  for (const char* url : {"https://host/x", "ssh://git@[::1]:2222/srv/x", "git@host:x", "git@[::1]:x", "host:/srv/x", "ssh://host/~ada/x",
                          "/srv/x", "file:///srv/x"}) {
    EXPECT_TRUE(check_url(url, true).ok()) << url << ": " << check_url(url, true).failure().text;
  }
  EXPECT_EQ(check_url("/srv/x", false).failure().reason, Reason::denied);
  EXPECT_EQ(check_url("file:///srv/x", false).failure().reason, Reason::denied);
}

TEST(Url, NeverShowsAPassword) {
  for (const char* url :
       {"https://ada:hunter2@host/x", "https://ada:hun/ter2@host/x", "https://ada:hunter2@", "ssh://ada:hunter2@host/x"}) {
    EXPECT_THAT(check_url(url, true).failure().text, Not(HasSubstr("ter2"))) << url;
  }
  EXPECT_EQ(without_userinfo("see https://a:b@host/x and ssh://c@h/y."), "see https://host/x and ssh://h/y.");
}

TEST(Url, TellsItsParts) {
  const Url url = parse_url("ssh://git@[fe80::1]:2222/~ada/x.git", false).value();
  EXPECT_EQ(url.host, "fe80::1");
  EXPECT_EQ(url.port, "2222");
  EXPECT_EQ(url.user, "git");
  EXPECT_EQ(url.path, "~ada/x.git");
  EXPECT_EQ(parse_url("git@host:a/b", false).value().path, "a/b");
}

}  // namespace
}  // namespace muster::git

#include "registry/answers.hpp"

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include <rapidcheck/gtest.h>

namespace muster::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto kBasic = Challenge::Scheme::basic;
constexpr auto kBearer = Challenge::Scheme::bearer;

std::vector<Challenge> challenges(std::vector<std::string> values) {
  std::vector<http::Header> headers;
  for (std::string& value : values) headers.push_back({"Www-Authenticate", std::move(value)});
  return challenges_of(headers);
}

std::optional<std::string> next(const std::string& value) { return next_link_of(std::vector<http::Header>{{"LINK", value}}); }

TEST(Challenges, AreReadAsRegistriesWriteThem) {
  EXPECT_THAT(challenges({R"(Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push")"}),
              ElementsAre(Challenge{kBearer, "https://auth.docker.io/token", "registry.docker.io"}));
  EXPECT_THAT(challenges({R"(Basic realm="Registry Realm")"}), ElementsAre(Challenge{kBasic, "", ""}));
  EXPECT_THAT(challenges({R"(bearer  REALM = "r" , service=s)"}), ElementsAre(Challenge{kBearer, "r", "s"}));
  EXPECT_THAT(challenges({R"(Bearer realm="a\"b")"}), ElementsAre(Challenge{kBearer, "a\"b", ""}));
}

TEST(Challenges, AreToldApartInOneHeaderAndInSeveral) {
  const Challenge bearer{kBearer, "r", "s"};
  const Challenge basic{kBasic, "", ""};
  EXPECT_THAT(challenges({R"(Basic realm="x", Bearer realm="r",service="s")"}), ElementsAre(basic, bearer));
  EXPECT_THAT(challenges({R"(Bearer realm="r",service="s")", R"(Basic realm="x")"}), ElementsAre(bearer, basic));
  EXPECT_THAT(challenges({R"(Negotiate, Digest realm="d", nonce="n", Bearer realm="r", service="s")"}), ElementsAre(bearer));
  EXPECT_THAT(challenges({"Negotiate", "", ",,,", "=\"x\"", "\xff\xfe", "\"Bearer realm=r\""}), IsEmpty());
}

TEST(Links, AreReadAsRegistriesWriteThem) {
  EXPECT_EQ(next("</v2/a/tags/list?last=b&n=2>; rel=\"next\""), "/v2/a/tags/list?last=b&n=2");
  EXPECT_EQ(next("<https://r.example/v2/a?x=,;y>;rel=next"), "https://r.example/v2/a?x=,;y");
  EXPECT_EQ(next("<a>; rel=prev, <b>; title=\"<c>; rel=next\"; rel=\"last NEXT\""), "b");
}

TEST(Links, AreNoneWhereNoneSaysNext) {
  for (const char* value : {"", "<a>", "<a>; rel=prev", "a; rel=next", "<a; rel=next", "<a>; title=\"rel=next\"", "<a>; rel"}) {
    EXPECT_EQ(next(value), std::nullopt) << value;
  }
}

RC_GTEST_PROP(HeadersOfStrangers, AreReadToTheirEnd, (const std::string& value)) {
  challenges({value, "Bearer " + value, "Bearer realm=\"" + value});
  next(value);
  next("<" + value + ">; " + value);
}

}  // namespace
}  // namespace muster::registry

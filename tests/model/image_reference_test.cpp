#include <gmock/gmock.h>
// gtest first: RapidCheck's printing of GoogleTest values looks for it.
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "muster/model/image.hpp"

namespace muster::model {
namespace {

using testing::HasSubstr;

const std::string kDigest = "sha256:" + std::string(64, 'a');

std::string read(std::string_view text) {
  const Result<ImageReference> out = parse_image_reference(text);
  return out.ok() ? out->text() : "wrong: " + out.failure().text;
}

std::string mistake(std::string_view text) {
  const Result<ImageReference> out = parse_image_reference(text);
  if (out.ok()) return "taken as " + out->text();
  EXPECT_EQ(out.failure().reason, Reason::invalid);
  return out.failure().text;
}

TEST(ImageReference, HasHostRepositoryAndTag) {
  const ImageReference cart = parse_image_reference("ghcr.io/shop/cart:1.4.2").value();
  EXPECT_EQ(cart.host, "ghcr.io");
  EXPECT_EQ(cart.repository, "shop/cart");
  EXPECT_EQ(cart.tag, "1.4.2");
  EXPECT_EQ(cart.digest, "");
  EXPECT_EQ(cart.where(), "ghcr.io/shop/cart");
  EXPECT_EQ(cart.text(), "ghcr.io/shop/cart:1.4.2");
}

TEST(ImageReference, LeavesAwayWhatDockerLeavesAway) {
  EXPECT_EQ(read("nginx"), "docker.io/library/nginx");
  EXPECT_EQ(read("nginx:1.27"), "docker.io/library/nginx:1.27");
  EXPECT_EQ(read("grafana/loki:3.0"), "docker.io/grafana/loki:3.0");
  EXPECT_EQ(read("docker.io/nginx"), "docker.io/library/nginx");
  EXPECT_EQ(read("index.docker.io/nginx"), "docker.io/library/nginx");
  EXPECT_EQ(read("docker.io/mailhog/mailhog:v1.0.1"), "docker.io/mailhog/mailhog:v1.0.1");
}

TEST(ImageReference, KnowsAHostByItsDotItsPortOrLocalhost) {
  EXPECT_EQ(parse_image_reference("localhost/cart").value().host, "localhost");
  EXPECT_EQ(parse_image_reference("localhost:5000/cart").value().host, "localhost:5000");
  EXPECT_EQ(parse_image_reference("registry:5000/cart:2").value().host, "registry:5000");
  EXPECT_EQ(parse_image_reference("127.0.0.1:5000/shop/cart").value().host, "127.0.0.1:5000");
  EXPECT_EQ(parse_image_reference("[::1]:5000/shop/cart:1").value().host, "[::1]:5000");
  EXPECT_EQ(parse_image_reference("shop/cart").value().host, "docker.io");
  EXPECT_EQ(parse_image_reference("localhost:5000").value().tag, "5000") << "as Docker reads it: without a slash there is no host";
}

TEST(ImageReference, ComparesHostsInLowerCase) { EXPECT_EQ(read("GHCR.io/shop/cart"), "ghcr.io/shop/cart"); }

TEST(ImageReference, KeepsADigestAndTheTagBesideIt) {
  EXPECT_EQ(read("ghcr.io/shop/cart@" + kDigest), "ghcr.io/shop/cart@" + kDigest);
  const ImageReference both = parse_image_reference("localhost:5000/cart:2@" + kDigest).value();
  EXPECT_EQ(both.tag, "2");
  EXPECT_EQ(both.digest, kDigest);
  EXPECT_EQ(both.text(), "localhost:5000/cart:2@" + kDigest);
}

TEST(ImageReference, RefusesADigestThatIsNone) {
  EXPECT_THAT(mistake("a/b@sha256:abc"), HasSubstr("this one has 3"));
  EXPECT_THAT(mistake("a/b@sha256:" + std::string(64, 'A')), HasSubstr("lower-case"));
  EXPECT_THAT(mistake("a/b@sha512:" + std::string(128, 'a')), HasSubstr("begins with `sha256:`"));
  EXPECT_THAT(mistake("a/b@"), HasSubstr("begins with `sha256:`"));
}

TEST(ImageReference, RefusesUpperCaseInARepositoryAndSaysHowItIsWritten) {
  EXPECT_EQ(mistake("ghcr.io/Shop/Cart:1"), "repositories are written in lower case: `shop/cart`");
  EXPECT_EQ(mistake("Shop/cart"), "repositories are written in lower case: `shop/cart`");
}

TEST(ImageReference, RefusesWhatCanBeNoRepository) {
  EXPECT_THAT(mistake(""), HasSubstr("is empty"));
  EXPECT_THAT(mistake("ghcr.io/"), HasSubstr("missing"));
  EXPECT_THAT(mistake("ghcr.io//cart"), HasSubstr("missing beside a slash"));
  EXPECT_THAT(mistake("/cart"), HasSubstr("missing beside a slash"));
  EXPECT_THAT(mistake("ghcr.io/shop/-cart"), HasSubstr("`-cart` is no name"));
  EXPECT_THAT(mistake("ghcr.io/shop/cart."), HasSubstr("`cart.` is no name"));
  EXPECT_THAT(mistake("ghcr.io/shop/ca..rt"), HasSubstr("`ca..rt` is no name"));
  EXPECT_THAT(mistake("ghcr.io/shop/ca___rt"), HasSubstr("`ca___rt` is no name"));
  EXPECT_EQ(read("ghcr.io/shop/ca__r--t.x"), "ghcr.io/shop/ca__r--t.x");
  EXPECT_THAT(mistake("ghcr.io/shop/cart*"), HasSubstr("`cart*` is no name"));
}

TEST(ImageReference, RefusesSchemesSpacesAndControlBytes) {
  EXPECT_EQ(mistake("https://ghcr.io/shop/cart"), "an image reference begins with its host: leave `https://` away");
  EXPECT_EQ(mistake("docker://nginx"), "an image reference begins with its host: leave `docker://` away");
  EXPECT_THAT(mistake("ghcr.io/shop/cart :1"), HasSubstr("a space"));
  EXPECT_THAT(mistake("ghcr.io/shop/\x1b[31mcart"), HasSubstr("a control byte"));
  EXPECT_THAT(mistake("ghcr.io/shop/\x1b[31mcart"), testing::Not(HasSubstr("\x1b")));
  EXPECT_THAT(mistake("ghcr.io/shop/c\xc3\xa4rt"), HasSubstr("not ASCII"));
  EXPECT_THAT(mistake(std::string_view("a\0b", 3)), HasSubstr("a control byte"));
}

TEST(ImageReference, RefusesTagsThatNoRegistryCanHave) {
  EXPECT_THAT(mistake("ghcr.io/shop/cart:"), HasSubstr("a tag is missing"));
  EXPECT_THAT(mistake("ghcr.io/shop/cart:-1"), HasSubstr("`-1` is no tag"));
  EXPECT_THAT(mistake("ghcr.io/shop/cart:a:b"), HasSubstr("`a:b` is no tag"));
  EXPECT_THAT(mistake("ghcr.io/shop/cart:" + std::string(129, '1')), HasSubstr("at most 128"));
  EXPECT_EQ(parse_image_reference("ghcr.io/shop/cart:" + std::string(128, '1')).value().tag.size(), 128U);
}

TEST(ImageReference, RefusesHostsThatAreNone) {
  EXPECT_THAT(mistake("ghcr.io:http/cart"), HasSubstr("port"));
  EXPECT_THAT(mistake("ghcr.io:0/cart"), HasSubstr("port"));
  EXPECT_THAT(mistake("ghcr.io:70000/cart"), HasSubstr("port"));
  EXPECT_THAT(mistake("ghcr..io/cart"), HasSubstr("no name of a host"));
  EXPECT_THAT(mistake("user:secret@ghcr.io/cart"), HasSubstr("digest"));
  EXPECT_THAT(mistake("[::1/cart"), HasSubstr("lacks its `]`"));
}

TEST(ImageReference, RefusesNamesThatAreTooLong) {
  EXPECT_THAT(mistake("ghcr.io/" + std::string(300, 'a')), HasSubstr("at most 255 characters together, these 308"));
  EXPECT_EQ(parse_image_reference("ghcr.io/" + std::string(247, 'a')).value().where().size(), 255U);
}

TEST(ImageReference, ReadsItsOwnTextBack) {
  for (const std::string text : {"nginx", "ghcr.io/a/b:1", "localhost:5000/x@sha256:", "[::1]:5000/x:y"}) {
    const ImageReference once = parse_image_reference(text.ends_with(':') ? text.substr(0, text.find('@')) + "@" + kDigest : text).value();
    EXPECT_EQ(parse_image_reference(once.text()).value(), once);
  }
}

rc::Gen<std::string> pieces(std::initializer_list<std::string> all) {
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(std::vector<std::string>(all))),
                      [](const std::vector<std::string>& chosen) {
                        std::string out;
                        for (const std::string& one : chosen) out += one;
                        return out;
                      });
}

RC_GTEST_PROP(AnyText, IsAReferenceThatReadsItselfBackOrAMistakeThatCanBePrinted, ()) {
  const std::string text =
      *pieces({"a", "shop", "/", ":", "@", "sha256:", kDigest, ".", "_", "-", "[", "]", "5000", "A", "localhost", "\x1b", " "});
  const Result<ImageReference> out = parse_image_reference(text);
  if (out.ok()) {
    RC_ASSERT(parse_image_reference(out->text()).value() == *out);
  } else {
    RC_ASSERT(out.failure().text.find('\x1b') == std::string::npos);
  }
}

RC_GTEST_PROP(AnyText, IsATemplateOrAMistakeThatCanBePrinted, ()) {
  const std::string text = *pieces({"v", "-", "{", "}", ":", "int", "hex", "text", "version", "date", "n", "*", "\x1b", " "});
  const Result<TagTemplate> out = parse_tag_template(text);
  if (out.ok()) {
    (void)out->match(*pieces({"v", "-", "1", "1.0.0", "ff", "20261123"}));
  } else {
    RC_ASSERT(out.failure().text.find('\x1b') == std::string::npos);
  }
}

RC_GTEST_PROP(AnyText, IsARangeOrAMistakeThatCanBePrinted, ()) {
  const std::string text = *pieces({"1", "0", ".", "-", "+", ">", "<", "=", "^", "~", "|", " ", "x", "*", "rc", "v", ",", "\x1b"});
  const Result<VersionRange> out = parse_version_range(text);
  if (out.ok()) {
    RC_ASSERT(parse_version_range(out->text).value().text == out->text);
  } else {
    RC_ASSERT(out.failure().text.find('\x1b') == std::string::npos);
  }
}

}  // namespace
}  // namespace muster::model

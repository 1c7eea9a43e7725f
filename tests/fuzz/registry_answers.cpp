// What registries answer with: the first byte says to which question. Nothing crashes, what is listed can be asked for
// again, and a manifest is the one whose digest it has.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/digest.hpp"
#include "registry/answers.hpp"
#include "registry/contents.hpp"
#include "registry/hosts.hpp"
#include "registry/logins.hpp"

#include "muster/manifest/yaml.hpp"

namespace {

namespace registry = muster::registry;
using muster::model::ImageReference;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

void require_plain(std::string_view text) {
  for (const char c : text) require(static_cast<unsigned char>(c) >= 0x20U || c == '\n' || c == '\t', "a failure's text has control bytes");
}

ImageReference cart(std::string tag = {}) {
  ImageReference out;
  out.host = "registry.example";
  out.repository = "shop/cart";
  out.tag = std::move(tag);
  return out;
}

void check_challenges(std::string_view bytes) {
  const std::vector<muster::http::Header> headers = {{"WWW-Authenticate", std::string(bytes)}};
  for (const auto& challenge : registry::challenges_of(headers)) {
    const auto origin = muster::http::origin_of(challenge.realm);
    if (!origin) continue;
    const std::string name = registry::name_of(*origin);
    if (registry::is_realm_of(name, "registry.example")) require(name.ends_with("registry.example"), "a foreign realm");
  }
}

void check_link(std::string_view bytes) {
  const std::vector<muster::http::Header> headers = {{"Link", std::string(bytes)}};
  const auto next = registry::next_link_of(headers);
  if (next) muster::http::resolve_url("https://registry.example/v2/shop/cart/tags/list", *next);
}

void check_tags(std::string_view bytes) {
  const auto tags = registry::tags_in(bytes);
  if (!tags.ok()) return require_plain(tags.failure().text);
  for (const std::string& tag : *tags) require(registry::check_reference(cart(tag)).ok(), "a tag that cannot be asked for");
}

void check_manifest(std::string_view bytes) {
  const auto line = bytes.find('\n');
  if (line == std::string_view::npos) return;
  const std::string body(bytes.substr(line + 1));
  const auto manifest = registry::manifest_in(body, bytes.substr(0, line), "", "");
  if (!manifest.ok()) return require_plain(manifest.failure().text);
  require(manifest->digest == muster::sha256(body).text() && manifest->bytes == body, "another manifest");
  require(registry::is_manifest_type(manifest->media_type), "a type that is none");
}

void check_config(std::string_view bytes) {
  const auto config = muster::manifest::parse_json(bytes, "config.json");
  if (config.ok()) (void)registry::login_in(*config, cart());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 5) {
    case 0: check_challenges(bytes); break;
    case 1: check_link(bytes); break;
    case 2: check_tags(bytes); break;
    case 3: check_manifest(bytes); break;
    default: check_config(bytes); break;
  }
  return 0;
}

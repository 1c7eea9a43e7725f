#include "registry/hosts.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "muster/base/text.hpp"

namespace muster::registry {
namespace {

struct Pair {
  std::string_view registry;
  std::string_view realm;
};
/// Registries whose realm is a neighbour: operated by the same people, and published so.
constexpr Pair kKnownRealms[] = {
    {"registry-1.docker.io", "auth.docker.io"},
    {"docker.elastic.co", "docker-auth.elastic.co"},
    {"registry.digitalocean.com", "api.digitalocean.com"},
};

struct Network {
  std::uint32_t address;
  unsigned bits;
};
/// https://www.iana.org/assignments/iana-ipv4-special-registry
constexpr Network kPrivateNetworks[] = {
    {0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},  {0xa9fe0000, 16},
    {0xac100000, 12}, {0xc0000000, 24}, {0xc0a80000, 16}, {0xc6120000, 15}, {0xe0000000, 3},
};

std::optional<std::uint32_t> ipv4(std::string_view name) {
  const auto parts = split(name, '.');
  if (parts.size() != 4) return std::nullopt;
  std::uint32_t out = 0;
  for (const std::string_view part : parts) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
    if (part.empty() || error != std::errc() || end != part.data() + part.size() || number > 255) return std::nullopt;
    out = (out << 8U) | number;
  }
  return out;
}

bool is_in(std::uint32_t address, const Network& network) { return ((address ^ network.address) >> (32U - network.bits)) == 0; }

bool is_below(std::string_view name, std::string_view parent) {
  return name.size() > parent.size() + 1 && name.ends_with(parent) && name[name.size() - parent.size() - 1] == '.';
}

bool is_address(std::string_view name) { return name.starts_with('[') || ipv4(name).has_value(); }

}  // namespace

std::string name_of(std::string_view host_or_url) {
  std::string_view text = host_or_url;
  if (const auto scheme = text.find("://"); scheme != std::string_view::npos) text.remove_prefix(scheme + 3);
  text = text.substr(0, text.find_first_of("/?#"));
  const auto bracket = text.find(']');
  const auto port = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  std::string out = to_lower(text.substr(0, port));
  if (out.ends_with('.')) out.pop_back();
  return out;
}

std::string api_host_of(std::string_view host) {
  return host == "docker.io" || host == "index.docker.io" ? "registry-1.docker.io" : std::string(host);
}

bool is_loopback(std::string_view name) {
  if (const auto address = ipv4(name)) return is_in(*address, {0x7f000000, 8});
  return name == "localhost" || is_below(name, "localhost") || name == "[::1]";
}

bool is_private(std::string_view name) {
  if (const auto address = ipv4(name)) {
    return std::any_of(std::begin(kPrivateNetworks), std::end(kPrivateNetworks), [&](const Network& n) { return is_in(*address, n); });
  }
  // Of IPv6, the global unicast addresses (2000::/3) are public; addresses that hold an IPv4 one are not worth telling apart.
  if (name.starts_with('[')) return name.size() < 6 || (name[1] != '2' && name[1] != '3') || name.find(':') != 5;
  constexpr std::array<std::string_view, 4> kInside = {"localhost", "local", "internal", "lan"};
  return name.find('.') == std::string_view::npos ||
         std::any_of(kInside.begin(), kInside.end(), [&](std::string_view parent) { return is_below(name, parent); });
}

bool may_lead_to(std::string_view name, std::string_view registry) {
  if (name == registry) return true;
  const auto address = ipv4(name);
  if ((address && is_in(*address, {0xa9fe0000, 16})) || name.starts_with("[fe8")) return false;
  if (is_loopback(name)) return is_loopback(registry);
  return !is_private(name) || is_private(registry);
}

bool is_realm_of(std::string_view realm, std::string_view registry) {
  if (realm.empty() || registry.empty()) return false;
  if (realm == registry) return true;
  if (is_address(realm) || is_address(registry)) return false;
  if (is_below(realm, registry)) return true;
  if (is_below(registry, realm)) return realm.find('.') != std::string_view::npos;
  return std::any_of(std::begin(kKnownRealms), std::end(kKnownRealms),
                     [&](const Pair& pair) { return pair.registry == registry && pair.realm == realm; });
}

}  // namespace muster::registry

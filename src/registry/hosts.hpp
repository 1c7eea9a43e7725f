// Names of registries: where one is asked, which hosts belong to it, which are on the machine or a private network.
// Private to the room. Pure functions; names are in lower case, without port, IPv6 addresses in brackets.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace muster::registry {

/// The name in "ghcr.io", "127.0.0.1:5000", "[::1]:5000", or in a URL; lower case, without a dot at the end.
std::string name_of(std::string_view host_or_url);
/// Where the API of a host as images name it is: docker.io is registry-1.docker.io, others are themselves.
std::string api_host_of(std::string_view host);
/// Never leaves the machine: 127.0.0.0/8, ::1, localhost and names below it.
[[nodiscard]] bool is_loopback(std::string_view name);
/// Loopback, link-local (cloud metadata), private and reserved addresses; names of one label, and below .local and .internal.
[[nodiscard]] bool is_private(std::string_view name);
/// Whether a registry may send its clients there for content: not into the machine or a private network from outside of it,
/// and never to link-local addresses, where clouds keep their machines' own credentials.
[[nodiscard]] bool may_lead_to(std::string_view name, std::string_view registry);
/// Whether a registry may send its clients to this host for a token. The registry itself on any port; a host below it; a host
/// that it is below, of two labels at least (registry.gitlab.com → gitlab.com); a pair that is known (docker.io → auth.docker.io).
/// Neighbours are no kin: auth.example.co.uk and evil.co.uk look alike to all who have no list of public suffixes.
[[nodiscard]] bool is_realm_of(std::string_view realm, std::string_view registry);

}  // namespace muster::registry

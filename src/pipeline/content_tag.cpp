#include <fmt/core.h>

#include "muster/base/digest.hpp"
#include "muster/base/value.hpp"
#include "muster/pipeline/builds.hpp"

namespace muster::pipeline {

std::string content_tag(const model::Build& build, const git::Oid& tree) {
  constexpr std::size_t kPrefix = 7;  // "sha256:"
  constexpr std::size_t kDigits = 32;
  return "muster-" + sha256(fmt::format("{}\n{}", tree.text(), build.declaration)).text().substr(kPrefix, kDigits);
}

std::string inputs_digest(const model::Build& build, const registry::Access& access) {
  Object secrets;
  for (const auto& [name, secret] : build.secrets) secrets.append(name, secret.reference);
  return sha256(to_canonical_json(Object{
                    {"auth", static_cast<int>(access.auth.method)},
                    {"authority", access.ca_file},
                    {"memory", build.memory},
                    {"plain_http", access.plain_http},
                    {"push", build.push.where()},
                    {"realm", access.realm},
                    {"secret", access.auth.secret ? access.auth.secret->reference : std::string()},
                    {"secrets", std::move(secrets)},
                    {"timeout", build.timeout.count()},
                    {"user", access.auth.user},
                }))
      .text();
}

}  // namespace muster::pipeline

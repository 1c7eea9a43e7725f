#include "lang/lower/images.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lang/lower/fields.hpp"
#include "lang/lower/lower.hpp"
#include "lang/lower/repositories.hpp"
#include "lang/watch.hpp"
#include "muster/base/text.hpp"

namespace muster::lang {
namespace {

std::optional<Mistake> mistake_of(std::optional<WatchMistake> from) {
  if (!from) return std::nullopt;
  return Mistake{from->code, std::move(from->message), std::move(from->label), std::move(from->help), ""};
}

/// What cosign and OpenSSL write, and what people take for it.
std::optional<Mistake> check_image_keys(const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    if (trim(key).starts_with("-----BEGIN PUBLIC KEY-----") && trim(key).ends_with("-----END PUBLIC KEY-----")) continue;
    const bool secret = key.find("PRIVATE KEY") != std::string::npos;
    return Mistake{"F0436",
                   secret ? "this is a private key; whoever reads the fleet could sign with it" : "this is no public key of an image",
                   secret ? "private" : "not a key",
                   "`cosign public-key` writes one: \"-----BEGIN PUBLIC KEY-----\", lines, \"-----END PUBLIC KEY-----\"", "keys"};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Mistake> check_signing_keys(const std::vector<std::string>& keys, std::string_view slot) {
  static constexpr std::string_view kForms[] = {"ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-", "-----BEGIN PGP PUBLIC KEY BLOCK-----"};
  const auto is_key = [](std::string_view text) {
    return std::any_of(std::begin(kForms), std::end(kForms), [&](std::string_view form) { return text.starts_with(form); });
  };
  if (keys.empty())
    return Mistake{"F0436", "without a key nothing is verified", "no key", "leave `verify` out, or name whose keys count", slot};
  for (const std::string& key : keys) {
    if (is_key(trim(key))) continue;
    const bool secret = key.find("PRIVATE KEY") != std::string::npos;
    return Mistake{"F0436", secret ? "this is a private key; whoever reads the fleet could sign with it" : "this is no public key",
                   secret ? "private" : "not a key",
                   "OpenSSH's, one line: \"ssh-ed25519 AAAA… name\"; or armoured GPG: \"-----BEGIN PGP PUBLIC KEY BLOCK-----\" and so on",
                   slot};
  }
  return std::nullopt;
}

std::vector<model::Registry> lower_registries(const Program& program) {
  std::vector<model::Registry> registries;
  for (const Entity& entity : program.table(EntityWord::registry).all) {
    if (entity.values.empty() || entity.poison != nullptr) continue;
    const EntityFields fields(program, entity);
    model::Registry& made = registries.emplace_back();
    made.name = entity.name;
    made.match = fields.text("match");
    made.auth = lower_credentials(program, fields["auth"], entity.span);
    made.ca_file = file_named(program, fields, "ca");
    made.realm = fields.text("realm");
    made.plain_http = fields["plain_http"].is(Tag::boolean) && fields["plain_http"].truth();
    if (const Datum requests = fields["requests"]; requests.is(Tag::integer)) made.requests = static_cast<int>(requests.number);
    made.span = entity.span;
  }
  return registries;
}

void check_named_images(Program& program, diag::Diagnostics& out) {
  for (Entity& entity : program.table(EntityWord::image).all) {
    if (entity.values.empty() || entity.poison != nullptr) continue;
    const EntityFields fields(program, entity);
    model::ImageInput made;
    std::optional<Mistake> mistake = lower_image(program, fields["reference"], made);
    if (!mistake) mistake = check_image_keys(text_list(fields["keys"]));
    if (!mistake) continue;
    const diag::Span at = fields.place(mistake->slot.empty() ? "reference" : mistake->slot);
    if (!mistake->code.empty()) out.error(at, mistake->code, "{}", mistake->message).label(mistake->label).help(mistake->help);
    entity.poison = Program::cause(program.arena, mistake->message, at);
  }
}

std::optional<Mistake> lower_image(const Program& program, const Datum& value, model::ImageInput& made) {
  if (value.is(Tag::entity)) {
    const Entity& entity = program.table(EntityWord::image).all[static_cast<std::size_t>(value.number)];
    if (entity.values.empty() || entity.poison != nullptr)
      return Mistake{"", fmt::format("the image `{}` is in error", entity.name), "", "", ""};
    const EntityFields fields(program, entity);
    made.keys = text_list(fields["keys"]);
    return lower_image(program, fields["reference"], made);
  }
  if (value.is(Tag::record)) return mistake_of(read_watch(value.items(), made.policy.emplace()));
  model::ImageReference reference;
  made.reference = value.text();
  return mistake_of(read_reference(made.reference, reference));
}

std::optional<Mistake> check_image_key(std::string_view key) {
  model::ImageReference reference;
  return mistake_of(read_repository(key, "manifests' images are named by their repository alone", reference));
}

}  // namespace muster::lang

#include "muster/record/inputs.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "muster/base/text.hpp"
#include "record/words.hpp"

namespace muster::record {
namespace {

constexpr std::pair<Cause, std::string_view> kCauses[] = {
    {Cause::push, "push"},   {Cause::image, "image"},       {Cause::chart, "chart"},   {Cause::promotion, "promotion"},
    {Cause::fleet, "fleet"}, {Cause::rollback, "rollback"}, {Cause::manual, "manual"},
};

constexpr std::string_view kAbsent = "absent";
constexpr std::size_t kShownDigest = 7 + 12;  ///< "sha256:" and twelve digits.

std::string encode_source(const SourceValue& source) {
  return fmt::format("{}/{};{};{};{}", source.commit.text(), source.tree.text(), escape_word(source.branch), escape_word(source.path),
                     escape_word(source.repository));
}

std::string encode_image(const ImageValue& image) {
  std::string out = escape_word(image.reference);
  if (out == kAbsent) out = "%61bsent";  // An image of this name is not a removal.
  const auto add = [&out](std::string_view key, const std::string& value) {
    if (!value.empty()) out += fmt::format(";{}={}", key, escape_word(value));
  };
  add("digest", image.digest);
  add("tag", image.tag);
  add("rule", image.rule);
  add("commit", image.commit);
  if (image.literal) out += ";literal";
  return out;
}

std::optional<InputValue> decode_source(std::string_view text) {
  const auto parts = split(text, ';');
  if (parts.size() != 4) return std::nullopt;
  const auto ids = split(parts[0], '/');
  if (ids.size() != 2) return std::nullopt;
  const auto commit = git::Oid::parse(ids[0]);
  const auto tree = git::Oid::parse(ids[1]);
  const auto branch = unescape_word(parts[1]);
  const auto path = unescape_word(parts[2]);
  const auto repository = unescape_word(parts[3]);
  if (!commit || !tree || !branch || !path || !repository) return std::nullopt;
  return SourceValue{*commit, *tree, *branch, *path, *repository};
}

std::optional<InputValue> decode_image(std::string_view text) {
  const auto parts = split(text, ';');
  const auto reference = unescape_word(parts[0]);
  if (!reference) return std::nullopt;
  ImageValue image;
  image.reference = *reference;
  const std::pair<std::string_view, std::string*> fields[] = {
      {"digest=", &image.digest}, {"tag=", &image.tag}, {"rule=", &image.rule}, {"commit=", &image.commit}};
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (parts[i] == "literal") {
      image.literal = true;
      continue;
    }
    const auto field = std::find_if(std::begin(fields), std::end(fields), [&](const auto& f) { return parts[i].starts_with(f.first); });
    if (field == std::end(fields)) return std::nullopt;
    const auto value = unescape_word(parts[i].substr(field->first.size()));
    if (!value) return std::nullopt;
    *field->second = *value;
  }
  return image;
}

std::optional<InputValue> decode_from(std::string_view text) {
  const auto parts = split(text, '/');
  if (parts.size() != 3) return std::nullopt;
  const auto environment = unescape_word(parts[0]);
  const auto record = git::Oid::parse(parts[1]);
  const auto bundle = Digest::parse(parts[2]);
  if (!environment || !record || !bundle) return std::nullopt;
  return FromValue{*environment, *record, *bundle};
}

template <typename... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <typename... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

/// What makes two values one: nothing of where it came from.
std::string content_of(const InputValue& value) {
  return std::visit(Overloaded{
                        [](const Absent&) { return std::string(); },
                        [](const SourceValue& source) { return source.tree.text(); },
                        [](const ImageValue& image) { return image.content(); },
                        [](const DeclarationValue& declaration) { return declaration.digest.text(); },
                        [](const FromValue& from) { return from.bundle.text(); },
                    },
                    value);
}

}  // namespace

std::string_view to_string(Cause cause) {
  for (const auto& [value, word] : kCauses) {
    if (value == cause) return word;
  }
  return "manual";
}

std::optional<Cause> parse_cause(std::string_view text) {
  for (const auto& [value, word] : kCauses) {
    if (word == text) return value;
  }
  return std::nullopt;
}

std::string encode(const InputValue& value) {
  return std::visit(Overloaded{
                        [](const Absent&) { return std::string(kAbsent); },
                        [](const SourceValue& source) { return encode_source(source); },
                        [](const ImageValue& image) { return encode_image(image); },
                        [](const DeclarationValue& declaration) { return declaration.digest.text(); },
                        [](const FromValue& from) {
                          return fmt::format("{}/{}/{}", escape_word(from.environment), from.record.text(), from.bundle.text());
                        },
                    },
                    value);
}

std::optional<InputValue> decode(std::string_view input, std::string_view text) {
  if (text == kAbsent) return Absent{};
  if (input == kSource) return decode_source(text);
  if (input == kFrom) return decode_from(text);
  if (input == kDeclaration) {
    const auto digest = Digest::parse(text);
    if (!digest) return std::nullopt;
    return DeclarationValue{*digest};
  }
  if (input.starts_with(kImagePrefix) && input.size() > kImagePrefix.size()) return decode_image(text);
  return std::nullopt;
}

namespace {

/// "ghcr.io/shop/cart:1.4.2 (sha256:0123456789ab)", of a build "… built from 4c779a0f0a": a digest alone tells people nothing.
std::string describe_image(const ImageValue& image) {
  if (image.digest.empty()) return image.reference;
  const std::string_view name = std::string_view(image.reference).substr(0, image.reference.find('@'));
  if (image.rule == kBuildRule)
    return fmt::format("{} ({}, built from {})", name, std::string_view(image.digest).substr(0, kShownDigest),
                       std::string_view(image.commit).substr(0, 10));
  return fmt::format("{}{}{} ({})", name, image.tag.empty() ? "" : ":", image.tag, std::string_view(image.digest).substr(0, kShownDigest));
}

}  // namespace

std::string describe(const InputValue& value) {
  return std::visit(Overloaded{
                        [](const Absent&) { return std::string(kAbsent); },
                        [](const SourceValue& source) { return fmt::format("{} ({})", source.commit.short_text(), source.branch); },
                        [](const ImageValue& image) { return describe_image(image); },
                        [](const DeclarationValue& declaration) { return "declaration " + declaration.digest.short_text(); },
                        [](const FromValue& from) { return fmt::format("{} of {}", from.record.short_text(), from.environment); },
                    },
                    value);
}

std::string describe_move(std::string_view input, const std::optional<InputValue>& before, const InputValue& after) {
  const std::string prefix = fmt::format("{} ", input);
  std::string now = describe(after);
  // Some values begin with the word for themselves.
  if (now.starts_with(prefix)) now.erase(0, prefix.size());
  std::string then = before ? describe(*before) : now;
  if (then.starts_with(prefix)) then.erase(0, prefix.size());
  return then == now ? prefix + now : fmt::format("{}{} → {}", prefix, then, now);
}

bool same_content(const InputValue& a, const InputValue& b) {
  const auto* image_a = std::get_if<ImageValue>(&a);
  const auto* image_b = std::get_if<ImageValue>(&b);
  if (image_a != nullptr && image_b != nullptr && (image_a->digest.empty() || image_b->digest.empty())) {
    return image_a->reference == image_b->reference;  // Resolving a literal tag later is no move by itself.
  }
  return a.index() == b.index() && content_of(a) == content_of(b);
}

Digest Bundle::digest() const {
  Hasher hasher;
  for (const auto& [name, content] : parts) hasher.add(name).add(content);
  return hasher.finish();
}

Bundle bundle_of(const Inputs& inputs) {
  Bundle bundle;
  for (const auto& [name, value] : inputs) {
    const bool carried = std::holds_alternative<SourceValue>(value) || std::holds_alternative<ImageValue>(value);
    if (carried) bundle.parts.emplace(name, content_of(value));
  }
  return bundle;
}

int compare_versions(std::string_view a, std::string_view b) {
  const auto parts_a = split(a, '.');
  const auto parts_b = split(b, '.');
  const auto number = [](std::string_view text) -> std::optional<std::uint64_t> {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
  };
  for (std::size_t i = 0; i < std::max(parts_a.size(), parts_b.size()); ++i) {
    const std::string_view x = i < parts_a.size() ? parts_a[i] : "0";
    const std::string_view y = i < parts_b.size() ? parts_b[i] : "0";
    const auto nx = number(x);
    const auto ny = number(y);
    if (nx && ny) {
      if (*nx != *ny) return *nx < *ny ? -1 : 1;
    } else if (x != y) {
      return x < y ? -1 : 1;
    }
  }
  return 0;
}

}  // namespace muster::record

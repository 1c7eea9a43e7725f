#include <fmt/core.h>

#include <algorithm>

#include "muster/base/digest.hpp"
#include "muster/base/text.hpp"
#include "muster/manifest/object.hpp"

namespace muster::manifest {

namespace {

// File systems end a name at 255 bytes, and a temporary file beside it needs room for its ending.
constexpr std::size_t kMaxFileName = 230;
constexpr std::string_view kEnding = ".yaml";

bool is_plain_in_file_names(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

// `%` stands in no Kubernetes name, so escaped names cannot meet plain ones.
void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (is_plain_in_file_names(c)) {
      out.push_back(c);
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
}

// "deployment.apps-cart.yaml"; a name too long for a file ends in a digest of the identity instead.
std::string file_name(const ObjectId& id) {
  std::string out = to_lower(id.kind);
  if (!id.group.empty()) {
    out.push_back('.');
    append_escaped(out, id.group);
  }
  out.push_back('-');
  append_escaped(out, id.name);
  if (out.size() + kEnding.size() > kMaxFileName) {
    const std::string mark = "~" + sha256(id.text()).short_text();
    out.resize(kMaxFileName - kEnding.size() - mark.size());
    out += mark;
  }
  out += kEnding;
  return out;
}

std::string in_folder(std::string_view folder, const ObjectId& id) {
  std::string out;
  append_escaped(out, folder);
  if (!out.empty()) out.push_back('/');
  return out + file_name(id);
}

}  // namespace

std::string ObjectId::text() const {
  std::string out = kind;
  if (!group.empty()) out.append(".").append(group);
  out.push_back(' ');
  if (!namespace_.empty()) out.append(namespace_).push_back('/');
  return out.append(name);
}

std::optional<ObjectId> ObjectId::parse(std::string_view text) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos || space == 0) return std::nullopt;
  const std::string_view type = text.substr(0, space);
  const std::string_view place = text.substr(space + 1);
  const std::size_t dot = type.find('.');
  const std::size_t slash = place.find('/');
  ObjectId id;
  id.kind = type.substr(0, dot);
  if (dot != std::string_view::npos) id.group = type.substr(dot + 1);
  if (slash != std::string_view::npos) id.namespace_ = place.substr(0, slash);
  id.name = slash == std::string_view::npos ? place : place.substr(slash + 1);
  const bool exact = !id.kind.empty() && !id.name.empty() && id.name.find('/') == std::string::npos && id.text() == text;
  return exact ? std::optional(std::move(id)) : std::nullopt;
}

std::string ObjectId::descriptor_path() const { return in_folder(namespace_, *this); }

std::string ObjectId::target_path() const { return in_folder(namespace_.empty() ? "_cluster" : namespace_, *this); }

std::string case_fold_key(std::string_view path) { return to_lower(path); }

std::string Position::text() const { return line == 0 ? path : fmt::format("{}:{}:{}", path, line, column); }

std::string Object::api_version() const { return id.group.empty() ? version : id.group + "/" + version; }

Digest digest(const Value& content) { return sha256(to_canonical_json(content)); }

Digest digest(const Object& object) { return digest(object.content); }

Digest digest(std::span<const Object> objects) {
  std::vector<const Object*> sorted;
  sorted.reserve(objects.size());
  for (const Object& object : objects) sorted.push_back(&object);
  std::sort(sorted.begin(), sorted.end(), [](const Object* a, const Object* b) { return a->id < b->id; });
  Hasher hasher;
  for (const Object* object : sorted) hasher.add(object->id.text()).add(to_canonical_json(object->content));
  return hasher.finish();
}

}  // namespace muster::manifest

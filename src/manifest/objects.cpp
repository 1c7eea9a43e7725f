#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "manifest/documents.hpp"
#include "manifest/kinds.hpp"
#include "manifest/tree.hpp"
#include "muster/base/text.hpp"
#include "muster/manifest/yaml.hpp"

namespace muster::manifest {

namespace {

constexpr std::string_view kList = "List";
constexpr std::size_t kMaxListDepth = 8;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// RFC 1123: lower-case letters, digits and '-', beginning and ending with a letter or digit.
bool is_dns_label(std::string_view text) {
  if (text.empty() || text.size() > 63 || text.front() == '-' || text.back() == '-') return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

bool is_dns_subdomain(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  const auto is_part = [](std::string_view part) {
    return !part.empty() && part.size() <= 253 && part.front() != '-' && part.back() != '-';
  };
  const auto parts = split(text, '.');
  return std::all_of(parts.begin(), parts.end(), is_part) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_lower(c) || is_digit(c) || c == '-' || c == '.'; });
}

// What every kind takes for a name: it becomes one segment of a URL's path.
bool is_path_segment(std::string_view text) {
  if (text.empty() || text.size() > 253 || text == "." || text == "..") return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != '/' && c != '%'; });
}

// Kubernetes' own kinds are named like hosts, but for roles; kinds of others may do as they like.
bool names_are_dns(std::string_view group, std::string_view kind) {
  return find_built_in(group, kind) != nullptr && group != "rbac.authorization.k8s.io";
}

bool is_kind(std::string_view text) {
  const auto is_letter_or_digit = [](char c) { return is_upper(c) || is_lower(c) || is_digit(c); };
  return !text.empty() && text.size() <= 63 && !is_digit(text.front()) && std::all_of(text.begin(), text.end(), is_letter_or_digit);
}

bool is_version(std::string_view text) { return is_dns_label(text); }

// What was found instead, in the words of YAML.
std::string found(const Value& value) {
  if (const std::string* text = value.if_string()) return fmt::format("'{}'", text->substr(0, 80));
  if (value.is_null()) return "null";
  if (value.if_array() != nullptr) return "a list";
  if (value.if_object() != nullptr) return "a mapping";
  return fmt::format("a {}", value.type_name());
}

// Checks one object's identity and writes it down. One use; the first objection stands.
class Reader {
 public:
  Reader(const Value& content, const Position& at) : content_(content), at_(at) {}

  Result<Object> read() {
    if (content_.if_object() == nullptr)
      return refuse_text(fmt::format("a Kubernetes object is expected here, this is {}", found(content_)));
    MUSTER_CHECK(read_type());
    MUSTER_TRY(const Value* const metadata, metadata_of());
    MUSTER_CHECK(read_name(*metadata));
    MUSTER_CHECK(read_namespace(*metadata));
    for (const char* map : {"labels", "annotations"}) MUSTER_CHECK(check_text_map(*metadata, map));
    return std::move(object_);
  }

 private:
  Result<void> read_type() {
    MUSTER_TRY(const std::string_view api_version, text_field("apiVersion", "such as v1 or apps/v1"));
    MUSTER_TRY(const std::string_view kind, text_field("kind", "such as Deployment"));
    const std::size_t slash = api_version.find('/');
    const bool has_group = slash != std::string_view::npos;
    const std::string_view group = has_group ? api_version.substr(0, slash) : "";
    const std::string_view version = has_group ? api_version.substr(slash + 1) : api_version;
    if ((has_group && !is_dns_subdomain(group)) || !is_version(version)) {
      return refuse_text(fmt::format("apiVersion '{}' is not a group and version such as v1 or apps/v1", api_version.substr(0, 80)));
    }
    if (!is_kind(kind)) return refuse_text(fmt::format("kind '{}' is not a kind's name such as Deployment", kind.substr(0, 80)));
    object_.id.group = group;
    object_.id.kind = kind;
    object_.version = version;
    return {};
  }

  Result<std::string_view> text_field(std::string_view field, std::string_view example) {
    const Value* value = content_.find(field);
    if (value == nullptr || value->is_null()) {
      return refuse_text(fmt::format("{} is missing; every Kubernetes object has one, {}", field, example));
    }
    const std::string* text = value->if_string();
    if (text == nullptr) return refuse_text(fmt::format("{} must be text, {}, and is {}", field, example, found(*value)));
    return std::string_view(*text);
  }

  Result<const Value*> metadata_of() {
    const Value* metadata = content_.find("metadata");
    if (metadata == nullptr || metadata->if_object() == nullptr) {
      return refuse_text(fmt::format("{} has no metadata with a name in it", object_.id.kind));
    }
    return metadata;
  }

  Result<void> read_name(const Value& metadata) {
    const Value* name = metadata.find("name");
    const Value* generated = metadata.find("generateName");
    if (generated != nullptr && !generated->is_null() && (name == nullptr || name->is_null())) {
      return refuse_text(
          fmt::format("{} has metadata.generateName: each apply would make another object; give it a metadata.name", object_.id.kind));
    }
    if (name == nullptr || name->is_null()) return refuse_text(fmt::format("{} has no metadata.name", object_.id.kind));
    const std::string* text = name->if_string();
    if (text == nullptr)
      return refuse_text(fmt::format("metadata.name of {} must be text and is {}; quote it", object_.id.kind, found(*name)));
    if (!is_path_segment(*text)) {
      return refuse_text(
          fmt::format("metadata.name {} of {} is not a name: 1 to 253 characters, without '/' and '%'", found(*name), object_.id.kind));
    }
    if (names_are_dns(object_.id.group, object_.id.kind) && !is_dns_subdomain(*text)) {
      return refuse_text(
          fmt::format("metadata.name {} of {} must be lower-case letters, digits, '-' and '.', beginning and ending with a letter or digit",
                      found(*name), object_.id.kind));
    }
    object_.id.name = *text;
    return {};
  }

  Result<void> read_namespace(const Value& metadata) {
    const Value* space = metadata.find("namespace");
    if (space == nullptr || space->is_null()) return {};
    const std::string* text = space->if_string();
    const auto subject = [&] { return fmt::format("metadata.namespace of {} {}", object_.id.kind, object_.id.name); };
    if (text == nullptr) return refuse_text(fmt::format("{} must be text and is {}; quote it", subject(), found(*space)));
    if (text->empty()) return {};
    if (!is_dns_label(*text)) {
      return refuse_text(fmt::format("{} is {}: a namespace is at most 63 lower-case letters, digits and '-'", subject(), found(*space)));
    }
    // An API server drops the namespace of such an object without a word; so does its identity.
    if (scope_of(object_.id.group, object_.id.kind) != Scope::cluster) object_.id.namespace_ = *text;
    return {};
  }

  Result<void> check_text_map(const Value& metadata, std::string_view field) {
    const Value* map = metadata.find(field);
    if (map == nullptr || map->is_null()) return {};
    const auto subject = [&] { return fmt::format("metadata.{} of {} {}", field, object_.id.kind, object_.id.name); };
    if (map->if_object() == nullptr) return refuse_text(fmt::format("{} must be keys and texts, and is {}", subject(), found(*map)));
    for (const auto& [key, value] : *map->if_object()) {
      if (value.if_string() != nullptr || value.is_null()) continue;
      return refuse_text(
          fmt::format("{}: '{}' is {}, Kubernetes takes only text here; quote it", subject(), key.substr(0, 80), found(value)));
    }
    return {};
  }

  [[nodiscard]] Failure refuse_text(std::string_view what) const { return refuse(Reason::invalid, at_, what); }

  const Value& content_;
  const Position& at_;
  Object object_;
};

// Kubernetes takes whatever has a top-level `items` array for a list of objects.
::muster::Array* items_of(Value& document) {
  ::muster::Object* object = document.if_object();
  Value* items = object == nullptr ? nullptr : object->find("items");
  return items == nullptr ? nullptr : items->if_array();
}

// A typed list (`DeploymentList`) names the type of its items once.
void complete_item(Value& item, std::string_view list_kind, const Value& api_version) {
  ::muster::Object* object = item.if_object();
  if (object == nullptr || list_kind == kList) return;
  if (!object->contains("apiVersion")) object->set("apiVersion", api_version);
  if (!object->contains("kind")) object->set("kind", list_kind.substr(0, list_kind.size() - kList.size()));
}

Result<void> collect(Value content, Position at, const std::vector<Position>& item_positions, std::size_t depth, std::vector<Object>& out) {
  ::muster::Array* items = items_of(content);
  const std::string kind(content.string_at("kind"));
  const bool empty_list = kind == kList && items == nullptr && (content.find("items") == nullptr || content.find("items")->is_null());
  if (empty_list) return {};
  if (items == nullptr) {
    MUSTER_TRY(Object object, make_object(std::move(content), std::move(at)));
    out.push_back(std::move(object));
    return {};
  }
  if (!kind.ends_with(kList)) {
    return refuse(
        Reason::invalid, at,
        fmt::format("'{}' has top-level items, so Kubernetes would read it as a list; name the kind {}List or move them", kind, kind));
  }
  if (depth == kMaxListDepth) return refuse(Reason::limit, at, "lists of lists are nested too deep; write the objects one by one");
  const Value api_version = content.find("apiVersion") == nullptr ? Value() : *content.find("apiVersion");
  for (std::size_t i = 0; i < items->size(); ++i) {
    Value& item = (*items)[i];
    complete_item(item, kind, api_version);
    MUSTER_CHECK(collect(std::move(item), i < item_positions.size() ? item_positions[i] : at, {}, depth + 1, out));
  }
  return {};
}

}  // namespace

Result<Object> make_object(Value content, Position at) {
  MUSTER_TRY(Object object, Reader(content, at).read());
  object.content = std::move(content);
  object.at = std::move(at);
  return object;
}

Result<std::vector<Object>> parse_objects(std::string_view bytes, std::string_view path) {
  MUSTER_TRY(std::vector<PlacedDocument> documents, read_documents(bytes, path));
  std::vector<Object> objects;
  objects.reserve(documents.size());
  for (PlacedDocument& placed : documents) {
    MUSTER_CHECK(collect(std::move(placed.document.value), std::move(placed.document.at), placed.items, 0, objects));
  }
  return objects;
}

}  // namespace muster::manifest

// Strangers' YAML and JSON: no input crashes the reader, and whatever it accepts is printed so that it is read back the same.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "muster/manifest/difference.hpp"
#include "muster/manifest/yaml.hpp"

namespace {

namespace manifest = muster::manifest;

void require(bool holds, std::string_view what, std::string_view text) {
  if (holds) return;
  std::fprintf(stderr, "%.*s\n%.*s\n", static_cast<int>(what.size()), what.data(), static_cast<int>(text.size()), text.data());
  std::abort();
}

void check_printed(const muster::Value& value) {
  const std::string printed = manifest::print_yaml(value);
  // What is printed may be larger than a file may be (aliases are expanded); the reader may refuse it for that alone.
  const auto again = manifest::parse_document(printed, "printed");
  if (!again.ok() && again.failure().reason == muster::Reason::limit) return;
  require(again.ok() && *again == value, "not read back as it was printed", printed);
  require(manifest::difference(value, *again).empty(), "equal values differ", printed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  if (const auto objects = manifest::parse_objects(text, "input.yaml"); objects.ok()) {
    for (const manifest::Object& object : *objects) {
      require(manifest::ObjectId::parse(object.id.text()) == object.id, "identity is lost in its text", object.id.text());
      const std::string printed = manifest::print_object(object.content);
      const auto again = manifest::parse_objects(printed, "printed.yaml");
      require(!again.ok() || (again->size() == 1 && manifest::digest(again->front()) == manifest::digest(object)), "object changed",
              printed);
    }
  }
  if (const auto documents = manifest::parse_documents(text, "input.yaml"); documents.ok()) {
    for (const manifest::Document& document : *documents) check_printed(document.value);
  }
  if (const auto value = manifest::parse_json(text, "input.json"); value.ok() && !value->is_null()) check_printed(*value);
  return 0;
}

// The quick reader of plain YAML against libyaml: what it accepts, libyaml reads as the same tree.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "manifest/plain_style.hpp"
#include "muster/manifest/yaml.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  namespace manifest = muster::manifest;
  // read_documents() lets neither separators nor bytes that are no text come this far, and ends the last line.
  std::string text(reinterpret_cast<const char*>(bytes), size);
  if (text.find("---") != std::string::npos || !manifest::parse_documents(text, "input.yaml").ok()) return 0;
  text += '\n';
  const auto plain = manifest::read_plain_style(text, 1, manifest::kMaxNodes);
  if (!plain) return 0;
  const auto events = manifest::read_events(text, "input.yaml", 1, manifest::kMaxNodes);
  if (events.ok() && *events == *plain) return 0;
  std::fprintf(stderr, "%s\n%s\n", events.ok() ? "another tree" : events.failure().text.c_str(), text.c_str());
  std::abort();
}

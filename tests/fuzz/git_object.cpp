// Commits and trees of strangers, and URLs: no crash; what is read as a tree with safe names is written and read again.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "git/object_text.hpp"
#include "git/url.hpp"

namespace git = muster::git;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)git::parse_commit({}, bytes).ok();
  (void)git::parse_tag_target(bytes);
  (void)git::check_url(bytes, true).ok();
  (void)git::url_key(bytes);
  const auto entries = git::parse_tree(bytes);
  if (!entries.ok()) return 0;
  const auto text = git::tree_text(*entries);
  if (!text.ok()) return 0;
  const auto again = git::parse_tree(*text);
  if (!again.ok() || again->size() != entries->size() || git::tree_text(*again).value() != *text) {
    std::fprintf(stderr, "a tree is not read back as it was written\n");
    std::abort();
  }
  return 0;
}

// Text files compiled into the binary (src/build/embed.cmake): the standard library, diagnostic pages.
#pragma once

#include <span>
#include <string_view>

namespace muster {

struct EmbeddedFile {
  std::string_view path;  ///< Relative to the folder that was embedded, with `/`.
  std::string_view text;
};

}  // namespace muster

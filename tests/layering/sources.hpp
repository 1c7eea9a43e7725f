// The project's own source files, read for the tests of this folder.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace muster::layering {

struct Include {
  std::size_t line = 0;
  std::string path;
  bool quoted = false;  ///< "…" as opposed to <…>.
};

struct SourceFile {
  std::string path;  ///< "src/base/text.cpp", from the root.
  std::string room;  ///< "base"; empty for what belongs to no room.
  bool is_public = false;
  std::string text;
  std::string code;  ///< The text without comments and string literals, line for line.
  std::vector<Include> includes;

  /// "src/base/text.cpp:12".
  [[nodiscard]] std::string at(std::size_t line) const;
  [[nodiscard]] bool has_extension(std::string_view extension) const { return std::string_view(path).ends_with(extension); }
};

/// Root of the project.
std::filesystem::path root();
/// .hpp and .cpp below these folders of the root, sorted.
std::vector<SourceFile> read_sources(const std::vector<std::string>& folders);

}  // namespace muster::layering

#include "sources.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "muster/base/text.hpp"
#include "support/golden.hpp"

namespace muster::layering {
namespace {

/// Blanks out comments and literals. Raw strings end at the first `)"`, which is all that the project's own need.
std::string without_comments_and_literals(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::size_t i = 0;
  const auto skip_to = [&](std::size_t end) {
    for (; i < end && i < text.size(); ++i) out.push_back(text[i] == '\n' ? '\n' : ' ');
  };
  const auto after = [&](std::string_view mark, std::size_t from) {
    const std::size_t found = text.find(mark, from);
    return found == std::string_view::npos ? text.size() : found + mark.size();
  };
  while (i < text.size()) {
    const std::string_view rest = text.substr(i);
    if (rest.starts_with("//")) {
      skip_to(after("\n", i) - 1);
      if (i < text.size() && text[i] != '\n') skip_to(text.size());
    } else if (rest.starts_with("/*")) {
      skip_to(after("*/", i + 2));
    } else if (rest.starts_with("R\"(")) {
      skip_to(after(")\"", i));
    } else if (rest.front() == '"' || (rest.front() == '\'' && (i == 0 || std::isalnum(static_cast<unsigned char>(text[i - 1])) == 0))) {
      std::size_t end = i + 1;
      while (end < text.size() && text[end] != rest.front() && text[end] != '\n') end += text[end] == '\\' ? 2 : 1;
      skip_to(end + 1);
    } else {
      out.push_back(text[i++]);
    }
  }
  return out;
}

std::optional<Include> include_of(std::string_view line, std::size_t number) {
  line = trim(line);
  if (!line.starts_with('#')) return std::nullopt;
  line = trim(line.substr(1));
  if (!line.starts_with("include")) return std::nullopt;
  line = trim(line.substr(std::string_view("include").size()));
  if (line.empty() || (line.front() != '<' && line.front() != '"')) return std::nullopt;
  const bool quoted = line.front() == '"';
  const std::size_t end = line.find(quoted ? '"' : '>', 1);
  if (end == std::string_view::npos) return std::nullopt;
  return Include{number, std::string(line.substr(1, end - 1)), quoted};
}

SourceFile read_source(const std::string& path) {
  SourceFile out;
  out.path = path;
  const std::vector<std::string_view> parts = split(path, '/');
  out.is_public = parts.front() == "include";
  if (out.is_public && parts.size() > 3) out.room = parts[2];
  if (parts.front() == "src" && parts.size() > 2) out.room = parts[1];
  out.text = test::read_file(root() / path);
  out.code = without_comments_and_literals(out.text);
  const std::vector<std::string_view> lines = split(out.text, '\n');
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (std::optional<Include> found = include_of(lines[i], i + 1)) out.includes.push_back(std::move(*found));
  }
  return out;
}

}  // namespace

std::string SourceFile::at(std::size_t line) const { return fmt::format("{}:{}", path, line); }

std::filesystem::path root() { return MUSTER_SOURCE_DIR; }

std::vector<SourceFile> read_sources(const std::vector<std::string>& folders) {
  std::vector<std::string> paths;
  for (const std::string& folder : folders) {
    if (!std::filesystem::exists(root() / folder)) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root() / folder)) {
      const std::filesystem::path& path = entry.path();
      if (path.extension() == ".hpp" || path.extension() == ".cpp")
        paths.push_back(std::filesystem::relative(path, root()).generic_string());
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<SourceFile> out;
  out.reserve(paths.size());
  for (const std::string& path : paths) out.push_back(read_source(path));
  return out;
}

}  // namespace muster::layering

#include "muster/diag/catalogue.hpp"

#include <algorithm>
#include <cctype>

#include "muster/base/embedded.hpp"

namespace muster::embedded {
std::span<const EmbeddedFile> diagnostic_pages();
}  // namespace muster::embedded

namespace muster::diag {
namespace {

constexpr std::string_view kFence = "```";

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

std::vector<Page> read_pages() {
  std::vector<Page> result;
  for (const EmbeddedFile& file : embedded::diagnostic_pages()) {
    const std::string_view code = file.path.substr(0, file.path.find('.'));
    std::string_view title = first_line(file.text);
    title.remove_prefix(std::min(title.size(), title.find(": ") + 2));
    result.push_back({code, title, file.text});
  }
  std::sort(result.begin(), result.end(), [](const Page& a, const Page& b) { return a.code < b.code; });
  return result;
}

/// The fenced files between `heading` and the next heading.
std::vector<Example> example_below(std::string_view text, std::string_view heading) {
  std::vector<Example> result;
  const std::size_t start = text.find(heading);
  if (start == std::string_view::npos) return result;
  std::string_view rest = text.substr(start + heading.size());
  bool inside = false;
  while (!rest.empty()) {
    const std::string_view line = first_line(rest);
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.starts_with(kFence)) {
      inside = !inside;
      if (!inside) continue;
      const std::size_t space = line.find(' ');
      const std::string number = result.empty() ? "" : std::to_string(result.size() + 1);
      result.push_back({space == std::string_view::npos ? "main" + number + ".fleet" : std::string(line.substr(space + 1)), {}});
    } else if (inside) {
      result.back().text.append(line).push_back('\n');
    } else if (line.starts_with("## ")) {
      break;
    }
  }
  return result;
}

}  // namespace

std::span<const Page> pages() {
  static const std::vector<Page> kPages = read_pages();
  return kPages;
}

const Page* find_page(std::string_view code) {
  std::string upper(code);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  const std::span<const Page> all = pages();
  const auto found =
      std::lower_bound(all.begin(), all.end(), upper, [](const Page& page, const std::string& wanted) { return page.code < wanted; });
  return found != all.end() && found->code == upper ? &*found : nullptr;
}

std::vector<Example> wrong_example(const Page& page) { return example_below(page.text, "\n## Wrong\n"); }

std::vector<Example> right_example(const Page& page) { return example_below(page.text, "\n## Right\n"); }

}  // namespace muster::diag

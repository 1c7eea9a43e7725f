#include <fmt/format.h>

#include <algorithm>

#include "diag/shown_line.hpp"
#include "muster/base/text.hpp"
#include "muster/diag/render.hpp"

namespace muster::diag {
namespace {

constexpr std::string_view kReset = "\x1b[0m";
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kRed = "\x1b[1;31m";
constexpr std::string_view kYellow = "\x1b[1;33m";
constexpr std::string_view kBlue = "\x1b[1;34m";
constexpr std::string_view kGreen = "\x1b[1;32m";
constexpr std::string_view kCyan = "\x1b[1;36m";

class Rendering {
 public:
  Rendering(const Diagnostic& diagnostic, const Sources& sources, const TerminalStyle& style)
      : diagnostic_(diagnostic), sources_(sources), style_(style), gutter_(2 + digits_of_last_line()) {}

  std::string whole() {
    headline();
    if (diagnostic_.primary.span.known()) {
      lines_of_primary_file();
      for (const Label& label : diagnostic_.secondary) {
        if (label.span.known() && !is_here(label)) elsewhere(label);
      }
    }
    for (const Fix& fix : diagnostic_.fixes) remark("fix", kGreen, fix.title);
    for (const std::string& help : diagnostic_.helps) remark("help", kCyan, help);
    for (const std::string& note : diagnostic_.notes) remark("note", kCyan, note);
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::string painted(std::string_view text, std::string_view colour) const {
    return style_.colour && !text.empty() ? fmt::format("{}{}{}", colour, text, kReset) : std::string(text);
  }
  [[nodiscard]] std::string_view severity_colour() const { return diagnostic_.severity == Severity::error ? kRed : kYellow; }
  [[nodiscard]] bool is_here(const Label& label) const { return label.span.source == diagnostic_.primary.span.source; }
  [[nodiscard]] std::uint32_t line_of(Span span) const { return sources_.position(span.source, span.begin).line; }

  [[nodiscard]] std::size_t digits_of_last_line() const {
    if (!diagnostic_.primary.span.known()) return 1;
    std::uint32_t last = line_of(diagnostic_.primary.span);
    for (const Label& label : diagnostic_.secondary) {
      if (is_here(label)) last = std::max(last, line_of(label.span));
    }
    return std::to_string(last).size();
  }

  void headline() {
    const std::string place = sources_.place(diagnostic_.primary.span);
    const std::string_view severity = diagnostic_.severity == Severity::error ? "error" : "warning";
    out_ += painted(fmt::format("{}[{}]", severity, diagnostic_.code), severity_colour());
    out_ += place.empty() ? ": " : fmt::format(" {}: ", escape_for_terminal(place));
    out_ += painted(escape_for_terminal(diagnostic_.message), kBold) + "\n";
  }

  /// The primary's line first, then the others in their order; labels of one line stand under it together.
  void lines_of_primary_file() {
    std::vector<const Label*> left = {&diagnostic_.primary};
    for (const Label& label : diagnostic_.secondary) {
      if (is_here(label)) left.push_back(&label);
    }
    while (!left.empty()) {
      const std::uint32_t line = line_of(left.front()->span);
      const ShownLine shown(sources_.line_at(left.front()->span.source, left.front()->span.begin));
      const std::size_t cut = window_begin(shown, *left.front());
      out_ += painted(fmt::format("{:>{}} |", line, gutter_), kBlue) + " " + windowed(shown, cut) + "\n";
      for (const Label* label : left) {
        if (line_of(label->span) == line) underline(shown, *label, cut, 0, label == &diagnostic_.primary ? '^' : '-');
      }
      std::erase_if(left, [&](const Label* label) { return line_of(label->span) == line; });
    }
  }

  /// A label in another file: `  ::: b.fleet:2:12   needs = [c]`.
  void elsewhere(const Label& label) {
    const ShownLine shown(sources_.line_at(label.span.source, label.span.begin));
    const std::size_t cut = window_begin(shown, label);
    const std::string place = escape_for_terminal(sources_.place(label.span));
    out_ += painted("  :::", kBlue) + " " + place + " " + windowed(shown, cut) + "\n";
    // The source begins behind the place, not behind the gutter.
    const std::size_t begins = 6 + place.size() + 1;
    underline(shown, label, cut, begins - std::min(begins, gutter_ + 3), '^');
  }

  void underline(const ShownLine& shown, const Label& label, std::size_t cut, std::size_t margin, char mark) {
    // A label outside of the part that is shown stands at its edge.
    const auto [label_begin, label_end] = columns(shown, label);
    const std::size_t begin = std::clamp(label_begin, cut, cut + style_.widest);
    const std::size_t last = std::clamp(label_end, begin + 1, cut + style_.widest + 1);
    const std::size_t indent = margin + begin - cut + (cut == 0 ? 0 : 1);
    const std::string text = escape_for_terminal(label.text);
    out_ += painted(fmt::format("{:>{}} |", "", gutter_), kBlue) + " " + std::string(indent, ' ');
    out_ += painted(std::string(last - begin, mark) + (text.empty() ? "" : " " + text),
                    mark == '^' && &label == &diagnostic_.primary ? severity_colour() : kBlue);
    out_ += "\n";
  }

  /// Screen columns of a label on its first line.
  [[nodiscard]] std::pair<std::size_t, std::size_t> columns(const ShownLine& shown, const Label& label) const {
    const std::string_view line = sources_.line_at(label.span.source, label.span.begin);
    const auto line_begin = static_cast<std::size_t>(line.data() - sources_.text(label.span.source).data());
    const std::size_t begin = label.span.begin - std::min<std::size_t>(line_begin, label.span.begin);
    const std::size_t end = std::max(label.span.end, label.span.begin) - std::min<std::size_t>(line_begin, label.span.begin);
    return {shown.column(begin), shown.column(std::min(end, line.size()))};
  }

  [[nodiscard]] std::size_t window_begin(const ShownLine& shown, const Label& label) const {
    if (shown.width() <= style_.widest) return 0;
    const std::size_t begin = columns(shown, label).first;
    return begin < style_.widest / 2 ? 0 : begin - style_.widest / 4;
  }
  [[nodiscard]] std::string windowed(const ShownLine& shown, std::size_t cut) const { return shown.window(cut, cut + style_.widest); }

  void remark(std::string_view word, std::string_view colour, const std::string& text) {
    const std::vector<std::string_view> lines = split(text, '\n');
    for (std::size_t i = 0; i < lines.size(); ++i) {
      out_ += i == 0 ? "  " + painted(fmt::format("{}:", word), colour) + " " : std::string(word.size() + 4, ' ');
      out_ += escape_for_terminal(lines[i]) + "\n";
    }
  }

  const Diagnostic& diagnostic_;
  const Sources& sources_;
  const TerminalStyle& style_;
  std::size_t gutter_;
  std::string out_;
};

}  // namespace

std::string render_terminal(const Diagnostic& diagnostic, const Sources& sources, const TerminalStyle& style) {
  return Rendering(diagnostic, sources, style).whole();
}

std::string render_terminal(const Diagnostics& diagnostics, const Sources& sources, const TerminalStyle& style) {
  std::string result;
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    if (!result.empty()) result.push_back('\n');
    result += render_terminal(diagnostic, sources, style);
  }
  return result;
}

std::string summary(const Diagnostics& diagnostics) {
  const std::size_t errors = diagnostics.errors();
  const std::size_t warnings = diagnostics.all().size() - errors;
  std::string result = errors == 0 ? "" : count_of(errors, "error");
  if (warnings != 0) result += (result.empty() ? "" : ", ") + count_of(warnings, "warning");
  return result;
}

}  // namespace muster::diag

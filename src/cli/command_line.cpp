#include "cli/command_line.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <set>

#include "muster/base/text.hpp"
#include "muster/diag/suggest.hpp"

namespace muster::cli {
namespace {

constexpr std::size_t kTextWidth = 96;

/// Lines that follow one another are one paragraph; an empty line or one that starts with a space ends it.
std::vector<std::string> paragraphs(std::string_view text) {
  std::vector<std::string> out;
  bool open = false;
  for (const std::string_view line : split(text, '\n')) {
    const bool flows = !line.empty() && line.front() != ' ';
    if (flows && open) {
      out.back() += " " + std::string(line);
    } else {
      out.emplace_back(line);
    }
    open = flows;
  }
  return out;
}

/// Breaks a paragraph at word ends; lines that start with a space stay as they are.
std::string wrap(std::string_view text, std::size_t indent) {
  std::string out;
  const std::string margin(indent, ' ');
  for (const std::string& paragraph : paragraphs(text)) {
    if (paragraph.empty() || paragraph.front() == ' ') {
      out += paragraph.empty() ? "\n" : margin + paragraph + "\n";
      continue;
    }
    std::string line = margin;
    for (const std::string_view word : split(paragraph, ' ')) {
      if (line.size() > indent && line.size() + 1 + word.size() > kTextWidth) {
        out += line + "\n";
        line = margin;
      }
      if (line.size() > indent) line += ' ';
      line += word;
    }
    out += line + "\n";
  }
  return out;
}

void append_options(std::string& out, std::span<const Option> options) {
  std::size_t width = 0;
  const auto head = [](const Option& option) {
    return std::string(option.name) + (option.value.empty() ? "" : " " + std::string(option.value));
  };
  for (const Option& option : options) width = std::max(width, head(option).size());
  for (const Option& option : options) out += fmt::format("  {:<{}}  {}\n", head(option), width, option.text);
}

/// Declares a verb's options with CLI11 and copies what was given into `into` after parsing.
class Binding {
 public:
  Binding(CLI::App& app, std::span<const Option> options) : options_(options), texts_(options.size()), flags_(options.size()) {
    for (std::size_t i = 0; i < options.size(); ++i) {
      if (options[i].value.empty()) {
        given_.push_back(app.add_flag(std::string(options[i].name)));
      } else {
        given_.push_back(app.add_option(std::string(options[i].name), texts_[i])
                             ->allow_extra_args(false)
                             ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll));
      }
    }
  }

  void copy(Arguments& into) const {
    for (std::size_t i = 0; i < options_.size(); ++i) {
      if (given_[i]->count() == 0) continue;
      into.values[std::string(options_[i].name)] = options_[i].value.empty() ? std::vector<std::string>{""} : texts_[i];
    }
  }

 private:
  std::span<const Option> options_;
  std::vector<std::vector<std::string>> texts_;
  std::vector<int> flags_;
  std::vector<CLI::Option*> given_;
};

EarlyEnd unknown_verb(const std::string& name) {
  std::vector<std::string_view> names;
  for (const Verb& verb : verbs()) names.push_back(verb.name);
  std::string text = fmt::format("muster: there is no verb `{}`", escape_for_terminal(name));
  if (const std::string_view near = diag::nearest(name, names); !near.empty()) text += fmt::format("; did you mean `{}`?", near);
  return {text + "\nRun `muster --help` for the list.\n", kInvalid};
}

EarlyEnd misuse(const Verb& verb, std::string_view text) {
  return {fmt::format("muster {}: {}\nRun `muster {} --help` for its options.\n", verb.name, escape_for_terminal(text), verb.name),
          kInvalid};
}

EarlyEnd unknown_option(const Verb& verb, const std::string& given) {
  const std::string name = given.substr(0, given.find('='));
  std::vector<std::string_view> names;
  for (const auto options : {verb.options, global_options()}) {
    for (const Option& option : options) names.push_back(option.name);
  }
  const std::string_view near = diag::nearest(name, names);
  return misuse(verb, fmt::format("there is no option `{}`{}", name, near.empty() ? "" : fmt::format("; did you mean `{}`?", near)));
}

/// What CLI11 refused, in our words.
EarlyEnd refused(const Verb& verb, const CLI::App& app, const CLI::ParseError& error) {
  for (const std::string& extra : app.remaining()) {
    if (extra.starts_with('-')) return unknown_option(verb, extra);
  }
  const std::string text = error.what();
  for (const auto options : {verb.options, global_options()}) {
    for (const Option& option : options) {
      if (!option.value.empty() && text.starts_with(std::string(option.name) + ":"))
        return misuse(verb, fmt::format("{} needs a value: {} {}", option.name, option.name, option.value));
    }
  }
  return misuse(verb, text);
}

/// Of global options whose value must be more than a text; nullopt: all is well.
std::optional<std::string> wrong_value(const Arguments& arguments) {
  if (!arguments.has("--jobs")) return std::nullopt;
  const std::string text = arguments.get("--jobs");
  if (parse_jobs(text)) return std::nullopt;
  return fmt::format("--jobs takes a number from 1 to {}, not `{}`", kMostJobs, text);
}

/// The position of the verb: the first word that is neither an option nor the value of a global one.
std::size_t verb_position(const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (!word.starts_with('-')) return i;
    for (const Option& option : global_options()) {
      if (!option.value.empty() && word == option.name) ++i;
    }
  }
  return arguments.size();
}

}  // namespace

std::string overview_text() {
  std::string out =
      "muster: one declaration for a whole fleet of services; staging and production match it, and stay so.\n\n"
      "usage: muster [-C DIR] [--state DIR] [--jobs N] VERB [INSTANCE…] [--in ENV] [--json]\n\n"
      "Instances are named `cart`, `cart@production`, `team:ledger` or by globs; without any: the whole fleet.\n\nverbs:\n";
  std::size_t width = 0;
  for (const Verb& verb : verbs()) width = std::max(width, verb.name.size());
  for (const Verb& verb : verbs()) out += fmt::format("  {:<{}}  {}\n", verb.name, width, verb.summary);
  out += "\noptions of every verb:\n";
  append_options(out, global_options());
  out +=
      "\nexit codes: 0 done (waiting for gates, freezes and people's holds is normal), 1 something failed,\n"
      "2 the fleet or the command line is invalid, 3 `plan --exit-code` found changes, 4 held and needs a look.\n\n"
      "First steps: `muster init` writes a fleet file; `muster check` reads it; `muster apply` makes it so.\n"
      "`muster VERB --help` explains a verb with an example.\n";
  return out;
}

std::string help_text(const Verb& verb) {
  std::string out = fmt::format("muster {}: {}\n\nusage: muster {}{}{} [OPTION…]\n\n", verb.name, verb.summary, verb.name,
                                verb.operands.empty() ? "" : " ", verb.operands);
  out += wrap(verb.description, 0);
  if (!verb.options.empty()) {
    out += "\noptions:\n";
    append_options(out, verb.options);
  }
  out += "\noptions of every verb:\n";
  append_options(out, global_options());
  out += "\nexample:\n" + wrap(std::string(" ") + std::string(verb.example), 1);
  if (!verb.json.empty()) out += "\n--json:\n" + wrap(verb.json, 2);
  return out;
}

std::variant<ParsedCommand, EarlyEnd> parse_command_line(const std::vector<std::string>& arguments) {
  const std::size_t at = verb_position(arguments);
  const auto before_verb = [&](std::string_view flag) {
    return std::find(arguments.begin(), arguments.begin() + static_cast<std::ptrdiff_t>(at), flag) !=
           arguments.begin() + static_cast<std::ptrdiff_t>(at);
  };
  if (before_verb("--help") || before_verb("-h")) return EarlyEnd{overview_text(), kDone};
  std::vector<std::string> words = arguments;
  const Verb* verb = nullptr;
  if (before_verb("--version")) {
    verb = find_verb("version");
    std::erase(words, "--version");
  } else {
    if (at == arguments.size()) return EarlyEnd{overview_text(), kInvalid};
    if (arguments[at] == "help") {
      const Verb* about = at + 1 < arguments.size() ? find_verb(arguments[at + 1]) : nullptr;
      if (at + 1 < arguments.size() && about == nullptr) return unknown_verb(arguments[at + 1]);
      return EarlyEnd{about == nullptr ? overview_text() : help_text(*about), kDone};
    }
    verb = find_verb(arguments[at]);
    if (verb == nullptr) return unknown_verb(arguments[at]);
    words.erase(words.begin() + static_cast<std::ptrdiff_t>(at));
  }

  ParsedCommand command;
  command.verb = verb;
  CLI::App app;
  app.set_help_flag();
  bool help = false;
  app.add_flag("-h", help);
  const Binding global(app, global_options());
  const Binding own(app, verb->options);
  app.add_option("operands", command.arguments.operands);
  try {
    std::reverse(words.begin(), words.end());  // CLI11 takes them from the back.
    app.parse(words);
  } catch (const CLI::ParseError& error) {
    if (std::find(arguments.begin(), arguments.end(), "--help") != arguments.end()) return EarlyEnd{help_text(*verb), kDone};
    return refused(*verb, app, error);
  }
  global.copy(command.arguments);
  own.copy(command.arguments);
  if (help || command.arguments.has("--help")) return EarlyEnd{help_text(*verb), kDone};
  if (const auto wrong = wrong_value(command.arguments)) return misuse(*verb, *wrong);
  if (verb->operands.empty() && !command.arguments.operands.empty()) {
    return misuse(*verb, fmt::format("takes no operand, and got `{}`", command.arguments.operands.front()));
  }
  return command;
}

}  // namespace muster::cli

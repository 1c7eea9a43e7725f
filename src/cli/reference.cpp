#include "cli/reference.hpp"

#include <fmt/format.h>

#include "cli/verb.hpp"

namespace muster::cli {
namespace {

/// Escapes for man(7): backslashes, leading dots and quotes, hyphens that must stay hyphens.
std::string roff(std::string_view text) {
  std::string out;
  bool line_start = true;
  for (const char c : text) {
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    line_start = c == '\n';
  }
  return out;
}

void append_options(std::string& out, std::span<const Option> options) {
  for (const Option& option : options) {
    out += fmt::format(".TP\n.B {}{}{}\n{}\n", roff(option.name), option.value.empty() ? "" : " ", roff(option.value), roff(option.text));
  }
}

/// For zsh and fish descriptions: quotes and brackets out.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'' || c == '[' || c == ']' || c == '`' || c == ':') continue;
    out += c;
  }
  return out;
}

}  // namespace

std::string manual_page() {
  std::string out = fmt::format(".TH MUSTER 1 \"\" \"muster {}\" \"User Commands\"\n", MUSTER_VERSION);
  out += ".SH NAME\nmuster \\- make a fleet of services match its declaration, and keep it so\n";
  out += ".SH SYNOPSIS\n.B muster\n[\\-C DIR] [\\-\\-state DIR] [\\-\\-jobs N] VERB [INSTANCE...] [\\-\\-in ENV] [\\-\\-json]\n";
  out +=
      ".SH DESCRIPTION\nFleet files (*.fleet) declare repositories, services, environments and branch mappings. muster checks them, plans "
      "what would\n"
      "change, makes every environment match, keeps it matched, records every change as a commit in the environment repository, and\n"
      "explains every value and every decision.\n";
  out += ".SH OPTIONS OF EVERY VERB\n";
  append_options(out, global_options());
  out += ".SH VERBS\n";
  for (const Verb& verb : verbs()) {
    out += fmt::format(".SS {} {}\n{}.\n.PP\n{}\n", roff(verb.name), roff(verb.operands), roff(verb.summary), roff(verb.description));
    append_options(out, verb.options);
    out += fmt::format(".PP\nExample:\n.PP\n.nf\n{}\n.fi\n", roff(verb.example));
    if (!verb.json.empty()) out += fmt::format(".PP\nWith \\-\\-json: {}\n", roff(verb.json));
  }
  out +=
      ".SH EXIT STATUS\n.TP\n0\ndone; waiting for gates, freezes and people's holds is normal\n.TP\n1\nsomething failed\n.TP\n2\nthe fleet "
      "or the command\n"
      "line is invalid\n.TP\n3\n.B plan \\-\\-exit\\-code\nfound changes\n.TP\n4\nheld, and needs a look\n";
  return out;
}

std::string bash_completion() {
  std::string names;
  for (const Verb& verb : verbs()) names += fmt::format("{}{}", names.empty() ? "" : " ", verb.name);
  std::string global;
  for (const Option& option : global_options()) global += fmt::format("{} ", option.name);
  std::string out = "# bash completion for muster, made from its verb table\n_muster() {\n  local word=${COMP_WORDS[COMP_CWORD]} verb= w\n";
  out += "  for w in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n    case $w in -*) ;; *) verb=$w; break ;; esac\n  done\n  case $verb in\n";
  for (const Verb& verb : verbs()) {
    std::string options;
    for (const Option& option : verb.options) options += fmt::format("{} ", option.name);
    out += fmt::format("    {}) COMPREPLY=($(compgen -W '{}{}' -- \"$word\")) ;;\n", verb.name, options, global);
  }
  out += fmt::format("    *) COMPREPLY=($(compgen -W '{} {}' -- \"$word\")) ;;\n  esac\n}}\ncomplete -o default -F _muster muster\n", names,
                     global);
  return out;
}

std::string zsh_completion() {
  std::string out = "#compdef muster\n# made from muster's verb table\n_muster() {\n  local -a verbs\n  verbs=(\n";
  for (const Verb& verb : verbs()) out += fmt::format("    '{}:{}'\n", verb.name, plain(verb.summary));
  out += "  )\n  if (( CURRENT == 2 )); then\n    _describe verb verbs\n    return\n  fi\n  case $words[2] in\n";
  for (const Verb& verb : verbs()) {
    out += fmt::format("    {}) _arguments", verb.name);
    for (const auto options : {verb.options, global_options()}) {
      for (const Option& option : options) {
        out += fmt::format(" '{}[{}]{}'", option.name, plain(option.text),
                           option.value.empty() ? "" : fmt::format(":{}: ", plain(option.value)));
      }
    }
    out += " '*: :_default' ;;\n";
  }
  out += "  esac\n}\n_muster \"$@\"\n";
  return out;
}

std::string fish_completion() {
  std::string out = "# fish completion for muster, made from its verb table\n";
  for (const Verb& verb : verbs())
    out += fmt::format("complete -c muster -n __fish_use_subcommand -f -a {} -d '{}'\n", verb.name, plain(verb.summary));
  const auto option_line = [&](const Option& option, const std::string& condition) {
    const bool is_long = option.name.starts_with("--");
    out += fmt::format("complete -c muster{} {} {} -d '{}'{}\n", condition, is_long ? "-l" : "-s", option.name.substr(is_long ? 2 : 1),
                       plain(option.text), option.value.empty() ? "" : " -r");
  };
  for (const Option& option : global_options()) option_line(option, "");
  for (const Verb& verb : verbs()) {
    for (const Option& option : verb.options) option_line(option, fmt::format(" -n '__fish_seen_subcommand_from {}'", verb.name));
  }
  return out;
}

}  // namespace muster::cli

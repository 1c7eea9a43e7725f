// `build { … }` of a service: what the pipeline acts on, and the canonical text that its tag is made of.
#include <fmt/format.h>

#include <algorithm>

#include "lang/lower/fields.hpp"
#include "lang/lower/images.hpp"
#include "lang/lower/lower.hpp"
#include "lang/watch.hpp"
#include "muster/base/text.hpp"

namespace muster::lang {
namespace {

/// What the builder of `std.command` is told the name of the image by.
constexpr std::string_view kImageVariable = "IMAGE";

Mistake wrong(std::string_view slot, std::string message, std::string label, std::string help = {}) {
  return {"F0435", std::move(message), std::move(label), std::move(help), slot};
}

bool is_variable(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

/// Of a `--secret id=…`: it becomes the name of a file and stands between commas.
bool is_secret_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  };
  return !name.empty() && name.size() <= 128 && name.front() != '.' && name.front() != '-' && std::all_of(name.begin(), name.end(), fits);
}

bool leads_out(std::string_view path) {
  const std::vector<std::string_view> parts = split(path, '/');
  return path.starts_with('/') || std::find(parts.begin(), parts.end(), "..") != parts.end();
}

/// Arguments of programs end at a zero byte.
bool holds_zero(std::string_view text) { return text.find('\0') != std::string_view::npos; }

std::optional<Mistake> read_program(const RecordFields& run, model::Build& made) {
  made.file = run["file"].is(Tag::text) ? std::string(run["file"].text()) : std::string();
  made.command = text_list(run["command"]);
  if (made.file.empty() == made.command.empty()) {
    return wrong("build.run.file", made.file.empty() ? "this build says no builder" : "this build says two builders", "by which program?",
                 "`run = std.buildah(file = \"Containerfile\")`, or `run = std.command([\"make\", \"image\"])`");
  }
  if (!made.file.empty() && (leads_out(made.file) || holds_zero(made.file)))
    return wrong("build.run.file", fmt::format("`{}` leads out of the service's folder", escape_for_terminal(made.file)),
                 "a file inside is wanted");
  if (!made.command.empty() && (made.command.front().empty() || std::any_of(made.command.begin(), made.command.end(), holds_zero)))
    return wrong("build.run.command", "this command names no program", "not a command", "as in `std.command([\"make\", \"image\"])`");
  return std::nullopt;
}

std::optional<Mistake> read_arguments(const RecordFields& run, model::Build& made) {
  const Datum arguments = run["arguments"];
  for (std::size_t i = 0; i < arguments.pairs().size(); i += 2) {
    const std::string_view name = arguments.pairs()[i].text();
    const std::string_view value = arguments.pairs()[i + 1].text();
    if (!is_variable(name) || holds_zero(value)) {
      return wrong("build.run.arguments", fmt::format("`{}` cannot be the name of an argument", escape_for_terminal(name)),
                   "letters, digits and `_`, no digit first");
    }
    if (!made.command.empty() && name == kImageVariable)
      return wrong("build.run.arguments", "`IMAGE` is set by muster: the name under which the command pushes", "taken");
    made.arguments.emplace(name, value);
  }
  return std::nullopt;
}

std::optional<Mistake> read_secrets(const RecordFields& run, model::Build& made, diag::Span span) {
  const Datum secrets = run["secrets"];
  for (std::size_t i = 0; i < secrets.pairs().size(); i += 2) {
    const std::string_view name = secrets.pairs()[i].text();
    const std::string_view reference = secrets.pairs()[i + 1].text();
    if (made.command.empty() ? !is_secret_name(name) : !is_variable(name)) {
      return wrong("build.run.secrets", fmt::format("`{}` cannot be the name of a secret", escape_for_terminal(name)),
                   made.command.empty() ? "letters, digits, `_` `-` `.`" : "a variable of the command: letters, digits and `_`");
    }
    if (!made.command.empty() && (name == kImageVariable || made.arguments.contains(std::string(name))))
      return wrong("build.run.secrets", fmt::format("the command's variable `{}` is set already", name), "second value");
    // One that was handed in from a field of the service's own names a key in a cluster.
    if (!reference.starts_with("env:") && !reference.starts_with("file:")) {
      return Mistake{"F0702", "a secret of a build is read by muster itself: from its environment or a file", "not such a place",
                     "`secret(\"env:NAME\")` or `secret(\"file:/run/secrets/token\")`", "build.run.secrets"};
    }
    made.secrets.emplace(name, model::SecretRef{std::string(reference), span});
  }
  return std::nullopt;
}

std::optional<Mistake> read_limits(const RecordFields& build, model::Build& made) {
  made.timeout = Duration(build["timeout"].number);
  if (made.timeout <= Duration::zero()) return wrong("build.timeout", "a build that may take no time is never done", "not a time");
  if (const Datum memory = build["memory"]; memory.is(Tag::bytes)) {
    if (memory.number <= 0) return wrong("build.memory", "a build without memory is never done", "not an amount");
    made.memory = static_cast<std::uint64_t>(memory.number);
  }
  return std::nullopt;
}

/// What the image is made of besides the tree. Not where it goes nor what it is for: the same content is the same image there.
std::string canonical(const model::Build& made) {
  Object arguments;
  for (const auto& [name, value] : made.arguments) arguments.append(name, value);
  Array command;
  for (const std::string& word : made.command) command.emplace_back(word);
  return to_canonical_json(Object{{"arguments", std::move(arguments)}, {"command", std::move(command)}, {"file", made.file}});
}

}  // namespace

std::optional<Mistake> lower_build(const Program& program, const Datum& record, bool has_renderer, model::Build& made) {
  const RecordFields build(program, record);
  const RecordFields run(program, build["run"]);
  if (auto mistake = read_program(run, made)) return mistake;
  if (auto mistake = read_arguments(run, made)) return mistake;
  if (auto mistake = read_secrets(run, made, made.span)) return mistake;
  if (auto mistake = read_limits(build, made)) return mistake;
  const std::string_view push = build["push"].text();
  if (auto mistake = read_repository(push, "the tag says what the image is made of, and muster gives it", made.push))
    return Mistake{mistake->code, std::move(mistake->message), std::move(mistake->label), std::move(mistake->help), "build.push"};
  made.image = has_renderer ? push : "main";
  if (const Datum image = build["image"]; image.is(Tag::text)) made.image = image.text();
  made.declaration = canonical(made);
  return std::nullopt;
}

}  // namespace muster::lang

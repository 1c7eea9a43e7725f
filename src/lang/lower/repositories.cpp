#include "lang/lower/repositories.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "lang/lower/fields.hpp"
#include "lang/lower/lower.hpp"
#include "muster/base/text.hpp"

namespace muster::lang {
namespace {

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; });
}

bool is_host(std::string_view text) {
  const std::string_view name = text.substr(0, text.find(':'));
  const bool letters = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-';
  });
  return letters && (name.find('.') != std::string_view::npos || name == "localhost" || name.size() != text.size());
}

/// "git@github.com:shop/cart.git", as ssh and scp write it.
bool is_scp_like(std::string_view text, std::string& url) {
  const std::size_t colon = text.find(':');
  const std::size_t slash = text.find('/');
  if (colon == std::string_view::npos || (slash != std::string_view::npos && slash < colon)) return false;
  const std::size_t at = text.substr(0, colon).find('@');
  if (at == std::string_view::npos || at == 0 || colon + 1 == text.size()) return false;
  const std::string_view path = text.substr(colon + 1);
  url = fmt::format("ssh://{}/{}", text.substr(0, colon), path.starts_with('/') ? path.substr(1) : path);
  return true;
}

/// The most exact forge that matches. One in error whose `match` is not known might be meant for any repository, and might ask
/// for signatures: it comes before all others.
const Entity* find_forge(const Program& program, std::string_view where) {
  const Entity* best = nullptr;
  std::size_t exact = 0;
  for (const Entity& forge : program.table(EntityWord::forge).all) {
    const Datum match = EntityFields(program, forge)["match"];
    if (!match.is(Tag::text) && forge.poison != nullptr) return &forge;
    if (!match.is(Tag::text) || !glob_matches(match.text(), where)) continue;
    if (best != nullptr && match.text().size() <= exact) continue;
    best = &forge;
    exact = match.text().size();
  }
  return best;
}

/// Of the file that says something, relative to the fleet's root.
std::string_view folder_of(const Program& program, diag::Span said) {
  const std::string_view file = said.known() ? program.sources.path(said.source) : std::string_view();
  const std::size_t slash = file.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : file.substr(0, slash);
}

/// What is wrong with it, or "".
std::string apply_forge(const Program& program, model::Repository& repository) {
  const Entity* forge = repository.local ? nullptr : find_forge(program, host_and_path(repository.url));
  if (forge == nullptr) return {};
  if (forge->poison != nullptr) return fmt::format("the forge `{}` is in error", forge->name);
  const EntityFields fields(program, *forge);
  if (repository.auth.method == model::Credentials::Method::none) repository.auth = lower_credentials(program, fields["auth"], forge->span);
  if (repository.ca_file.empty()) repository.ca_file = file_named(program, fields, "ca");
  if (repository.known_hosts.empty()) repository.known_hosts = file_named(program, fields, "known_hosts");
  if (repository.verify_keys.empty()) repository.verify_keys = text_list(fields["verify.keys"]);
  return {};
}

}  // namespace

std::string host_and_path(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  const std::size_t slash = url.find('/');
  const std::size_t user = url.substr(0, slash).rfind('@');
  if (user != std::string_view::npos) url.remove_prefix(user + 1);
  if (url.ends_with(".git")) url.remove_suffix(4);
  return std::string(url);
}

std::string normalise_repository(std::string_view text, std::string_view root, std::string_view folder, std::string& url, bool& local) {
  static constexpr std::string_view kForms = "a repository is `host/owner/name`, a git URL, or a path that starts with `./` or `../`";
  local = false;
  if (text.empty()) return fmt::format("this names no repository; {}", kForms);
  if (text.starts_with('-') || has_control(text))
    return fmt::format("`{}` is no repository: blanks, control characters and a leading `-` are refused", escape_for_terminal(text));
  if (text.find("::") != std::string_view::npos && text.find("::") < text.find('/'))
    return fmt::format("`{}` names a helper program, which muster does not run", text);
  if (text.starts_with("./") || text.starts_with("../") || text == "." || text == "..") {
    const std::filesystem::path absolute = (std::filesystem::path(root) / folder / text).lexically_normal();
    std::string path = absolute.generic_string();
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    url = (path.starts_with('/') ? "file://" : "file:///") + path;
    local = true;
    return {};
  }
  if (const std::size_t scheme = text.find("://"); scheme != std::string_view::npos) {
    const std::string_view name = text.substr(0, scheme);
    static constexpr std::string_view kSchemes[] = {"https", "http", "ssh", "git+ssh", "file"};
    if (std::find(std::begin(kSchemes), std::end(kSchemes), name) == std::end(kSchemes))
      return fmt::format("`{}://` is no way to fetch that muster has; https, http, ssh and file are", name);
    const std::string_view rest = text.substr(scheme + 3);
    const std::string_view authority = rest.substr(0, rest.find('/'));
    if (authority.find('@') != std::string_view::npos && authority.substr(0, authority.find('@')).find(':') != std::string_view::npos) {
      return "a password does not stand in a URL; a `forge` or `repository` has `auth`";
    }
    url = text;
    local = name == "file";
    return {};
  }
  if (is_scp_like(text, url)) return {};
  const std::size_t slash = text.find('/');
  if (text.starts_with('/'))
    return fmt::format("`{}` is a path of one machine; write it from this file, `./…`, or as `file://{}`", text, text);
  if (slash == std::string_view::npos || slash + 1 == text.size() || !is_host(text.substr(0, slash)))
    return fmt::format("`{}` is no repository; {}", text, kForms);
  url = fmt::format("https://{}", text);
  return {};
}

model::Credentials lower_credentials(const Program& program, const Datum& auth, diag::Span at) {
  model::Credentials made;
  if (!auth.is(Tag::record)) return made;
  const RecordFields fields(program, auth);
  const Datum method = fields["method"];
  using Method = model::Credentials::Method;
  static constexpr std::pair<std::string_view, Method> kMethods[] = {
      {"token", Method::token}, {"basic", Method::basic}, {"ssh_key", Method::ssh_key}, {"docker_config", Method::docker_config}};
  for (const auto& [name, value] : kMethods) {
    if (method.is(Tag::enumeration) && program.types.enum_at(method.small).members[method.size] == name) made.method = value;
  }
  if (const Datum user = fields["user"]; user.is(Tag::text)) made.user = user.text();
  if (const Datum secret = fields["secret"]; secret.is(Tag::secret)) made.secret = model::SecretRef{std::string(secret.text()), at};
  return made;
}

std::string file_named(const Program& program, const EntityFields& fields, std::string_view field) {
  const std::string_view text = fields[field].text();
  if (text.empty()) return {};
  return (std::filesystem::path(program.options.root) / folder_of(program, fields.place(field)) / text).lexically_normal().generic_string();
}

std::vector<model::Forge> lower_forges(const Program& program) {
  std::vector<model::Forge> forges;
  for (const Entity& entity : program.table(EntityWord::forge).all) {
    if (entity.values.empty() || entity.poison != nullptr) continue;
    const EntityFields fields(program, entity);
    model::Forge& made = forges.emplace_back();
    made.name = entity.name;
    made.match = fields.text("match");
    made.auth = lower_credentials(program, fields["auth"], entity.span);
    made.ca_file = file_named(program, fields, "ca");
    made.known_hosts = file_named(program, fields, "known_hosts");
    made.span = entity.span;
  }
  return forges;
}

model::Repository lower_repository(const Program& program, const Datum& value, diag::Span at, diag::Diagnostics& out, std::string& wrong) {
  model::Repository made;
  std::string_view text;
  diag::Span said = at;
  wrong.clear();
  if (value.is(Tag::entity)) {
    const Entity& entity = program.table(EntityWord::repository).all[static_cast<std::size_t>(value.number)];
    if (entity.values.empty() || entity.poison != nullptr) {
      wrong = fmt::format("the repository `{}` is in error", entity.name);
      return made;
    }
    const EntityFields fields(program, entity);
    made.name = entity.name;
    made.auth = lower_credentials(program, fields["auth"], entity.span);
    made.ca_file = file_named(program, fields, "ca");
    made.known_hosts = file_named(program, fields, "known_hosts");
    made.verify_keys = text_list(fields["verify.keys"]);
    text = fields["url"].text();
    said = fields.place("url");
  } else {
    text = value.text();
  }
  made.span = said;
  wrong = normalise_repository(text, program.options.root, folder_of(program, said), made.url, made.local);
  if (!wrong.empty()) {
    out.error(said, "F0421", "{}", wrong).label("not a repository");
    return made;
  }
  wrong = apply_forge(program, made);
  return made;
}

}  // namespace muster::lang

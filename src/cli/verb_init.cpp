// `muster init`: a first fleet file from what lies around: git repositories beside or below the folder, their remotes,
// and whether they bring plain manifests.
#include <algorithm>
#include <array>
#include <set>

#include "cli/session.hpp"
#include "cli/verbs.hpp"
#include "muster/base/text.hpp"

namespace muster::cli {
namespace {

constexpr Option kOptions[] = {{"--name", "NAME", "the fleet's name; without it the folder's"},
                               {"--print", "", "print the file instead of writing it"}};
constexpr std::size_t kConfigLimit = std::size_t{1} << 20U;

struct Found {
  std::string name;      ///< Of the service.
  std::string repo;      ///< As the fleet file says it.
  std::string path;      ///< Folder with manifests, "" for none.
  std::string branch;    ///< What HEAD names.
  bool develop = false;  ///< It has a branch `develop`.
};

/// A name as the language has it: lower case, digits, single hyphens, a letter first.
std::string service_name(std::string_view folder) {
  std::string out;
  for (const char c : folder) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool digit = c >= '0' && c <= '9';
    if (letter || (digit && !out.empty())) {
      out.push_back(letter && c < 'a' ? static_cast<char>(c - 'A' + 'a') : c);
    } else if (!out.empty() && out.back() != '-') {
      out.push_back('-');
    }
  }
  while (out.ends_with('-')) out.pop_back();
  // Words that the language keeps for itself.
  static constexpr std::array<std::string_view, 17> kKept = {"and", "assert", "else", "environment", "false", "fleet",   "for", "if",  "in",
                                                             "it",  "none",   "not",  "null",        "or",    "service", "std", "then"};
  if (out.empty()) out = "service";
  return std::find(kKept.begin(), kKept.end(), out) == kKept.end() && out != "true" ? out : "my-" + out;
}

/// The URL of `[remote "origin"]` in a git configuration.
std::string origin_url(std::string_view config) {
  bool inside = false;
  for (const std::string_view raw : split(config, '\n')) {
    const std::string_view line = trim(raw);
    if (line.starts_with('[')) inside = line == "[remote \"origin\"]";
    const std::size_t equals = line.find('=');
    if (inside && equals != std::string_view::npos && trim(line.substr(0, equals)) == "url")
      return std::string(trim(line.substr(equals + 1)));
  }
  return "";
}

/// "https://github.com/acme/hello.git" → "github.com/acme/hello", the short form of the language; user names are dropped.
std::string short_url(std::string url) {
  static constexpr std::string_view kHttps = "https://";
  if (!url.starts_with(kHttps)) return url;
  url.erase(0, kHttps.size());
  const std::size_t at = url.find('@');
  if (at != std::string::npos && at < url.find('/')) url.erase(0, at + 1);
  if (url.ends_with(".git")) url.erase(url.size() - 4);
  return url;
}

bool has_manifests(Files& files, const Path& folder) {
  const auto entries = files.list(folder);
  if (!entries.ok()) return false;
  return std::any_of(entries->begin(), entries->end(), [&](const DirectoryEntry& entry) {
    const bool yaml = entry.name.ends_with(".yaml") || entry.name.ends_with(".yml");
    if (entry.kind != FileKind::file || !yaml) return false;
    const auto text = files.read(folder / entry.name, kConfigLimit);
    return text.ok() && ("\n" + *text).find("\napiVersion:") != std::string::npos;
  });
}

std::string manifest_folder(Files& files, const Path& repository) {
  static constexpr std::array<std::string_view, 8> kUsual = {
      "deploy", "k8s", "kubernetes", "manifests", "deployment", "kubernetes-manifests", "release", "kube"};
  for (const std::string_view name : kUsual) {
    if (has_manifests(files, repository / name)) return std::string(name);
  }
  return has_manifests(files, repository) ? "." : "";
}

std::optional<Found> look_at(Files& files, const Path& folder, std::string_view written) {
  const auto config = files.read(folder / ".git" / "config", kConfigLimit);
  if (!config.ok()) return std::nullopt;
  Found found;
  found.name = service_name(folder.filename().string());
  const std::string url = origin_url(*config);
  found.repo = url.empty() || url.starts_with('/') || url.starts_with("file:") ? std::string(written) : short_url(url);
  found.path = manifest_folder(files, folder);
  static constexpr std::string_view kHead = "ref: refs/heads/";
  const auto head = files.read(folder / ".git" / "HEAD", kConfigLimit);
  if (head.ok() && head->starts_with(kHead)) found.branch = std::string(trim(std::string_view(*head).substr(kHead.size())));
  found.develop = files.stat(folder / ".git" / "refs" / "heads" / "develop").ok();
  return found;
}

/// Repositories one level below `root`, else beside it.
std::vector<Found> find_repositories(Files& files, const Path& root) {
  std::vector<Found> out;
  const auto look_below = [&](const Path& folder, std::string_view prefix) {
    const auto entries = files.list(folder);
    if (!entries.ok()) return;
    for (const DirectoryEntry& entry : *entries) {
      if (entry.kind != FileKind::directory || entry.name.starts_with('.') || folder / entry.name == root) continue;
      if (auto found = look_at(files, folder / entry.name, fmt::format("{}{}", prefix, entry.name))) out.push_back(std::move(*found));
    }
  };
  look_below(root, "./");
  if (out.empty()) look_below(root.parent_path(), "../");
  std::set<std::string> names;
  for (Found& found : out) {
    const std::string base = found.name;
    for (int n = 2; !names.insert(found.name).second; ++n) found.name = fmt::format("{}-{}", base, n);
  }
  return out;
}

std::string main_branch(const std::vector<Found>& found) {
  std::map<std::string, int> votes;
  for (const Found& one : found) {
    if (!one.branch.empty() && one.branch != "develop") ++votes[one.branch];
  }
  const auto most = std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == votes.end() ? "main" : most->first;
}

void append_service(std::string& out, const Found& found) {
  if (found.path.empty()) {
    out += fmt::format("service {} : std.web {{\n  repo = \"{}\"\n", found.name, found.repo);
    out += "  # image = \"registry.example/name:tag\"   # without it the service waits for its first image\n}\n";
    return;
  }
  out += fmt::format("service {} : std.manifests {{\n  repo = \"{}\"\n", found.name, found.repo);
  if (found.path != ".") out += fmt::format("  path = \"{}\"\n", found.path);
  out += "}\n";
}

std::string fleet_text(const std::string& name, const std::vector<Found>& found) {
  const bool develop = std::any_of(found.begin(), found.end(), [](const Found& one) { return one.develop; });
  std::string out = fmt::format("fleet {} {{ language = \"1.0\" }}\n\n", name);
  out += "# Where the objects go: a folder each, which other tools may read.\n";
  out +=
      "target staging-out    : directory { path = \"out/staging\" }\ntarget production-out : directory { path = \"out/production\" }\n\n";
  out += fmt::format("environment staging    {{ branch = \"{}\", target = staging-out }}\n", develop ? "develop" : main_branch(found));
  out += develop ? fmt::format("environment production {{ branch = \"{}\", target = production-out }}\n\n", main_branch(found))
                 : "environment production { from = staging, target = production-out }   # what staging has, when its gates hold\n\n";
  if (found.empty()) {
    out +=
        "# A service is a few lines; one file a service is a good habit. Uncomment, edit, then run `muster check`.\n"
        "# service hello : std.web {\n#   repo  = \"github.com/acme/hello\"\n#   image = \"ghcr.io/acme/hello:1.4.2\"\n# }\n";
  }
  for (const Found& one : found) append_service(out, one);
  return out;
}

int run(Session& session) {
  Files& files = session.world().files;
  std::error_code error;
  Path root = std::filesystem::absolute(session.arguments().get("-C", "."), error).lexically_normal();
  if (!root.has_filename()) root = root.parent_path();
  const auto entries = files.list(root);
  if (!entries.ok()) return session.fail(entries.failure());
  for (const DirectoryEntry& entry : *entries) {
    if (entry.kind == FileKind::file && entry.name.ends_with(".fleet")) {
      return session.fail(
          stalled(Reason::invalid, fmt::format("{} is already here; add services to it, or to files beside it", entry.name)));
    }
  }
  const std::string name = service_name(session.arguments().get("--name", root.filename().string()));
  const std::vector<Found> found = find_repositories(files, root);
  const std::string text = fleet_text(name, found);
  const bool print = session.arguments().has("--print");
  if (!print) {
    if (const auto written = files.write_atomic(root / "fleet.fleet", text); !written.ok()) return session.fail(written.failure());
  }
  if (session.json()) {
    return session.finish(Object{{"path", "fleet.fleet"}, {"written", !print}, {"services", std::uint64_t{found.size()}}, {"text", text}},
                          kDone);
  }
  if (print) {
    session.out().raw(text);
    return kDone;
  }
  session.out().print("wrote fleet.fleet: fleet {} with {}", name, count_of(found.size(), "service"));
  session.out().line("next: `muster check`, then `muster plan`, then `muster apply`");
  return kDone;
}

}  // namespace

const Verb kInit = {
    "init",
    "write a first fleet file from the repositories it finds",
    "Looks for git repositories below the folder (or beside it, where there are none below), and writes fleet.fleet with a\n"
    "service for each: plain manifests where a repository brings them, else a web service. Staging follows the branch\n"
    "`develop` where there is one; else production is fed from staging by promotion. Refuses where a fleet file is\n"
    "already there.",
    "",
    kOptions,
    "$ muster init\n"
    " wrote fleet.fleet: fleet shop with 12 services",
    "path, written, services (count), text (of the file).",
    run};

}  // namespace muster::cli

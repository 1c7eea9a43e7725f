#include "faults/stage.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <thread>

namespace muster::test {

namespace fs = std::filesystem;

Ran run(const std::string& command) {
  Ran out;
  // In brackets, so that what every part of the line says is caught.
  FILE* pipe = popen(fmt::format("{{ {}; }} 2>&1", command).c_str(), "r");
  if (pipe == nullptr) return {-1, "popen failed"};
  std::array<char, 4096> buffer{};
  for (std::size_t n = 0; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) out.output.append(buffer.data(), n);
  const int status = pclose(pipe);
  out.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return out;
}

std::string git(const fs::path& where, const std::string& arguments) {
  const Ran ran =
      run(fmt::format("git -C {} -c user.name=T -c user.email=t@example -c commit.gpgsign=false {}", where.string(), arguments));
  EXPECT_EQ(ran.code, 0) << arguments << "\n" << ran.output;
  return ran.output;
}

namespace {

constexpr int kObjects = 4;  ///< Of each service.

std::string manifests(const std::string& service, const std::string& text, int first = 0) {
  std::string out;
  for (int i = first; i < first + kObjects; ++i) {
    out += fmt::format("---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}-{}\ndata:\n  text: \"{}\"\n", service, i, text);
  }
  return out;
}

constexpr std::string_view kFleet = R"(fleet sim {{ language = "1.0"{records} }}
target staging-out : directory {{ path = "../out/staging" }}
target production-out : directory {{ path = "../out/production" }}
environment staging {{ branch = "main", target = staging-out, namespace = "sim" }}
environment production {{ from = staging, target = production-out, namespace = "sim" }}
service api : std.manifests {{ repo = "../git/api", path = "deploy" }}
service web : std.manifests {{ repo = "../git/web", path = "deploy", needs = [api]{web} }}
)";
constexpr std::string_view kOld = R"(service work : std.manifests { repo = "../git/work", path = "deploy", needs = [api] }
)";
constexpr std::string_view kNew = R"(service play : std.manifests { repo = "../git/play", path = "deploy", needs = [web] }
)";

/// The application repositories, all that stages have in common. On branch `main`; `next` is what comes later.
const TemporaryFolder& application_repositories() {
  static const TemporaryFolder folder;
  static const bool made = [] {
    for (const char* service : {"api", "web", "work", "play"}) {
      const fs::path repository = folder.path() / service;
      git(folder.path(), fmt::format("init -q -b main {}", service));
      folder.write(fmt::format("{}/deploy/all.yaml", service), manifests(service, "1"));
      git(repository, "add -A");
      git(repository, "commit -q -m first");
      git(repository, "checkout -q -b next");
      // Some objects change, some go, some come.
      folder.write(fmt::format("{}/deploy/all.yaml", service), manifests(service, "2", 2));
      git(repository, "commit -q -a -m next");
      git(repository, "checkout -q main");
    }
    return true;
  }();
  (void)made;
  return folder;
}

}  // namespace

Stage::Stage(Records records, Begin begin, const Server& server) {
  make_world(records, server);
  if (begin == Begin::nothing) return;
  const Ran first = apply("", 4);
  EXPECT_EQ(first.code, 0) << first.output;
  git(root() / "git/api", "checkout -q next");
  git(root() / "git/api", "branch -q -f main next");
  git(root() / "git/api", "checkout -q main");
  git(root() / "fleet", "checkout -q next");
}

void Stage::make_world(Records records, const Server& server) {
  fs::copy(application_repositories().path(), root() / "git", fs::copy_options::recursive);
  std::string where;
  if (records == Records::embedded) {
    environments_ = root() / "fleet/.muster/records.git";
  } else {
    const std::string name = root().filename().string() + ".git";
    environments_ = (records == Records::http ? server.folder : root() / "git") / name;
    where = fmt::format(", records = \"{}\"", records == Records::http ? server.url + "/" + name : "../git/" + name);
    git(root(), fmt::format("init -q --bare -b main {}", environments_.string()));
  }
  const fs::path fleet = root() / "fleet";
  git(root(), "init -q -b main fleet");
  folder_.write("fleet/.gitignore", ".muster/\n");
  folder_.write("fleet/fleet.fleet", fmt::format(kFleet, fmt::arg("records", where), fmt::arg("web", "")) + std::string(kOld));
  git(fleet, "add -A");
  git(fleet, "commit -q -m fleet");
  git(fleet, "checkout -q -b next");
  folder_.write("fleet/fleet.fleet",
                fmt::format(kFleet, fmt::arg("records", where), fmt::arg("web", ", labels = { tier = \"front\" }")) + std::string(kNew));
  git(fleet, "commit -q -a -m next");
  git(fleet, "checkout -q main");
}

void Stage::change(const std::string& service, const std::string& text) const {
  folder_.write(fmt::format("git/{}/deploy/all.yaml", service), manifests(service, text));
  git(root() / "git" / service, "commit -q -a -m change");
}

Ran Stage::muster(const std::string& words, const std::string& fault) const {
  const std::string preload = fault.empty() ? "" : fmt::format("MUSTER_FAULT={} LD_PRELOAD={} ", fault, MUSTER_FAULT_SHIM);
  // exec, so that a death by signal is seen as one.
  return run(fmt::format("cd {}/fleet && {}exec {} {}", root().string(), preload, MUSTER_BINARY, words));
}

std::map<std::string, std::string> Stage::visible() const {
  std::map<std::string, std::string> out;
  for (const char* environment : kEnvironments) {
    const fs::path target = root() / "out" / environment;
    if (fs::exists(target)) {
      for (const auto& entry : fs::recursive_directory_iterator(target)) {
        const std::string path = entry.path().lexically_relative(root()).string();
        if (!entry.is_regular_file() || path.find("/.muster/") != std::string::npos) continue;
        std::ifstream in(entry.path());
        out[path] = std::string(std::istreambuf_iterator<char>(in), {});
      }
    }
    const Ran objects = run(fmt::format("git -C {} ls-tree -r {}", environments_.string(), environment));
    if (objects.code != 0) continue;
    std::istringstream lines(objects.output);
    for (std::string line; std::getline(lines, line);) {
      const std::string path = line.substr(line.find('\t') + 1);
      // These name commits, folders and random ids, which differ from stage to stage.
      if (path.ends_with("release.yaml") || path == "muster.yaml") continue;
      out[std::string(environment) + " " + path] = line.substr(0, line.find('\t'));
    }
  }
  return out;
}

std::string Stage::tips() const { return run(fmt::format("git -C {} for-each-ref refs/heads", environments_.string())).output; }

std::multiset<std::string> Stage::recorded(const std::string& environment) const {
  const Ran log = run(fmt::format("git -C {} log --format=%B {}", environments_.string(), environment));
  std::multiset<std::string> out;
  std::istringstream lines(log.output);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("Muster-Release: ")) continue;
    std::istringstream words(line.substr(16));
    std::string service;
    words >> service;
    for (std::string word; words >> word;) {
      if (word.find('=') != std::string::npos) out.insert(service + " " + word);
    }
  }
  return out;
}

void on_all_processors(std::size_t count, const std::function<void(std::size_t)>& body) {
  std::atomic<std::size_t> next = 0;
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
    threads.emplace_back([&] {
      for (std::size_t at = next++; at < count; at = next++) body(at);
    });
  }
}

}  // namespace muster::test

// The real binary, stopped or refused at one system call: running it again must end where an undisturbed run ends, with
// each release recorded once and nothing lost.
//
// MUSTER_FAULT_SAMPLES: how many calls are tried for each kind of fault (default 25 a test; 0: every one).
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "support/git_repository.hpp"
#include "support/temporary.hpp"

namespace muster::test {
namespace {

namespace fs = std::filesystem;

struct Ran {
  int code = 0;
  std::string output;
};

/// Runs a command line by the shell; 128 + n where signal n ended it.
Ran run(const std::string& command) {
  Ran out;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  std::array<char, 4096> buffer{};
  for (std::size_t n = 0; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) out.output.append(buffer.data(), n);
  const int status = pclose(pipe);
  out.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return out;
}

std::string git(const fs::path& where, const std::string& arguments) {
  const Ran ran = run(fmt::format("git -C {} -c user.name=T -c user.email=t@example -c commit.gpgsign=false {}", where.string(), arguments));
  EXPECT_EQ(ran.code, 0) << arguments << "\n" << ran.output;
  return ran.output;
}

/// A fleet of three services with their repositories and a remote environment repository, all in one folder.
class Stage {
 public:
  Stage() {
    for (const char* name : {"api", "web", "work"}) {
      const fs::path repository = root() / "git" / name;
      folder_.write(fmt::format("git/{}/deploy/all.yaml", name), manifests(name, "1"));
      git(root(), fmt::format("init -q -b main {}", repository.string()));
      git(repository, "add -A");
      git(repository, "commit -q -m first");
    }
    git(root(), fmt::format("init -q --bare -b main {}", (root() / "git/environments.git").string()));
    folder_.write("fleet/fleet.fleet", R"(fleet sim { language = "1.0", records = "../git/environments.git" }
target staging-out : directory { path = "../out/staging" }
target production-out : directory { path = "../out/production" }
environment staging { branch = "main", target = staging-out, namespace = "sim" }
environment production { from = staging, target = production-out, namespace = "sim" }
service api : std.manifests { repo = "../git/api", path = "deploy" }
service web : std.manifests { repo = "../git/web", path = "deploy", needs = [api] }
service work : std.manifests { repo = "../git/work", path = "deploy", needs = [api] }
)");
    git(root(), fmt::format("init -q -b main {}", (root() / "fleet").string()));
    folder_.write("fleet/.gitignore", ".muster/\n");
    git(root() / "fleet", "add -A");
    git(root() / "fleet", "commit -q -m fleet");
  }

  [[nodiscard]] const fs::path& root() const { return folder_.path(); }

  static std::string manifests(const std::string& name, const std::string& text) {
    std::string out;
    for (int i = 0; i < 4; ++i) {
      out += fmt::format("---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}-{}\ndata:\n  text: \"{}\"\n", name, i, text);
    }
    return out;
  }

  void change(const std::string& name, const std::string& text) {
    folder_.write(fmt::format("git/{}/deploy/all.yaml", name), manifests(name, text));
    git(root() / "git" / name, "commit -q -a -m change");
  }

  /// `muster apply`, with a fault unless it is empty.
  [[nodiscard]] Ran apply(const std::string& fault, int jobs) const {
    const std::string preload = fault.empty() ? "" : fmt::format("MUSTER_FAULT={} LD_PRELOAD={} ", fault, MUSTER_FAULT_SHIM);
    return run(fmt::format("cd {}/fleet && {}{} apply --jobs {}", root().string(), preload, MUSTER_BINARY, jobs));
  }

  /// Everything that people and other tools can see: the branches' trees and the targets' objects.
  [[nodiscard]] std::map<std::string, std::string> visible() const {
    std::map<std::string, std::string> out;
    for (const char* environment : {"staging", "production"}) {
      const fs::path target = root() / "out" / environment;
      if (fs::exists(target)) {
        for (const auto& entry : fs::recursive_directory_iterator(target)) {
          const std::string path = entry.path().lexically_relative(root()).string();
          if (!entry.is_regular_file() || path.find("/.muster/") != std::string::npos) continue;
          std::ifstream in(entry.path());
          out[path] = std::string(std::istreambuf_iterator<char>(in), {});
        }
      }
      const Ran objects = run(fmt::format("git -C {}/git/environments.git ls-tree -r {}", root().string(), environment));
      std::istringstream lines(objects.output);
      for (std::string line; std::getline(lines, line);) {
        // release.yaml names commits, which differ from stage to stage; the objects do not.
        if (line.find("release.yaml") == std::string::npos && line.find("muster.yaml") == std::string::npos) out[std::string(environment) + " " + line.substr(line.find('\t') + 1)] = line.substr(0, line.find('\t'));
      }
    }
    return out;
  }

  /// `service input=value` of every record, so that a release recorded twice shows.
  [[nodiscard]] std::multiset<std::string> recorded(const std::string& environment) const {
    const Ran log = run(fmt::format("git -C {}/git/environments.git log --format=%B {}", root().string(), environment));
    std::multiset<std::string> out;
    std::istringstream lines(log.output);
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with("Muster-Release: ")) continue;
      std::istringstream words(line.substr(16));
      std::string service;
      words >> service;
      for (std::string word; words >> word;) {
        if (word.starts_with("source=")) out.insert(service + " " + word);
      }
    }
    return out;
  }

 private:
  TemporaryFolder folder_;
};

std::size_t calls_of(const Stage& stage, int jobs) {
  const fs::path counted = stage.root() / "calls";
  const Ran ran = stage.apply("count:" + counted.string(), jobs);
  EXPECT_EQ(ran.code, 0) << ran.output;
  std::size_t calls = 0;
  std::ifstream(counted) >> calls;
  EXPECT_GT(calls, 50U);
  return calls;
}

std::vector<std::size_t> sampled(std::size_t calls) {
  const char* setting = std::getenv("MUSTER_FAULT_SAMPLES");
  const std::size_t samples = setting == nullptr ? 25 : std::strtoull(setting, nullptr, 10);
  std::vector<std::size_t> out;
  if (samples == 0 || samples >= calls) {
    for (std::size_t k = 1; k <= calls; ++k) out.push_back(k);
    return out;
  }
  for (std::size_t i = 0; i < samples; ++i) out.push_back(1 + i * (calls - 1) / (samples - 1));
  return out;
}

class Faults : public testing::TestWithParam<std::tuple<const char*, int>> {};

TEST_P(Faults, LeaveNothingThatTheNextRunDoesNotPutRight) {
  const auto [kind, jobs] = GetParam();
  std::map<std::string, std::string> wanted;
  std::size_t calls = 0;
  {
    const Stage undisturbed;
    calls = calls_of(undisturbed, jobs);
    ASSERT_EQ(undisturbed.apply("", jobs).code, 0);
    wanted = undisturbed.visible();
    ASSERT_EQ(wanted.size(), 48U);  // Two environments, twelve objects each, on the branch and in the target.
  }
  for (const std::size_t k : sampled(calls)) {
    const std::string fault = fmt::format("{}:{}", kind, k);
    SCOPED_TRACE(fault);
    const Stage stage;
    const Ran disturbed = stage.apply(fault, jobs);
    Ran again = stage.apply("", jobs);
    if (again.code != 0) again = stage.apply("", jobs);
    ASSERT_EQ(again.code, 0) << "first: " << disturbed.output << "\nthen: " << again.output;
    ASSERT_EQ(stage.visible(), wanted) << disturbed.output << again.output;
    for (const char* environment : {"staging", "production"}) {
      const auto recorded = stage.recorded(environment);
      const std::set<std::string> once(recorded.begin(), recorded.end());
      ASSERT_EQ(recorded.size(), once.size()) << "a release was recorded twice in " << environment;
    }
    const Ran third = stage.apply("", jobs);
    ASSERT_EQ(third.code, 0);
    ASSERT_EQ(stage.visible(), wanted);
  }
}

INSTANTIATE_TEST_SUITE_P(AtTheKthCall, Faults,
                         testing::Combine(testing::Values("kill", "enospc", "eio", "short"), testing::Values(1, 8)),
                         [](const auto& parameters) { return fmt::format("{}With{}Jobs", std::get<0>(parameters.param), std::get<1>(parameters.param)); });

TEST(FaultyDisk, ThatStaysFullIsSaidAndHealsAlone) {
  const Stage stage;
  const Ran full = stage.apply("enospc:40+", 1);
  EXPECT_EQ(full.code, 1) << full.output;
  EXPECT_NE(full.output.find("space"), std::string::npos) << full.output;
  EXPECT_EQ(stage.apply("", 1).code, 0);
}

TEST(ManyWriters, OnOneBranchRecordEachReleaseOnceAndLoseNoForeignCommit) {
  Stage stage;
  ASSERT_EQ(stage.apply("", 1).code, 0);
  stage.change("api", "2");
  stage.change("web", "2");
  std::vector<std::thread> writers;
  for (int i = 0; i < 20; ++i) {
    writers.emplace_back([&stage, i] {
      if (i % 4 == 0) {
        const fs::path clone = stage.root() / fmt::format("clone{}", i);
        (void)run(fmt::format("git clone -q -b staging {}/git/environments.git {}", stage.root().string(), clone.string()));
        std::ofstream(clone / fmt::format("note-{}", i)) << "mine\n";
        for (int attempt = 0; attempt < 100; ++attempt) {
          if (run(fmt::format("cd {0} && git add -A && (git -c user.name=S -c user.email=s@example commit -q -m note-{1} || true) && git pull -q --rebase && git push -q", clone.string(), i)).code == 0) return;
        }
        ADD_FAILURE() << "the stranger never got through";
        return;
      }
      const Ran ran = run(fmt::format("cd {}/fleet && {} deliver --state {}/state{}", stage.root().string(), MUSTER_BINARY, stage.root().string(), i));
      EXPECT_EQ(ran.code, 0) << ran.output;
    });
  }
  for (std::thread& writer : writers) writer.join();
  for (const char* environment : {"staging", "production"}) {
    const auto recorded = stage.recorded(environment);
    EXPECT_EQ(recorded.size(), std::set<std::string>(recorded.begin(), recorded.end()).size()) << environment;
  }
  const std::string files = run(fmt::format("git -C {}/git/environments.git ls-tree --name-only staging", stage.root().string())).output;
  for (const int i : {0, 4, 8, 12, 16}) EXPECT_NE(files.find(fmt::format("note-{}\n", i)), std::string::npos) << i;
}

}  // namespace
}  // namespace muster::test

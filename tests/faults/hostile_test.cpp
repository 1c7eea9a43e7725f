// Application repositories and branches made to harm: the real program reads nothing outside of them, starts nothing,
// connects nowhere, writes only where it should, stays small, says what is wrong, and the other service goes on.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>

#include <fmt/format.h>

#include "faults/stage.hpp"
#include "support/git_repository.hpp"

namespace muster::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::string_literals;

constexpr std::string_view kCanary = "canary-7c1f04";
constexpr long kMaxKibibytes = 256L * 1024;

std::string config_map(std::string_view name, std::string_view text) {
  return fmt::format("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}\ndata:\n  text: {}\n", name, text);
}

/// Writes objects that git's own commands would refuse.
class Forge {
 public:
  explicit Forge(const GitRepository& repository) : repository_(repository) {}

  std::string blob(std::string_view text) { return repository_.git({"hash-object", "-w", "--stdin"}, text); }
  struct Entry {
    std::string mode;
    std::string name;
    std::string id;
  };
  /// Exactly these entries in this order.
  std::string tree(const std::vector<Entry>& entries) {
    std::string raw;
    for (const Entry& entry : entries) {
      raw += entry.mode + " " + entry.name + "\0"s;
      for (std::size_t i = 0; i < entry.id.size(); i += 2) raw += static_cast<char>(std::stoi(entry.id.substr(i, 2), nullptr, 16));
    }
    return repository_.git({"hash-object", "-t", "tree", "-w", "--stdin", "--literally"}, raw);
  }
  /// A commit of `deploy/` with these entries, and others beside it.
  void publish(const std::vector<Entry>& deploy, std::vector<Entry> beside = {}) {
    beside.push_back({"40000", "deploy", tree(deploy)});
    publish_root(beside);
  }
  void publish_root(std::vector<Entry> root) {
    std::sort(root.begin(), root.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
    publish_tree(tree(root));
  }
  void publish_tree(const std::string& tree) {
    const std::string raw =
        fmt::format("tree {}\nauthor {} <a@example> 1700000000 +0000\ncommitter {} <a@example> 1700000000 +0000\n\n{}\n", tree, author,
                    author, message);
    repository_.git(
        {"update-ref", "refs/heads/main", repository_.git({"hash-object", "-t", "commit", "-w", "--stdin", "--literally"}, raw)});
  }

  std::string author = "Mallory";
  std::string message = "innocent";

 private:
  const GitRepository& repository_;
};

/// Notices whether anybody connects.
class Listener {
 public:
  Listener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(socket_, 8), 0);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { ::close(socket_); }
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] bool was_called() const {
    pollfd waiting{socket_, POLLIN, 0};
    return ::poll(&waiting, 1, 0) > 0;
  }

 private:
  int socket_;
  int port_ = 0;
};

class Hostile : public testing::Test {
 protected:
  Hostile() : good_(folder_.path() / "git/good.git"), bad_(folder_.path() / "git/bad.git"), forge_(bad_) {
    good_.commit({{"deploy/all.yaml", config_map("good", "fine")}});
    folder_.write("secret.yaml", config_map("stolen", kCanary));
    folder_.write("secrets/all.yaml", config_map("stolen", kCanary));
    declare("repo = \"../git/bad.git\", path = \"deploy\"");
  }

  void declare(const std::string& bad) {
    folder_.write("fleet/fleet.fleet", fmt::format(R"(fleet sim {{ language = "1.0" }}
target out : directory {{ path = "../out" }}
environment staging {{ branch = "main", target = out, namespace = "sim" }}
service good : std.manifests {{ repo = "../git/good.git", path = "deploy" }}
service bad : std.manifests {{ {} }}
)",
                                                   bad));
  }

  [[nodiscard]] fs::path marker() const { return folder_.path() / "marker"; }
  /// A shell command line that leaves a mark, for every place where somebody might start one.
  [[nodiscard]] std::string trap() const { return "touch " + marker().string(); }

  struct Finished {
    int code = 0;
    std::string output;
    long kibibytes = 0;
  };

  Finished muster(const std::vector<std::string>& words) const {
    const fs::path log = folder_.path() / "log";
    std::vector<std::string> arguments = {MUSTER_BINARY, "-C", (folder_.path() / "fleet").string()};
    arguments.insert(arguments.end(), words.begin(), words.end());
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
      const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
      ::dup2(out, 1);
      ::dup2(out, 2);
      ::alarm(60);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    int status = 0;
    rusage usage{};
    EXPECT_EQ(::wait4(child, &status, 0, &usage), child);
    Finished finished{WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), folder_.read("log"), usage.ru_maxrss};
    fs::remove(log);
    return finished;
  }

  /// Every file of the test's folder but what muster may write.
  [[nodiscard]] std::set<std::string> outside() const {
    std::set<std::string> out;
    for (auto entry = fs::recursive_directory_iterator(folder_.path()); entry != fs::recursive_directory_iterator(); ++entry) {
      const std::string path = entry->path().lexically_relative(folder_.path()).string();
      if (path == "fleet/.muster" || path == "out/sim" || path == "out/_cluster" || path == "out/.muster") {
        entry.disable_recursion_pending();
      } else if (path != "out") {
        out.insert(path);
      }
    }
    return out;
  }

  [[nodiscard]] std::string everything_written() const {
    std::string out;
    for (const char* folder : {"out", "fleet/.muster"}) {
      for (const auto& entry : fs::recursive_directory_iterator(folder_.path() / folder)) {
        if (entry.is_regular_file()) out += folder_.read(entry.path().lexically_relative(folder_.path()).string());
      }
    }
    return out + recorded_text();
  }

  /// Runs the fleet twice, and status: nothing of all that must never be is.
  void expect_harmless(int code, const std::string& says) {
    const std::set<std::string> before = outside();
    for (const auto& words : std::vector<std::vector<std::string>>{
             {"apply"}, {"apply", "--jobs", "4"}, {"plan", "--objects"}, {"status"}, {"why", "bad@staging"}, {"history", "staging"}}) {
      SCOPED_TRACE(words[0]);
      const Finished finished = muster(words);
      if (words[0] == "apply") {
        EXPECT_EQ(finished.code, code) << finished.output;
        EXPECT_THAT(finished.output, HasSubstr(says));
      }
      EXPECT_LE(finished.code, 4) << finished.output;
      EXPECT_LT(finished.kibibytes, kMaxKibibytes);
      EXPECT_THAT(finished.output, Not(HasSubstr(std::string(kCanary))));
      for (const char byte : finished.output) {
        if (byte != '\n' && (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f)) {
          ADD_FAILURE() << "a control byte " << int{byte} << " in\n" << finished.output;
          break;
        }
      }
    }
    EXPECT_TRUE(fs::exists(folder_.path() / "out/sim/configmap-good.yaml")) << "the other service did not go on";
    EXPECT_THAT(everything_written(), Not(HasSubstr(std::string(kCanary))));
    EXPECT_EQ(outside(), before);
    EXPECT_FALSE(fs::exists(marker())) << "something was started";
    EXPECT_FALSE(listener_.was_called()) << "something was connected to";
  }

  [[nodiscard]] bool applied(const std::string& object) const { return fs::exists(folder_.path() / "out/sim" / object); }

  std::string link(const std::string& target) { return forge_.blob(target); }

  TemporaryFolder folder_;
  GitRepository good_;
  GitRepository bad_;
  Forge forge_;
  Listener listener_;

 private:
  [[nodiscard]] std::string recorded_text() const {
    return run(fmt::format("git -C {}/fleet/.muster/records.git log -p --all", folder_.path().string())).output;
  }
};

TEST_F(Hostile, LinkToAFileOfTheMachineIsNotFollowed) {
  forge_.publish({{"120000", "all.yaml", link((folder_.path() / "secret.yaml").string())}});
  expect_harmless(1, "all.yaml");
}

TEST_F(Hostile, LinkThatClimbsOutOfTheRepositoryIsNotFollowed) {
  forge_.publish(
      {{"120000", "all.yaml", link("../../../secret.yaml")}, {"120000", "more.yaml", link("../../../../../../../../../../etc/passwd")}});
  expect_harmless(1, "all.yaml");
}

TEST_F(Hostile, FolderThatIsALinkOutOfTheRepositoryIsNotRead) {
  forge_.publish_root({{"120000", "deploy", link("../../secrets")}});
  expect_harmless(1, "the link `deploy` leads out");
}

TEST_F(Hostile, LinkToAFolderOfTheMachineListsNothing) {
  forge_.publish(
      {{"100644", "all.yaml", forge_.blob(config_map("bad", "fine"))}, {"120000", "more", link((folder_.path() / "secrets").string())}});
  expect_harmless(0, "");
  EXPECT_TRUE(applied("configmap-bad.yaml"));
}

TEST_F(Hostile, LinksInACircleEnd) {
  forge_.publish({{"120000", "a.yaml", link("b.yaml")}, {"120000", "b.yaml", link("a.yaml")}, {"120000", "c.yaml", link("c.yaml")}});
  expect_harmless(1, "a.yaml");
}

TEST_F(Hostile, LinkInsideTheRepositoryIsFollowed) {
  const std::string common = forge_.tree({{"100644", "all.yaml", forge_.blob(config_map("bad", "fine"))}});
  forge_.publish({{"120000", "all.yaml", link("../common/all.yaml")}}, {{"40000", "common", common}});
  expect_harmless(0, "");
  EXPECT_TRUE(applied("configmap-bad.yaml"));
}

TEST_F(Hostile, EntriesThatClimbAreNoWayOut) {
  const std::string inner = forge_.tree({{"100644", "secret.yaml", forge_.blob(config_map("climbed", "up"))}});
  for (const Forge::Entry& entry : {Forge::Entry{"40000", ".", inner},
                                    {"40000", "..", inner},
                                    {"100644", "../../../evil.yaml", forge_.blob(config_map("evil", "x"))},
                                    {"100644", "/etc/evil.yaml", forge_.blob(config_map("evil", "x"))}}) {
    SCOPED_TRACE(entry.name);
    forge_.publish({{"100644", "all.yaml", forge_.blob(config_map("bad", "fine"))}, entry});
    expect_harmless(1, "leads out");
  }
}

TEST_F(Hostile, NamesOfGitsOwnFolderDoNothing) {
  const std::string config = forge_.blob(fmt::format("[core]\n\tfsmonitor = {}\n\thooksPath = hooks\n", trap()));
  const std::string git_folder = forge_.tree({{"100644", "config", config}});
  forge_.publish({{"40000", ".GIT", git_folder},
                  {"40000", ".git", git_folder},
                  {"40000", ".g\u200cit", git_folder},
                  {"100644", "all.yaml", forge_.blob(config_map("bad", "fine"))},
                  {"40000", "git~1", git_folder}});
  expect_harmless(0, "");
  EXPECT_TRUE(applied("configmap-bad.yaml"));
}

TEST_F(Hostile, HooksAndSettingsOfAnApplicationRepositoryAreNeverRun) {
  forge_.publish({{"100644", "all.yaml", forge_.blob(config_map("bad", "fine"))},
                  {"100644", ".gitattributes", forge_.blob("* filter=evil diff=evil\n")}});
  for (const char* hook : {"pre-receive", "post-checkout", "post-merge", "reference-transaction", "fsmonitor-watchman", "pre-auto-gc"}) {
    const fs::path file = folder_.write(fmt::format("git/bad.git/hooks/{}", hook), "#!/bin/sh\n" + trap() + "\n");
    fs::permissions(file, fs::perms::all);
  }
  std::ofstream(bad_.path() / "config", std::ios::app) << fmt::format(
      "[core]\n\tfsmonitor = {0}\n\tsshCommand = {0}\n\tpager = {0}\n[uploadpack]\n\tpackObjectsHook = {0}\n[filter \"evil\"]\n\tsmudge = "
      "{0}\n\tclean = {0}\n[diff \"evil\"]\n\ttextconv = {0}\n"
      "[credential]\n\thelper = \"!{0}\"\n[alias]\n\tupload-pack = \"!{0}\"\n",
      trap());
  expect_harmless(0, "");
  EXPECT_TRUE(applied("configmap-bad.yaml"));
}

TEST_F(Hostile, SubmodulesAreNeverFetched) {
  const std::string url = fmt::format("http://127.0.0.1:{}/evil.git", listener_.port());
  const std::string modules = fmt::format(
      "[submodule \"evil\"]\n\tpath = deploy/evil\n\turl = {0}\n[submodule \"-c\"]\n\tpath = x\n\turl = ext::sh -c {1}\n", url, trap());
  forge_.publish(
      {{"100644", "all.yaml", forge_.blob(config_map("bad", "fine"))}, {"160000", "evil", "0123456789012345678901234567890123456789"}},
      {{"100644", ".gitmodules", forge_.blob(modules)}});
  expect_harmless(0, "");
  EXPECT_TRUE(applied("configmap-bad.yaml"));
}

TEST_F(Hostile, NamesThatSpeakToTheTerminalAreEscaped) {
  forge_.author = "Mal\x1b[2Jlory";
  forge_.message = "all \x1b]0;owned\x07 good\r\x1b[1A\x1b[32mhealthy";
  forge_.publish({{"100644", "a\x1b[31m\nname\r.yaml", forge_.blob("kind: \x1b[2J\n")}, {"100644", "b\xff\xfe.yaml", forge_.blob("a: [")}});
  expect_harmless(1, "bad");
}

TEST_F(Hostile, MessagesThatSpeakToTheTerminalAreEscaped) {
  forge_.author = "Mal\x1b[2Jlory\xc2\x9b";
  forge_.message =
      "all \x1b]0;owned\x07 good\r\x1b[1A\x1b[32mhealthy\n\nMuster-Record: sim staging "
      "0123456789012345678901234567890123456789\nMuster-Release: good sha256:0 push";
  forge_.publish({{"100644", "all.yaml", forge_.blob(config_map("bad", "\"\\e[2J\""))}});
  expect_harmless(0, "");
}

TEST_F(Hostile, NamesOfObjectsStayInTheTarget) {
  for (const char* object :
       {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ../../../evil}\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: ../../evil}\n",
        "apiVersion: v1\nkind: ../../Evil\nmetadata: {name: x}\n", "apiVersion: ../../evil/v1\nkind: ConfigMap\nmetadata: {name: x}\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: /etc/evil}\n", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"a\\0b\"}\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: .muster}\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: _cluster}\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"\\e[2J\"}\n"}) {
    SCOPED_TRACE(object);
    forge_.publish({{"100644", "all.yaml", forge_.blob(object)}});
    expect_harmless(1, "all.yaml:");
  }
}

TEST_F(Hostile, TreesThatNameEachOtherEndAtTheLimit) {
  std::string tree = forge_.tree({{"100644", "a.txt", forge_.blob("x")}});
  for (int level = 0; level < 12; ++level) {
    std::vector<Forge::Entry> entries;
    for (char name = 'a'; name < 'k'; ++name) entries.push_back({"40000", std::string(1, name), tree});
    tree = forge_.tree(entries);
  }
  forge_.publish_root({{"40000", "deploy", tree}});
  expect_harmless(1, "bad");
}

TEST_F(Hostile, FoldersThousandsOfLevelsDeepEndAtTheLimit) {
  std::string tree = forge_.tree({{"100644", "all.yaml", forge_.blob(config_map("bad", "deep"))}});
  for (int level = 0; level < 300; ++level) tree = forge_.tree({{"40000", "d", tree}});
  forge_.publish_root({{"40000", "deploy", tree}});
  expect_harmless(1, "bad");
}

TEST_F(Hostile, FilesThatInflateEndAtTheLimit) {
  // 400 MiB of spaces, some hundred kilobytes in the repository.
  const std::string made =
      run(fmt::format("head -c 419430400 /dev/zero | tr '\\0' ' ' | git -C {} hash-object -w --stdin", bad_.path().string())).output;
  forge_.publish({{"100644", "all.yaml", made.substr(0, 40)}});
  expect_harmless(1, "take out of the repository what is too large");
}

TEST_F(Hostile, YamlThatExpandsEndsAtTheLimit) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i)
    text += fmt::format("a{0}: &a{0} [*a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}]\n", i, i - 1);
  forge_.publish({{"100644", "all.yaml", forge_.blob(text)}});
  expect_harmless(1, "all.yaml");
}

TEST_F(Hostile, YamlThatNestsEndsAtTheLimit) {
  forge_.publish(
      {{"100644", "a.yaml", forge_.blob(std::string(200'000, '['))}, {"100644", "b.yaml", forge_.blob("a: " + std::string(200'000, '{'))}});
  expect_harmless(1, "a.yaml");
}

TEST_F(Hostile, ObjectsThatAreMusterOwnOrTheClustersAreRefused) {
  forge_.publish({{"100644", "all.yaml",
                   forge_.blob("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: evil}\n")}});
  const Finished finished = muster({"apply"});
  EXPECT_LE(finished.code, 4) << finished.output;
  EXPECT_TRUE(applied("configmap-good.yaml"));
}

TEST_F(Hostile, RepositoriesThatWouldRunSomethingAreRefusedByCheck) {
  for (const std::string& repo : {"ext::sh -c \\\""s + trap() + "\\\"", "--upload-pack="s + trap(),
                                  "ssh://-oProxyCommand="s + trap() + "/x"s, "fd::7"s, "-oProxyCommand="s + trap() + ":x"s}) {
    SCOPED_TRACE(repo);
    declare(fmt::format("repo = \"{}\", path = \"deploy\"", repo));
    for (const char* verb : {"check", "apply"}) {
      const Finished finished = muster({verb});
      EXPECT_NE(finished.code, 0) << verb << finished.output;
      EXPECT_LE(finished.code, 4) << finished.output;
    }
    EXPECT_FALSE(fs::exists(marker()));
  }
}

TEST_F(Hostile, PathsAndBranchesThatClimbAreRefused) {
  forge_.publish({{"100644", "all.yaml", forge_.blob(config_map("bad", "fine"))}});
  for (const char* declaration :
       {R"(path = "../../secrets")", R"(path = "/etc")", R"(path = "deploy/../../..")",
        R"(path = "deploy", branches = { staging = "../../evil" })", R"(path = "deploy", branches = { staging = "--evil" })",
        R"(path = "deploy", branches = { staging = "a\nb" })"}) {
    SCOPED_TRACE(declaration);
    declare(fmt::format("repo = \"../git/bad.git\", {}", declaration));
    const Finished finished = muster({"apply"});
    EXPECT_NE(finished.code, 0) << finished.output;
    EXPECT_LE(finished.code, 4) << finished.output;
    EXPECT_FALSE(applied("configmap-bad.yaml"));
    EXPECT_FALSE(applied("configmap-stolen.yaml"));
  }
}

/// The environment repository is written by strangers too.
class HostileBranch : public Hostile {
 protected:
  HostileBranch() {
    bad_.commit({{"deploy/all.yaml", config_map("bad", "fine")}});
    EXPECT_EQ(muster({"apply"}).code, 0);
  }
  /// A foreign commit on the branch of staging.
  void commit(const std::string& shell) {
    const fs::path clone = folder_.path() / "clone";
    fs::remove_all(clone);
    git(folder_.path(), fmt::format("clone -q -b staging {0}/fleet/.muster/records.git {0}/clone", folder_.path().string()));
    const Ran ran = run(fmt::format(
        "cd {} && {} && git add -A && git -c user.name=M -c user.email=m@example commit -q -m evil && git push -q", clone.string(), shell));
    EXPECT_EQ(ran.code, 0) << ran.output;
    fs::remove_all(clone);
  }
};

TEST_F(HostileBranch, LinksInDescriptorsAreNotFollowed) {
  commit(fmt::format("rm bad/sim/*.yaml && ln -s {}/secret.yaml bad/sim/configmap-bad.yaml", folder_.path().string()));
  const std::set<std::string> before = outside();
  const Finished finished = muster({"apply"});
  EXPECT_LE(finished.code, 4) << finished.output;
  EXPECT_NE(finished.code, 0) << finished.output;
  EXPECT_THAT(finished.output, HasSubstr("bad/sim/configmap-bad.yaml is a link"));
  EXPECT_TRUE(applied("configmap-bad.yaml")) << "what cannot be read is not gone";
  EXPECT_THAT(everything_written(), Not(HasSubstr(std::string(kCanary))));
  EXPECT_EQ(outside(), before);
}

TEST_F(HostileBranch, LinkInThePlaceOfAServiceRemovesNothing) {
  commit("rm -r bad && ln -s good bad");
  for (int pass = 0; pass < 2; ++pass) {
    const Finished finished = muster({"apply"});
    EXPECT_EQ(finished.code, 1) << finished.output;
    EXPECT_THAT(finished.output, HasSubstr("bad is a link"));
    EXPECT_TRUE(applied("configmap-bad.yaml")) << finished.output;
  }
  EXPECT_LE(muster({"resume", "bad@staging"}).code, 4);
  const Finished healed = muster({"apply"});
  EXPECT_EQ(healed.code, 0) << healed.output;
}

TEST_F(HostileBranch, DescriptorsThatNameObjectsOutsideOfTheTargetAreRefused) {
  commit("sed -i 's#name: bad#name: ../../../evil#' bad/sim/configmap-bad.yaml");
  const std::set<std::string> before = outside();
  const Finished finished = muster({"apply"});
  EXPECT_NE(finished.code, 0) << finished.output;
  EXPECT_LE(finished.code, 4) << finished.output;
  EXPECT_EQ(outside(), before);
}

TEST_F(HostileBranch, DescriptorsThatAreNoYamlHoldTheirServiceAlone) {
  commit("head -c 3000 /dev/urandom > bad/sim/configmap-bad.yaml && head -c 300 /dev/urandom > bad/release.yaml");
  good_.commit({{"deploy/all.yaml", config_map("good", "better")}});
  const Finished finished = muster({"apply"});
  EXPECT_NE(finished.code, 0) << finished.output;
  EXPECT_LE(finished.code, 4) << finished.output;
  EXPECT_THAT(folder_.read("out/sim/configmap-good.yaml"), HasSubstr("better")) << finished.output;
  EXPECT_TRUE(applied("configmap-bad.yaml")) << finished.output;
}

TEST_F(HostileBranch, EmptiedBranchEmptiesNothing) {
  commit("git rm -rq .");
  const Finished finished = muster({"apply"});
  EXPECT_NE(finished.code, 0) << finished.output;
  EXPECT_LE(finished.code, 4) << finished.output;
  EXPECT_TRUE(applied("configmap-good.yaml")) << finished.output;
  EXPECT_TRUE(applied("configmap-bad.yaml")) << finished.output;
}

TEST_F(HostileBranch, HoldsAndApprovalsThatAreGarbageStopNobodyElse) {
  commit(
      "mkdir -p .holds .approvals && head -c 300 /dev/urandom > .holds/bad.yaml && head -c 300 /dev/urandom > .approvals/bad.yaml && ln -s "
      "/etc/passwd .holds/x.yaml");
  good_.commit({{"deploy/all.yaml", config_map("good", "better")}});
  const Finished finished = muster({"apply"});
  EXPECT_LE(finished.code, 4) << finished.output;
  EXPECT_THAT(folder_.read("out/sim/configmap-good.yaml"), HasSubstr("better")) << finished.output;
}

}  // namespace
}  // namespace muster::test

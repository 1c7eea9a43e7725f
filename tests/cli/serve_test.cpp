// The daemon, as a service manager runs it.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcntl.h>

#include "cli/muster.hpp"
#include "support/golden.hpp"

namespace muster::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// `muster serve` in the background; its output goes to a file.
class Daemon {
 public:
  Daemon(const std::filesystem::path& fleet, std::filesystem::path log, const std::map<std::string, std::string>& environment)
      : log_(std::move(log)) {
    std::vector<std::string> variables;
    for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
    std::vector<char*> pointers;
    for (std::string& variable : variables) pointers.push_back(variable.data());
    pointers.push_back(nullptr);
    const int out = ::open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    process_ = ::fork();
    if (process_ != 0) {
      ::close(out);
      return;
    }
    ::dup2(out, 1);
    ::dup2(out, 2);
    if (::chdir(fleet.c_str()) == 0) ::execle(MUSTER_BINARY, "muster", "serve", "--interval", "200ms", nullptr, pointers.data());
    ::_exit(127);
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  ~Daemon() {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }

  void signal(int number) const { ::kill(process_, number); }
  [[nodiscard]] std::string said() const { return std::filesystem::exists(log_) ? read_file(log_) : ""; }
  bool says(const std::string& text) const {
    return eventually([&] { return said().find(text) != std::string::npos; });
  }
  /// Its exit code; 128 + n where signal n ended it.
  int end() {
    int status = 0;
    ::waitpid(process_, &status, 0);
    process_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  std::filesystem::path log_;
  int process_ = -1;
};

TEST_F(Muster, ServesUntilItIsToldToEnd) {
  two_services();
  Daemon daemon(fleet(), root() / "log", variables_);
  EXPECT_TRUE(eventually([&] { return stands("cart", "production") == "one"; })) << daemon.said();
  change("cart", "two");
  EXPECT_TRUE(eventually([&] { return stands("cart", "production") == "two"; })) << daemon.said();
  EXPECT_THAT(muster({"status"}), EndsWith(0)) << "other verbs work beside it";
  daemon.signal(SIGTERM);
  EXPECT_EQ(daemon.end(), 0) << daemon.said();
  EXPECT_THAT(daemon.said(), AllOf(HasSubstr("read the fleet: shop with 4 instances"), HasSubstr("stopped")));
}

TEST_F(Muster, ServesTheLastGoodFleetWhileTheFilesAreInvalid) {
  two_services();
  Daemon daemon(fleet(), root() / "log", variables_);
  ASSERT_TRUE(eventually([&] { return stands("cart", "staging") == "one"; })) << daemon.said();
  const std::string good = read("fleet/shop.fleet");
  write("fleet/shop.fleet", good + "environment {\n");
  daemon.signal(SIGHUP);
  EXPECT_TRUE(daemon.says("the fleet is invalid; the last good fleet stays in force\n")) << daemon.said();
  change("cart", "two");
  EXPECT_TRUE(eventually([&] { return stands("cart", "staging") == "two"; })) << daemon.said();
  write("fleet/shop.fleet", good);
  EXPECT_TRUE(daemon.says("the fleet is as it was before: shop with 4 instances")) << daemon.said();
  write("fleet/shop.fleet",
        good + "service web : std.manifests { repo = \"../code/cart.git\", path = \"deploy\", object_name = \"web\" }\n");
  daemon.signal(SIGHUP);
  EXPECT_TRUE(daemon.says("shop with 6 instances")) << daemon.said();
  daemon.signal(SIGINT);
  EXPECT_EQ(daemon.end(), 0) << daemon.said();
}

}  // namespace
}  // namespace muster::test

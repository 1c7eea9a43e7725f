// The real program in a folder of its own, as a person or a pipeline runs it: with git repositories beside it, an
// environment of its own, and what it printed.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "muster/base/value.hpp"
#include "support/eventually.hpp"
#include "support/git_repository.hpp"
#include "support/temporary.hpp"

namespace muster::test {

struct Ran {
  int code = 0;  ///< 128 + n where signal n ended it.
  std::string out;
  std::string error;
  /// The last line of standard output as JSON.
  [[nodiscard]] Value json() const;
};

inline void PrintTo(const Ran& ran, std::ostream* out) {
  *out << "exit code " << ran.code << "\n--- out\n" << ran.out << "--- error\n" << ran.error;
}

MATCHER_P(EndsWith, code, "exit code " + std::to_string(code)) { return arg.code == code; }

/// One ConfigMap, as an application repository holds it.
std::string config_map(const std::string& name, const std::string& text);

class Muster : public testing::Test {
 protected:
  Muster();

  [[nodiscard]] const std::filesystem::path& root() const { return folder_.path(); }
  [[nodiscard]] std::filesystem::path fleet() const { return root() / "fleet"; }
  [[nodiscard]] std::filesystem::path fleet_file() const { return fleet() / "shop.fleet"; }
  void write(const std::string& relative, std::string_view text) const { folder_.write(relative, text); }
  [[nodiscard]] std::string read(const std::string& relative) const { return folder_.read(relative); }
  [[nodiscard]] bool exists(const std::string& relative) const { return std::filesystem::exists(root() / relative); }

  /// Runs muster in `fleet/`.
  Ran muster(const std::vector<std::string>& words) const { return muster_in(fleet(), words); }
  Ran muster_in(const std::filesystem::path& folder, const std::vector<std::string>& words) const;
  /// A command line of the shell in `fleet/`, in which `muster` is the program under test.
  Ran shell(const std::string& line) const;

  /// A fleet `shop` of cart, and payments which it needs, each from a repository of its own on branch `main`; staging is fed
  /// by that branch, production by staging. Targets are `out/staging` and `out/production`, the environment repository is the embedded one.
  void two_services();
  /// A commit to `code/<service>.git` whose only object says `text`.
  std::string change(const std::string& service, const std::string& text, const std::string& branch = "main");
  GitRepository& repository(const std::string& name);
  /// What an object in a target says; empty where it is not there.
  [[nodiscard]] std::string stands(const std::string& service, const std::string& environment) const;
  /// `git revert` of the tip of an environment's branch by somebody who has only git: clone, revert, push.
  void revert_with_git(const std::string& environment, const std::string& commit = "HEAD");

  std::map<std::string, std::string> variables_;

 private:
  TemporaryFolder folder_;
  std::map<std::string, GitRepository> repositories_;
};

}  // namespace muster::test

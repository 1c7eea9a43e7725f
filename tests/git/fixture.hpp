// What the room's tests share: a folder, the machine's World, secrets from a map, and Remotes over them.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "muster/base/world.hpp"
#include "muster/git/repository.hpp"
#include "support/git_repository.hpp"
#include "support/map_secrets.hpp"
#include "support/temporary.hpp"

namespace muster::git {

inline std::map<std::string, TreeEdit> edits_of(Repository& repository, const std::map<std::string, std::string>& files) {
  std::map<std::string, TreeEdit> out;
  for (const auto& [path, text] : files) out[path] = {TreeEntry{{}, Mode::file, repository.write_blob(text).value()}};
  return out;
}

class GitTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path folder(const std::string& name) const { return temporary.path() / name; }
  [[nodiscard]] static Remote at(const test::GitRepository& repository) {
    Remote out;
    out.url = repository.url();
    out.allow_file = true;
    return out;
  }
  std::unique_ptr<Remotes> make(TransferLimits limits = {}, const std::string& state = "mirrors") {
    return make_remotes(world, secrets, folder(state), limits);
  }
  [[nodiscard]] std::filesystem::path only_mirror(const std::string& state) const {
    for (const auto& entry : std::filesystem::directory_iterator(folder(state))) {
      if (entry.path().extension() == ".git") return entry.path();
    }
    return {};
  }
  /// A commit of these files on `parent`, not yet named by a ref.
  static Oid write(Repository& repository, const std::map<std::string, std::string>& files, std::optional<Oid> parent,
                   const std::string& message = "record") {
    std::optional<Oid> base;
    if (parent) base = repository.commit(*parent).value().tree;
    const Oid tree = edit_tree(repository, base, edits_of(repository, files)).value();
    const Person person{"muster", "muster@example.org", Instant(std::chrono::seconds(1'700'000'000)), 60};
    NewCommit commit{tree, {}, person, person, message};
    if (parent) commit.parents.push_back(*parent);
    return repository.write_commit(commit).value();
  }
  static Oid id(const std::string& text) { return Oid::parse(text).value(); }

  test::TemporaryFolder temporary;
  World world = system_world();
  muster::test::MapSecrets secrets;
  const std::vector<std::string> main_only = {"refs/heads/main"};
};

}  // namespace muster::git

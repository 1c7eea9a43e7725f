// Standing: what an environment branch says at one commit: releases, objects, holds, approvals, budgets' counts.
//
// Ownership: a Standing keeps its repository alive and reads lazily; what it read it keeps. Thread-safety: one thread;
// copies made after load() share what was read of the root, one copy for each thread.
// Failures: per service, so that one broken descriptor touches only its own instance.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/git/repository.hpp"
#include "muster/manifest/object.hpp"
#include "muster/record/environment_file.hpp"
#include "muster/record/ledger.hpp"
#include "muster/record/release.hpp"
#include "muster/record/statements.hpp"

namespace muster::record {

/// A service at a commit.
struct Descriptor {
  std::string service;
  git::Oid folder;                 ///< Tree id of the service's folder: equal ids, equal descriptors.
  std::optional<Release> release;  ///< nullopt: there are objects and no release.yaml that can be read (a hand edit).
  std::string trouble;             ///< Why not.
};

/// Objects of a descriptor, in the order in which they are applied, each with the path of its file.
struct DescriptorObjects {
  std::vector<manifest::Object> objects;
  Digest digest;  ///< manifest::digest over them.
};

/// The objects of a service's folder, by the folder's tree id.
Result<DescriptorObjects> read_objects(git::Repository& repository, const git::Oid& folder, std::string_view service);

class Standing {
 public:
  Standing(std::shared_ptr<git::Repository> repository, git::Oid commit);
  /// Of a tree that no commit has yet; commit() is zero.
  static Standing of_tree(std::shared_ptr<git::Repository> repository, git::Oid tree);

  [[nodiscard]] const git::Oid& commit() const { return commit_; }
  /// Reads the root now, so that copies need not: the commit that first records a large fleet has a message of megabytes.
  Result<void> load();
  /// Names of services with a folder, sorted; also where a link stands in its place, which nobody can read.
  Result<std::vector<std::string>> services();
  /// Tree id of a service's folder; nullopt where it does not stand.
  Result<std::optional<git::Oid>> folder(std::string_view service);
  /// The same; Reason::invalid where a link stands in its place.
  Result<std::optional<git::Oid>> readable_folder(std::string_view service);
  Result<std::optional<Descriptor>> descriptor(std::string_view service);
  /// What reconcile applies: every object file of the folder. Reason::invalid names the file and the place.
  Result<DescriptorObjects> objects(std::string_view service);
  /// Do the objects (or release.yaml itself) differ from what release.yaml says of them? "" or what was edited.
  Result<std::string> edited(std::string_view service);

  /// Identities of its objects; where they cannot be read, what release.yaml says; nullopt where neither can.
  Result<std::optional<std::vector<manifest::ObjectId>>> identities(std::string_view service);
  /// Object files of the folder and links (path below it → blob), without reading them.
  Result<std::map<std::string, git::Oid>> files(std::string_view service);

  Result<EnvironmentFile> environment_file();
  /// Holds by service. A file that cannot be read holds its service too, with that as the reason.
  Result<std::map<std::string, Hold, std::less<>>> holds();
  /// Approvals by path; unreadable ones approve nothing and are left out.
  Result<std::map<std::string, Approval, std::less<>>> approvals();

 private:
  using Root = std::vector<git::TreeEntry>;  ///< Sorted by name.

  Result<const Root*> root();
  /// nullptr: the root has no such entry.
  Result<const git::TreeEntry*> root_entry(std::string_view name);
  Result<std::map<std::string, std::string>> statements(std::string_view folder_name);
  std::shared_ptr<git::Repository> repository_;
  git::Oid commit_;
  std::optional<git::Oid> tree_;
  std::shared_ptr<const Root> root_;
  std::map<std::string, Descriptor, std::less<>> descriptors_;
};

/// Is this file of a service's folder (path below it) read for objects? Everything but release.yaml that is YAML or JSON.
[[nodiscard]] bool is_object_file(std::string_view path);

}  // namespace muster::record

// Heads: where the branches of application repositories stand now. One listing per URL whoever asks, one fetch per URL
// that moved.
//
// Nothing is concluded from absence: a listing without any ref is Unknown, a branch is "deleted" only where the same
// repository still lists others.
// Ownership: values out; mirrors are shared. Thread-safety: one Heads in one thread; it asks remotes on `jobs` threads.
// Failures: one per item, so that a dead repository touches only its own instances.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/base/time.hpp"
#include "muster/git/repository.hpp"
#include "muster/model/fleet.hpp"

namespace muster::source {

/// How git reaches a repository of the fleet.
git::Remote remote_of(const model::Repository& repository);

/// What is asked: a branch of a repository.
struct Question {
  git::Remote remote;
  std::string branch;
};

/// Where a branch stands.
struct Head {
  git::Oid commit;
  Instant seen{};                               ///< When the remote said so.
  std::shared_ptr<git::Repository> repository;  ///< The mirror; it has the commit and all it reaches.
};

/// Failure::reason `absent`: the repository lists branches and this one is not among them (kind wait).
/// `unreachable` and all others: nothing is known about the branch.
using Answer = Result<Head>;

class Heads {
 public:
  explicit Heads(git::Remotes& remotes, unsigned jobs = 1) : remotes_(remotes), jobs_(jobs) {}

  /// Answer i is for question i. Equal questions are asked once; a URL with any number of branches is listed once. A
  /// branch whose commit is in the mirror already is not fetched.
  std::vector<Answer> ask(std::span<const Question> questions, const std::stop_token& stop);

 private:
  git::Remotes& remotes_;
  unsigned jobs_;
};

}  // namespace muster::source

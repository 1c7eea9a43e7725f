// The oracle: what must hold of environment branches and targets, whatever happened. Written from the rules of deliver and
// reconcile alone; it reads commits, trailers and release.yaml with its own few lines and calls none of the code it judges.
//
// Every check names the promise it stands for. A violation is a sentence; empty: none.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "muster/manifest/object.hpp"
#include "sim/declared.hpp"
#include "sim/world/memory_git.hpp"
#include "sim/world/memory_registry.hpp"

namespace muster::sim {

/// One service's line of a record, as the oracle reads it.
struct Listed {
  bool removed = false;
  std::map<std::string, std::string> inputs;  ///< Name → value as written; "absent" for a removal.
};

/// A commit of an environment branch, as the oracle reads it.
struct Entry {
  git::Oid commit;
  git::Oid parent;
  bool record = false;
  bool verb = false;              ///< A commit of a person's verb.
  std::set<std::string> resumed;  ///< Services a person resumed with it.
  std::string fleet_revision;
  std::map<std::string, Listed> services;
  std::map<std::string, git::Oid> folders;             ///< Of services at this commit.
  Instant at{};                                        ///< As its committer's clock said.
  Instant since{};                                     ///< The same made monotone along the branch.
  std::vector<std::set<manifest::ObjectId>> approved;  ///< Sets of deletions that stand approved here.
};

/// An image as a record lists it.
struct ListedImage {
  std::string reference;
  std::string digest;
  std::string tag;
  std::string rule;
  std::string commit;
  bool literal = false;
};
ListedImage read_image(const std::string& value);
/// Does the rule take this tag? Only of the rules that the simulation plays.
bool takes(const std::string& rule, const std::string& tag);
/// Of two tags that one rule takes.
bool is_lower(const std::string& a, const std::string& b);

class Oracle {
 public:
  /// `images`: where images are played, too.
  Oracle(Network& network, const FleetHistory& fleets, const Clock& clock, const ImageServer* images)
      : network_(network), fleets_(fleets), clock_(clock), images_(images) {}

  /// Looks at what the environment repository has now: everything that appeared since the last call is judged.
  void look();
  /// An object was written to or deleted from the target of an environment whose stamp is `stamp` (a commit id).
  void wrote(const std::string& environment, const std::string& stamp, const manifest::ObjectId& id, const Value& content);
  /// `known_by_uid`: the target tells objects of one name apart.
  void deleted(const std::string& environment, const std::string& stamp, const manifest::ObjectId& id, bool known_by_uid);
  /// Somebody else made an object there, which muster may neither write over nor delete; or it is gone.
  void stranger_made(const std::string& environment, const manifest::ObjectId& id) { strangers_.insert({environment, id}); }
  void gone(const std::string& environment, const manifest::ObjectId& id) { strangers_.erase({environment, id}); }
  [[nodiscard]] bool is_strangers(const std::string& environment, const manifest::ObjectId& id) const {
    return strangers_.contains({environment, id});
  }
  /// muster wrote over an object that stood there, in a target that knows objects by their uid.
  void replaced(const std::string& environment, const manifest::ObjectId& id);
  /// CI hands in an image of a service.
  void handed_in(const std::string& service, const std::string& tag) { handed_in_.insert({service, tag}); }
  /// What was recorded last; nullopt: nothing.
  [[nodiscard]] std::optional<ListedImage> recorded_image(const std::string& environment, const std::string& service) const;
  /// The schedule itself rewrote a branch: what was there before is no longer expected to stay.
  void forgive(const std::string& environment);

  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }
  [[nodiscard]] const std::map<std::string, std::vector<Entry>>& branches() const { return branches_; }
  /// Objects that the tip of an environment asks for, by service.
  std::map<std::string, std::map<manifest::ObjectId, Value>> desired(const std::string& environment);

 private:
  void judge(const std::string& environment, const Entry& entry);
  void judge_record(const std::string& environment, const Entry& entry, const Entry* before);
  void judge_removal(const std::string& environment, const Entry& entry, const std::string& service);
  struct ImageCase;
  void judge_images(const std::string& environment, const Entry& entry, const Entry* before);
  void judge_image(const ImageCase& one);
  void judge_standing_image(const std::string& where, const std::string& service, const git::Oid& folder, const std::string* listed);
  void judge_build(const std::string& where, const git::Oid& folder);
  void judge_taken_back(const std::string& where, const std::string& environment, const std::string& service, const Entry& entry,
                        const Entry* before, bool listed, bool spoke);
  void see_taken_back(const std::string& environment, const Entry& entry, const Entry* before);
  std::string standing_digest(const Entry* entry, const std::string& service);
  static bool same_image(const std::string& a, const std::string& b);
  /// Is more gone at `index` than may go within 24 h, and nobody approved it?
  bool over_budget(const std::vector<Entry>& branch, std::size_t index, Instant now);
  std::set<manifest::ObjectId> objects_at(const Entry& entry);
  [[nodiscard]] std::vector<std::set<manifest::ObjectId>> read_approved(const git::Oid& folder) const;
  void violated(std::string text) { violations_.push_back(std::move(text)); }
  [[nodiscard]] Entry read(const std::string& environment, const git::Commit& commit) const;
  using Inputs = std::map<std::string, std::string>;
  using Objects = std::map<manifest::ObjectId, Value>;
  /// What release.yaml says, as one text an input; causes left out.
  const Inputs& standing_inputs(const git::Oid& folder);
  const Objects& objects(const git::Oid& folder);
  /// The branch that has this commit: as it is, or as it was before somebody forced it and a stale replica still shows.
  const std::vector<Entry>& branch_of(const std::string& environment, const std::string& commit);
  [[nodiscard]] static std::size_t position(const std::vector<Entry>& branch, const std::string& commit);

  Network& network_;
  const FleetHistory& fleets_;
  const Clock& clock_;
  const ImageServer* images_;
  std::map<std::string, std::vector<Entry>> branches_;                ///< Oldest first.
  std::map<std::string, std::vector<std::vector<Entry>>> abandoned_;  ///< What branches were before they were forced.
  std::map<std::string, std::map<std::string, std::map<std::string, std::string>>> ledgers_;  ///< Environment, service, input.
  std::map<git::Oid, Inputs> inputs_;
  std::map<git::Oid, Objects> objects_;
  std::set<std::pair<std::string, std::string>> resumed_;  ///< Environment and service: a person spoke since the last record of it.
  std::set<std::pair<std::string, manifest::ObjectId>> strangers_;
  std::map<std::pair<std::string, std::string>, std::string> taken_back_;  ///< Environment and service: a digest.
  std::set<std::pair<std::string, std::string>> handed_in_;                ///< Service and tag.
  std::vector<std::string> violations_;
};

}  // namespace muster::sim

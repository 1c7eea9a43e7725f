#include "sim/oracle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <sstream>

#include "muster/base/text.hpp"
#include "muster/manifest/yaml.hpp"

namespace muster::sim {
namespace {

std::vector<std::string> words(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

/// The part of a source's text that says what is read: its tree and where from. `<commit>/<tree>;<branch>;<path>;<repository>`
std::string content_of(const std::string& input, const std::string& value) {
  if (input == "source" && value.find('/') != std::string::npos) return value.substr(value.find('/'));
  if (input == "from") return value.substr(0, value.rfind('/'));  // Environment and record: position decides.
  return value;
}

std::string key_of_source(const std::string& value) { return value.find(';') == std::string::npos ? "" : value.substr(value.find(';')); }

void walk(const ObjectPool& pool, const git::Oid& tree, const std::string& prefix,
          const std::function<void(const std::string&, const git::Oid&)>& visit) {
  const ObjectPool::Tree* entries = pool.tree(tree);
  if (entries == nullptr) return;
  for (const git::TreeEntry& entry : *entries) {
    if (entry.mode == git::Mode::tree) {
      walk(pool, entry.id, prefix + entry.name + "/", visit);
    } else {
      visit(prefix + entry.name, entry.id);
    }
  }
}

}  // namespace

Entry Oracle::read(const std::string& environment, const git::Commit& commit) const {
  Entry out;
  out.commit = commit.id;
  if (!commit.parents.empty()) out.parent = commit.parents.front();
  const std::string mine = fmt::format("sim {} {}", environment, out.parent.text());
  std::istringstream lines(commit.message);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    const std::string name = line.substr(0, colon);
    const std::string rest = line.substr(colon + 2);
    const std::vector<std::string> parts = words(rest);
    if (name == "Muster-Record") out.record = rest == mine;
    if (name == "Muster-Verb") out.verb = true;
    if (name == "Muster-Resume" && !parts.empty()) out.resumed.insert(parts[0]);
    if (name == "Muster-Fleet" && !parts.empty()) out.fleet_revision = parts[0];
    if (name != "Muster-Release" || parts.size() < 3) continue;
    Listed& listed = out.services[parts[0]];
    listed.removed = parts[1] == "absent";
    for (std::size_t i = 3; i < parts.size(); ++i) {
      const std::size_t equals = parts[i].find('=');
      if (equals != std::string::npos) listed.inputs[parts[i].substr(0, equals)] = parts[i].substr(equals + 1);
    }
  }
  const ObjectPool::Tree* root = network_.pool()->tree(commit.tree);
  if (root != nullptr) {
    for (const git::TreeEntry& entry : *root) {
      if (entry.mode == git::Mode::tree && !entry.name.starts_with('.')) out.folders[entry.name] = entry.id;
      if (entry.mode == git::Mode::tree && entry.name == ".approvals") out.approved = read_approved(entry.id);
    }
  }
  if (!out.record) out.services.clear();
  out.at = out.since = commit.committer.at;
  return out;
}

std::vector<std::set<manifest::ObjectId>> Oracle::read_approved(const git::Oid& folder) const {
  std::vector<std::set<manifest::ObjectId>> out;
  for (const git::TreeEntry& entry : *network_.pool()->tree(folder)) {
    const auto approval = manifest::parse_document(*network_.pool()->blob(entry.id), entry.name);
    if (!approval.ok() || approval->string_at("approves") != "deletions") continue;
    std::set<manifest::ObjectId>& objects = out.emplace_back();
    const Value* listed = approval->find("objects");
    if (listed == nullptr || listed->if_array() == nullptr) continue;
    for (const Value& object : *listed->if_array()) {
      if (auto id = manifest::ObjectId::parse(*object.if_string())) objects.insert(*std::move(id));
    }
  }
  return out;
}

const Oracle::Inputs& Oracle::standing_inputs(const git::Oid& folder) {
  const auto known = inputs_.find(folder);
  if (known != inputs_.end()) return known->second;
  Inputs& out = inputs_[folder];
  const ObjectPool::Tree* entries = network_.pool()->tree(folder);
  if (entries == nullptr) return out;
  for (const git::TreeEntry& entry : *entries) {
    if (entry.name != "release.yaml") continue;
    const Result<Value> release = manifest::parse_document(*network_.pool()->blob(entry.id), "release.yaml");
    const Value* inputs = release.ok() ? release->find("inputs") : nullptr;
    if (inputs == nullptr || inputs->if_object() == nullptr) continue;
    for (const auto& [name, value] : *inputs->if_object()) {
      Value copy = value;
      if (Object* members = copy.if_object()) members->erase("cause");
      out[name] = to_canonical_json(copy);
    }
  }
  return out;
}

const Oracle::Objects& Oracle::objects(const git::Oid& folder) {
  const auto known = objects_.find(folder);
  if (known != objects_.end()) return known->second;
  Objects& out = objects_[folder];
  walk(*network_.pool(), folder, "", [&](const std::string& path, const git::Oid& blob) {
    if (path == "release.yaml") return;
    const auto read = manifest::parse_objects(*network_.pool()->blob(blob), path);
    if (!read.ok()) return;
    for (const manifest::Object& object : *read) out[object.id] = object.content;
  });
  return out;
}

std::size_t Oracle::position(const std::vector<Entry>& branch, const std::string& commit) {
  const auto found = std::find_if(branch.begin(), branch.end(), [&](const Entry& entry) { return entry.commit.text() == commit; });
  return found == branch.end() ? 0 : static_cast<std::size_t>(found - branch.begin());
}

const std::vector<Entry>& Oracle::branch_of(const std::string& environment, const std::string& commit) {
  const auto has_it = [&](const std::vector<Entry>& branch) {
    return std::any_of(branch.begin(), branch.end(), [&](const Entry& entry) { return entry.commit.text() == commit; });
  };
  const std::vector<Entry>& now = branches_[environment];
  if (has_it(now)) return now;
  for (const std::vector<Entry>& branch : abandoned_[environment]) {
    if (has_it(branch)) return branch;
  }
  return now;
}

std::map<std::string, std::map<manifest::ObjectId, Value>> Oracle::desired(const std::string& environment) {
  std::map<std::string, Objects> out;
  const auto branch = branches_.find(environment);
  if (branch == branches_.end() || branch->second.empty()) return out;
  for (const auto& [service, folder] : branch->second.back().folders) out[service] = objects(folder);
  return out;
}

std::set<manifest::ObjectId> Oracle::objects_at(const Entry& entry) {
  std::set<manifest::ObjectId> out;
  for (const auto& [service, folder] : entry.folders) {
    for (const auto& [id, content] : objects(folder)) out.insert(id);
  }
  return out;
}

namespace {

bool has(const Entry& entry, const std::set<manifest::ObjectId>& approved) {
  return std::find(entry.approved.begin(), entry.approved.end(), approved) != entry.approved.end();
}

}  // namespace

bool Oracle::over_budget(const std::vector<Entry>& branch, std::size_t index, Instant now) {
  // What stood 24 h ago; a branch that is younger began with nothing.
  const Entry* base = nullptr;
  for (std::size_t i = 0; i <= index; ++i) {
    const bool old = branch[i].since <= now - std::chrono::hours(24);
    // A confirmation that still stands counts from the commit that brought it.
    const auto& stands = branch[index].approved;
    const bool confirms = std::any_of(stands.begin(), stands.end(),
                                      [&](const auto& set) { return has(branch[i], set) && (i == 0 || !has(branch[i - 1], set)); });
    if (old || confirms) base = &branch[i];
  }
  if (base == nullptr) return false;
  const auto stood = objects_at(*base);
  const auto stands = objects_at(branch[index]);
  std::set<manifest::ObjectId> gone;
  std::set_difference(stood.begin(), stood.end(), stands.begin(), stands.end(), std::inserter(gone, gone.end()));
  if (gone.size() <= kDeletionsAllowed) return false;
  return std::none_of(branch[index].approved.begin(), branch[index].approved.end(),
                      [&](const auto& set) { return std::includes(set.begin(), set.end(), gone.begin(), gone.end()); });
}

void Oracle::forgive(const std::string& environment) {
  abandoned_[environment].push_back(std::move(branches_[environment]));
  branches_.erase(environment);
  ledgers_.erase(environment);
  std::erase_if(taken_back_, [&](const auto& one) { return one.first.first == environment; });
}

void Oracle::look() {
  for (const std::string& environment : environment_names()) {
    const Refs& refs = network_.server(kRecordsUrl).repository->all_refs();
    const auto tip = refs.find("refs/heads/" + environment);
    std::vector<Entry>& known = branches_[environment];
    if (tip == refs.end()) {
      if (!known.empty()) violated(fmt::format("P23 {}: the branch is gone", environment));
      continue;
    }
    std::vector<Entry> fresh;
    git::Oid at = tip->second;
    const git::Oid last = known.empty() ? git::Oid() : known.back().commit;
    while (at != last) {
      const git::Commit* commit = network_.pool()->commit(at);
      fresh.push_back(read(environment, *commit));
      if (commit->parents.empty()) break;
      at = commit->parents.front();
    }
    if (!known.empty() && at != last) {
      violated(fmt::format("P23 {}: commit {} was lost: the branch was forced", environment, last.short_text()));
      known.clear();
    }
    std::reverse(fresh.begin(), fresh.end());
    for (Entry& entry : fresh) {
      if (!known.empty()) entry.since = std::max(entry.since, known.back().since);
      known.push_back(std::move(entry));
      judge(environment, known.back());
    }
  }
}

void Oracle::judge(const std::string& environment, const Entry& entry) {
  const std::vector<Entry>& known = branches_[environment];
  const Entry* before = known.size() < 2 ? nullptr : &known[known.size() - 2];
  for (const std::string& service : entry.resumed) resumed_.insert({environment, service});
  if (!entry.record) {
    see_taken_back(environment, entry, before);
    return;
  }
  judge_record(environment, entry, before);
  judge_images(environment, entry, before);
  for (const auto& [service, listed] : entry.services) {
    auto& ledger = ledgers_[environment][service];
    if (listed.removed) {
      for (auto& [name, value] : ledger) value = "absent";
      ledger["declaration"] = "absent";
    }
    for (const auto& [name, value] : listed.inputs) ledger[name] = listed.removed ? "absent" : value;
    resumed_.erase({environment, service});
  }
}

void Oracle::judge_record(const std::string& environment, const Entry& entry, const Entry* before) {
  const std::string name = fmt::format("{} {}", environment, entry.commit.short_text());
  if (entry.services.empty()) violated(fmt::format("P23 {}: a record that lists nothing", name));
  static const std::map<std::string, git::Oid> kNone;
  const auto& old_folders = before == nullptr ? kNone : before->folders;
  for (const auto& [service, folder] : entry.folders) {
    const auto old = old_folders.find(service);
    if (entry.services.contains(service)) continue;
    if (old == old_folders.end() || old->second != folder) violated(fmt::format("P23 {}: {} changed and is not listed", name, service));
  }
  for (const auto& [service, folder] : old_folders) {
    if (!entry.folders.contains(service) && !entry.services.contains(service))
      violated(fmt::format("P1 {}: {} vanished and is not listed", name, service));
  }
  for (const auto& [service, listed] : entry.services) {
    if (listed.removed) {
      judge_removal(environment, entry, service);
      continue;
    }
    if (listed.inputs.empty()) violated(fmt::format("P23 {}: {} is listed and no input moved", name, service));
    const auto now = entry.folders.find(service);
    if (now == entry.folders.end()) {
      violated(fmt::format("P1 {}: {} was recorded and does not stand", name, service));
      continue;
    }
    const auto old = old_folders.find(service);
    const auto& ledger = ledgers_[environment][service];
    const bool spoke = resumed_.contains({environment, service});
    for (const auto& [input, value] : listed.inputs) {
      const auto last = ledger.find(input);
      if (last == ledger.end() || last->second == "absent" || old == old_folders.end() || spoke) continue;
      const bool again =
          input.starts_with("image.") ? same_image(last->second, value) : content_of(input, last->second) == content_of(input, value);
      if (again) {
        violated(fmt::format("P23 {}: {} {} is recorded again as {}", name, service, input, value));
      }
      if (input != "source" || key_of_source(last->second) != key_of_source(value)) continue;
      const auto from = git::Oid::parse(last->second.substr(0, 40));
      const auto to = git::Oid::parse(value.substr(0, 40));
      if (from && to && !network_.pool()->is_ancestor(*from, *to)) {
        violated(fmt::format("P4 {}: {} went from {} to {}, which does not descend from it", name, service, from->short_text(),
                             to->short_text()));
      }
    }
    if (old == old_folders.end() || spoke) continue;
    const Inputs is = standing_inputs(now->second);
    for (const auto& [input, text] : standing_inputs(old->second)) {
      const bool follows = listed.inputs.contains("from") && (input == "source" || input.starts_with("image."));
      const auto found = is.find(input);
      if (listed.inputs.contains(input) || follows || found == is.end() || found->second == text) continue;
      violated(fmt::format("P23 {}: {} {} stood as {} and is now {}, and is not listed", name, service, input, text, found->second));
    }
  }
}

void Oracle::judge_removal(const std::string& environment, const Entry& entry, const std::string& service) {
  const std::string name = fmt::format("{} {}", environment, entry.commit.short_text());
  if (entry.folders.contains(service)) violated(fmt::format("P1 {}: {} is said to be removed and stands", name, service));
  const std::vector<Entry>& branch = branches_[environment];
  if (over_budget(branch, branch.size() - 1, entry.at))
    violated(fmt::format("P2 {}: {} was removed over the budget, and nobody approved it", name, service));
  const Declared* declared = fleets_.declared(entry.fleet_revision);
  if (declared == nullptr) {
    violated(fmt::format("P1 {}: {} was removed by a fleet nobody committed ({})", name, service, entry.fleet_revision));
    return;
  }
  const auto found = declared->services.find(service);
  if (found != declared->services.end() && found->second.declared)
    violated(fmt::format("P1 {}: {} was removed and the fleet declares it", name, service));
}

void Oracle::wrote(const std::string& environment, const std::string& stamp, const manifest::ObjectId& id, const Value& content) {
  look();
  gone(environment, id);  // Whosever it was, it is muster's now.
  const std::vector<Entry>& branch = branch_of(environment, stamp);
  for (std::size_t i = position(branch, stamp); i < branch.size(); ++i) {
    for (const auto& [service, folder] : branch[i].folders) {
      const Objects& stated = objects(folder);
      const auto found = stated.find(id);
      if (found != stated.end() && found->second == content) return;
    }
  }
  violated(fmt::format("P4 {}: {} was written with a content that no commit since {} states", environment, id.text(), stamp.substr(0, 10)));
}

void Oracle::replaced(const std::string& environment, const manifest::ObjectId& id) {
  if (is_strangers(environment, id)) violated(fmt::format("P5 {}: {} is somebody else's, and was written over", environment, id.text()));
}

void Oracle::deleted(const std::string& environment, const std::string& stamp, const manifest::ObjectId& id, bool known_by_uid) {
  look();
  if (known_by_uid && is_strangers(environment, id))
    violated(fmt::format("P5 {}: {} is somebody else's, and was deleted", environment, id.text()));
  gone(environment, id);
  const std::vector<Entry>& branch = branch_of(environment, stamp);
  const std::size_t applied = position(branch, stamp);
  // The pass looked at its clock a little earlier.
  const bool over =
      !branch.empty() && over_budget(branch, applied, clock_.now()) && over_budget(branch, applied, clock_.now() - std::chrono::hours(1));
  if (over) violated(fmt::format("P2 {}: {} was pruned over the budget, and nobody approved it", environment, id.text()));
  for (std::size_t i = applied; i < branch.size(); ++i) {
    const bool named =
        std::any_of(branch[i].folders.begin(), branch[i].folders.end(), [&](const auto& one) { return objects(one.second).contains(id); });
    if (!named) return;
  }
  violated(fmt::format("P1 {}: {} was deleted, and every commit since {} asks for it", environment, id.text(), stamp.substr(0, 10)));
}

}  // namespace muster::sim

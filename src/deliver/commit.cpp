// Commit: one record of all proposals, decided on the tip that it names as parent.
#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "deliver/environment.hpp"
#include "deliver/pass.hpp"
#include "muster/base/text.hpp"
#include "muster/manifest/yaml.hpp"
#include "muster/record/layout.hpp"
#include "muster/record/trailers.hpp"

namespace muster::deliver {
namespace {

using Edits = std::map<std::string, git::TreeEdit>;

Result<git::TreeEdit> blob_edit(git::Repository& repository, std::string_view bytes) {
  MUSTER_TRY(const git::Oid blob, repository.write_blob(bytes));
  return git::TreeEdit{git::TreeEntry{"", git::Mode::file, blob}};
}

/// The service's folder as it shall stand. What people put beside the objects (a README) stays.
Result<git::Oid> write_folder(Pass& pass, const Proposal& proposal) {
  git::Repository& repository = *pass.records.repository();
  Edits edits;
  const std::string name = proposal.renamed_from.empty() ? proposal.service : proposal.renamed_from;
  // A link in the folder's place has nothing to keep.
  const std::optional<git::Oid> base = pass.standing->readable_folder(name).ok() ? proposal.standing_folder : std::nullopt;
  if (base) {
    MUSTER_TRY(const auto files, pass.standing->files(name));
    for (const auto& [path, blob] : files) edits.emplace(path, git::TreeEdit{});
  }
  for (const auto& object : proposal.objects) {
    MUSTER_TRY(auto edit, blob_edit(repository, manifest::print_object(object.content)));
    edits.insert_or_assign(object.id.descriptor_path(), std::move(edit));
  }
  MUSTER_TRY(auto release, blob_edit(repository, record::print(proposal.release)));
  edits.insert_or_assign(std::string(record::kReleaseFile), std::move(release));
  return git::edit_tree(repository, base, edits);
}

/// The hold of a renamed service follows it.
Result<void> move_hold(Pass& pass, const Proposal& proposal, Edits& edits) {
  const auto hold = pass.holds.find(proposal.renamed_from);
  if (hold == pass.holds.end()) return {};
  record::Hold moved = hold->second;
  moved.service = proposal.service;
  edits.insert_or_assign(record::hold_path(proposal.renamed_from), git::TreeEdit{});
  MUSTER_TRY(auto edit, blob_edit(*pass.records.repository(), record::print(moved)));
  edits.insert_or_assign(record::hold_path(proposal.service), std::move(edit));
  return {};
}

Result<Edits> edits_of(Pass& pass, const std::vector<const Proposal*>& proposals) {
  Edits edits;
  for (const Proposal* proposal : proposals) {
    if (!proposal->renamed_from.empty()) {
      edits.insert_or_assign(proposal->renamed_from, git::TreeEdit{});
      MUSTER_CHECK(move_hold(pass, *proposal, edits));
    }
    if (proposal->removal) {
      edits.insert_or_assign(proposal->service, git::TreeEdit{});
      continue;
    }
    MUSTER_TRY(const git::Oid folder, write_folder(pass, *proposal));
    edits.insert_or_assign(proposal->service, git::TreeEdit{git::TreeEntry{"", git::Mode::tree, folder}});
  }
  return edits;
}

std::vector<record::Cause> causes_of(const Proposal& proposal) {
  std::vector<record::Cause> causes;
  for (const auto& move : proposal.moves) {
    if (std::find(causes.begin(), causes.end(), move.cause) == causes.end()) causes.push_back(move.cause);
  }
  if (causes.empty()) causes.push_back(proposal.renamed_from.empty() ? record::Cause::manual : record::Cause::fleet);
  std::sort(causes.begin(), causes.end());
  return causes;
}

std::string describe_moves(const Proposal& proposal) {
  if (proposal.removal) return "removed";
  std::vector<std::string> parts;
  if (!proposal.renamed_from.empty()) parts.push_back(fmt::format("renamed from {}", proposal.renamed_from));
  for (const auto& move : proposal.moves) parts.push_back(record::describe_move(move.input, move.before, move.after));
  if (parts.empty()) parts.emplace_back("rendered anew");
  return join(parts, ", ");
}

std::string subject_of(const std::vector<const Proposal*>& proposals) {
  constexpr std::size_t kNamed = 3;
  std::set<record::Cause> causes;
  std::vector<std::string> names;
  for (const Proposal* proposal : proposals) {
    for (const record::Cause cause : causes_of(*proposal)) causes.insert(cause);
    if (names.size() < kNamed) names.push_back(proposal->service);
  }
  std::string services = join(names, ", ");
  if (proposals.size() > kNamed) services += fmt::format(" and {} more", proposals.size() - kNamed);
  if (proposals.size() == 1 && proposals.front()->removal) return services + ": removed";
  std::vector<std::string> words;
  words.reserve(causes.size());
  for (const record::Cause cause : causes) words.emplace_back(record::to_string(cause));
  return fmt::format("{}: {}", services, join(words, ", "));
}

/// What the ledger shall read. A manual record into an environment that a branch feeds lists nothing: it moves no ledger.
record::ReleaseLine line_of(const Pass& pass, const Proposal& proposal) {
  record::ReleaseLine line;
  line.service = proposal.service;
  line.causes = causes_of(proposal);
  if (!proposal.removal) line.release = proposal.release.release;
  const bool lists = !pass.run.manual || proposal.release.inputs.contains(std::string(record::kFrom));
  for (const auto& move : proposal.moves) {
    if (lists) line.moved.emplace(move.input, move.after);
  }
  return line;
}

}  // namespace

Result<git::Oid> proposed_tree(Pass& pass, const std::vector<const Proposal*>& proposals) {
  MUSTER_TRY(const Edits edits, edits_of(pass, proposals));
  return git::edit_tree(*pass.records.repository(), pass.branch.tree, edits);
}

Result<std::optional<record::BranchChange>> make_record(Pass& pass, const std::vector<const Proposal*>& proposals) {
  if (proposals.empty()) return std::optional<record::BranchChange>{};
  record::BranchChange change;
  MUSTER_TRY(change.edits, edits_of(pass, proposals));
  record::Trailers trailers;
  trailers.fleet = pass.run.fleet.name;
  trailers.environment = pass.environment.name;
  trailers.parent = pass.branch.tip.text();
  trailers.made_by = fleet_stamp(pass.run);
  std::string body;
  for (const Proposal* proposal : proposals) {
    body += fmt::format("{}: {}\n", proposal->service, describe_moves(*proposal));
    trailers.releases.push_back(line_of(pass, *proposal));
    if (!proposal->renamed_from.empty()) trailers.renames.push_back({proposal->renamed_from, proposal->service});
  }
  change.message = record::print_message(subject_of(proposals), body, trailers);
  change.author = pass.run.author;
  return std::optional(std::move(change));
}

}  // namespace muster::deliver

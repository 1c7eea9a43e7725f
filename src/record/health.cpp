#include "muster/record/health.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "muster/base/text.hpp"
#include "record/words.hpp"

namespace muster::record {
namespace {

constexpr std::string_view kHealthy = "healthy";
constexpr std::string_view kUnhealthy = "unhealthy";
constexpr std::size_t kMaxNoteBytes = std::size_t{16} << 20U;  ///< A record of 10,000 services has a note of 1.3 MB.

/// Where a notes tree may keep the note of a commit: git fans out by two digits as it grows, and reads any of these.
std::vector<std::string> note_paths(const git::Oid& commit) {
  const std::string id = commit.text();
  return {id, id.substr(0, 2) + "/" + id.substr(2), id.substr(0, 2) + "/" + id.substr(2, 2) + "/" + id.substr(4)};
}

struct FoundNote {
  std::string path;
  std::string text;
};

Result<std::optional<FoundNote>> find_note(git::Repository& repository, const git::Oid& tree, const git::Oid& commit) {
  for (const auto& path : note_paths(commit)) {
    MUSTER_TRY(const auto entry, git::find_entry(repository, tree, path));
    if (!entry || entry->mode == git::Mode::tree) continue;
    MUSTER_TRY(std::string text, repository.blob(entry->id, kMaxNoteBytes));
    return std::optional(FoundNote{path, std::move(text)});
  }
  return std::optional<FoundNote>{};
}

/// A commit's note while observations are added to it.
struct NoteDraft {
  std::string path;
  std::string text;
  std::map<std::pair<std::string, Digest>, bool> last;  ///< By service and bundle: was it healthy when last spoken of?
  bool changed = false;

  /// Does it say something new? Unhealthy is worth a note only after healthy: before that nothing had begun.
  [[nodiscard]] bool is_news(const HealthNote& note) const {
    const auto known = last.find({note.service, note.bundle});
    return known == last.end() ? note.healthy : known->second != note.healthy;
  }

  void add(const HealthNote& note) {
    if (!text.empty() && !text.ends_with('\n')) text += '\n';
    text += print(std::vector{note});
    last.insert_or_assign({note.service, note.bundle}, note.healthy);
    changed = true;
  }
};

Result<NoteDraft> begin_note(git::Repository& repository, const std::optional<git::Oid>& tree, const git::Oid& commit) {
  NoteDraft draft{commit.text(), {}, {}};
  if (!tree) return draft;
  MUSTER_TRY(auto found, find_note(repository, *tree, commit));
  if (!found) return draft;
  draft.path = std::move(found->path);
  draft.text = std::move(found->text);
  for (const HealthNote& note : parse_health_notes(draft.text)) draft.last.insert_or_assign({note.service, note.bundle}, note.healthy);
  return draft;
}

}  // namespace

std::string print(const std::vector<HealthNote>& notes) {
  std::string out;
  for (const auto& note : notes) {
    out += fmt::format("{} {} {} {}\n", note.healthy ? kHealthy : kUnhealthy, escape_word(note.service), note.bundle.text(),
                       format_instant(note.at));
  }
  return out;
}

std::vector<HealthNote> parse_health_notes(std::string_view text) {
  std::vector<HealthNote> notes;
  for (std::string_view line : split(text, '\n')) {
    const auto words = split(trim(line), ' ');
    if (words.size() != 4 || (words[0] != kHealthy && words[0] != kUnhealthy)) continue;
    const auto service = unescape_word(words[1]);
    const auto bundle = Digest::parse(words[2]);
    const auto at = parse_instant(words[3]);
    if (service && bundle && at) notes.push_back({words[0] == kHealthy, *service, *bundle, *at});
  }
  return notes;
}

Result<std::vector<HealthNote>> health_notes(git::Repository& repository, std::optional<git::Oid> notes, const git::Oid& commit) {
  if (!notes) return std::vector<HealthNote>{};
  MUSTER_TRY(const auto head, repository.commit(*notes));
  MUSTER_TRY(const auto found, find_note(repository, head.tree, commit));
  return found ? parse_health_notes(found->text) : std::vector<HealthNote>{};
}

std::optional<Instant> healthy_since(const std::vector<HealthNote>& notes, std::string_view service, const Digest& bundle) {
  std::optional<Instant> since;
  for (const auto& note : notes) {
    if (note.service != service || note.bundle != bundle) continue;
    if (!note.healthy) {
      since.reset();
    } else if (!since) {
      since = note.at;
    }
  }
  return since;
}

Result<std::optional<git::Oid>> add_health_notes(git::Repository& repository, std::optional<git::Oid> notes,
                                                 const std::vector<HealthObservation>& observations, const git::Person& by) {
  std::optional<git::Oid> tree;
  if (notes) {
    MUSTER_TRY(const auto head, repository.commit(*notes));
    tree = head.tree;
  }
  std::map<git::Oid, NoteDraft> drafts;
  for (const auto& observation : observations) {
    auto draft = drafts.find(observation.commit);
    if (draft == drafts.end()) {
      MUSTER_TRY(auto begun, begin_note(repository, tree, observation.commit));
      draft = drafts.emplace(observation.commit, std::move(begun)).first;
    }
    if (draft->second.is_news(observation.note)) draft->second.add(observation.note);
  }
  std::erase_if(drafts, [](const auto& draft) { return !draft.second.changed; });
  if (drafts.empty()) return std::optional<git::Oid>{};
  std::map<std::string, git::TreeEdit> edits;
  for (const auto& [commit, note] : drafts) {
    MUSTER_TRY(const git::Oid blob, repository.write_blob(note.text));
    edits.emplace(note.path, git::TreeEdit{git::TreeEntry{"", git::Mode::file, blob}});
  }
  MUSTER_TRY(const git::Oid edited, git::edit_tree(repository, tree, edits));
  git::NewCommit commit{edited, {}, by, by, "Notes of health added by muster\n"};
  if (notes) commit.parents.push_back(*notes);
  MUSTER_TRY(const git::Oid id, repository.write_commit(commit));
  return std::optional(id);
}

}  // namespace muster::record

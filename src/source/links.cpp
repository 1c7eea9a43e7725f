#include "source/links.hpp"

#include <fmt/core.h>

#include <deque>

#include "muster/base/text.hpp"
#include "muster/source/tree.hpp"

namespace muster::source {
namespace {

/// The trees from the root to the folder where the walk stands; `trees[i]` is at `path[0..i)`.
struct Walk {
  std::vector<git::Oid> trees;
  std::vector<std::string> path;
};

std::string leads_out(std::string_view link) { return fmt::format("the link `{}` leads out of the repository", link); }

}  // namespace

int climb_of(std::string_view target) {
  if (target.starts_with('/')) return 0;  // Never resolves, so what it names is never read.
  int climbs = 0;
  bool below = false;
  for (const std::string_view part : split(target, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      below = true;
    } else if (below) {
      return kClimbsAnywhere;  // `x/..`: x may itself be a link.
    } else {
      ++climbs;
    }
  }
  return climbs;
}

Result<Found> follow(git::Repository& repository, const git::Oid& root, std::vector<std::string> start, std::string_view path) {
  std::deque<std::string> rest(start.begin(), start.end());
  for (const std::string_view part : split(path, '/')) rest.emplace_back(part);
  Walk walk{{root}, {}};
  int links = 0;
  std::string link;  ///< The one that was followed last.
  Found found{{"", git::Mode::tree, root}, {}};
  while (!rest.empty()) {
    const std::string part = std::move(rest.front());
    rest.pop_front();
    if (part.empty() || part == ".") continue;
    if (found.entry.mode != git::Mode::tree) return stalled(Reason::invalid, fmt::format("`{}` is no folder", join(found.path, "/")));
    if (part == "..") {
      if (walk.path.empty()) return stalled(Reason::invalid, link.empty() ? "the path leads out of the repository" : leads_out(link));
      walk.path.pop_back();
      walk.trees.pop_back();
      found = {{walk.path.empty() ? "" : walk.path.back(), git::Mode::tree, walk.trees.back()}, walk.path};
      continue;
    }
    MUSTER_TRY(const auto entry, repository.entry(walk.trees.back(), part));
    if (!entry)
      return stalled(Reason::absent, fmt::format("there is no `{}`", join(walk.path, "/") + (walk.path.empty() ? "" : "/") + part));
    if (entry->mode == git::Mode::symlink) {
      if (++links > kMaxLinks)
        return stalled(Reason::invalid, fmt::format("more than {} links on the way, or a circle of them", kMaxLinks));
      MUSTER_TRY(const std::string target, repository.blob(entry->id, kMaxLinkBytes));
      link = join(walk.path, "/") + (walk.path.empty() ? "" : "/") + part;
      if (target.empty() || target.starts_with('/')) return stalled(Reason::invalid, leads_out(link));
      const auto parts = split(target, '/');
      rest.insert(rest.begin(), parts.begin(), parts.end());
      continue;
    }
    if (entry->mode == git::Mode::tree) {
      walk.path.push_back(part);
      walk.trees.push_back(entry->id);
      found = {*entry, walk.path};
    } else {
      found = {*entry, walk.path};
      found.path.push_back(part);
    }
  }
  return found;
}

}  // namespace muster::source

#include "cli/image_text.hpp"

#include <algorithm>

#include "muster/base/text.hpp"

namespace muster::cli {
namespace {

/// More are counted; --json has them all.
constexpr std::size_t kShown = 8;

void tell_watched(Session& session, FleetSession& parts, const model::Fleet& fleet, const model::ImagePolicy& policy, ImageStory& story) {
  story.repository = policy.repository.where();
  story.rule = policy.rule();
  if (!policy.tag.empty()) return;
  const auto tags = parts.registries().tags(registry::access_of(fleet.registries, policy.repository), policy.repository, session.stop());
  if (!tags.ok()) {
    story.trouble = tags.failure().text;
    return;
  }
  story.choice = registry::choose(policy, *tags);
}

}  // namespace

std::vector<ImageStory> image_stories(Session& session, FleetSession& parts, const daemon::LoadedFleet& fleet,
                                      const model::Instance& instance) {
  std::vector<ImageStory> out;
  const model::Instance* fed = deliver::fed_by_branch(fleet.fleet(), &instance);
  if (fed == nullptr) return out;
  for (const model::ImageInput& image : fed->images) {
    ImageStory story;
    story.name = image.name;
    story.at = fleet.compilation->sources().place(image.span);
    if (fed != &instance) story.from = fleet.fleet().environment(fed->environment).name;
    if (!image.reference.empty()) {
      story.repository = image.reference;
      story.rule = "literal";
    } else if (image.policy) {
      tell_watched(session, parts, fleet.fleet(), *image.policy, story);
    } else if (fed->build && fed->build->image == image.name) {
      story.repository = fed->build->push.where();
      story.rule = "build";
      story.at = fleet.compilation->sources().place(fed->build->span);
    } else {
      story.rule = "handed in by CI";
    }
    out.push_back(std::move(story));
  }
  return out;
}

std::vector<std::string> lines_of(const ImageStory& story) {
  std::vector<std::string> out;
  out.push_back(fmt::format("image {}: {}{}{}  {}{}", story.name, story.repository, story.repository.empty() ? "" : ", ", story.rule,
                            story.at, story.from.empty() ? "" : fmt::format(", by promotion from {}", story.from)));
  if (!story.trouble.empty()) out.push_back("  the registry cannot be asked: " + story.trouble);
  const auto& considered = story.choice.considered;
  if (!considered.empty()) {
    const std::vector<std::string> shown(considered.begin(),
                                         considered.begin() + static_cast<std::ptrdiff_t>(std::min(kShown, considered.size())));
    out.push_back(fmt::format("  considered  {} (chosen){}{}{}", shown.front(), shown.size() > 1 ? ", " : "",
                              join({shown.begin() + 1, shown.end()}, ", "),
                              considered.size() > kShown ? fmt::format(" and {} older", considered.size() - kShown) : ""));
  }
  const auto& refused = story.choice.refused;
  // The last of a list are the newest, as a rule.
  for (std::size_t i = refused.size() - std::min(kShown, refused.size()); i < refused.size(); ++i)
    out.push_back(fmt::format("  refused     {}", refused[i].why));
  if (refused.size() > kShown) out.push_back(fmt::format("  refused     {} more", refused.size() - kShown));
  return out;
}

Value to_value(const ImageStory& story) {
  Array considered;
  for (const std::string& tag : story.choice.considered) considered.emplace_back(tag);
  Array refused;
  for (const registry::Choice::Refused& one : story.choice.refused) refused.emplace_back(Object{{"tag", one.tag}, {"why", one.why}});
  return Object{
      {"name", story.name},           {"repository", story.repository}, {"rule", story.rule},       {"at", story.at},
      {"from", story.from},           {"chosen", story.choice.tag},     {"trouble", story.trouble}, {"considered", std::move(considered)},
      {"refused", std::move(refused)}};
}

}  // namespace muster::cli

// What happens in registries and builders: versions appear, tags go and move, lists shrink, CI hands in, rules change; and
// what must hold of images when all is quiet.
#include <fmt/format.h>

#include "sim/play.hpp"

namespace muster::sim {
namespace {

constexpr std::array kWeathers = {RegistryWeather::unreachable, RegistryWeather::denied,    RegistryWeather::throttled,
                                  RegistryWeather::empty,       RegistryWeather::shrunken,  RegistryWeather::flaky,
                                  RegistryWeather::confused,    RegistryWeather::push_lost, RegistryWeather::push_refused};
constexpr std::array<const char*, 4> kRanges = {"^1", "~1.4", ">=1.4 <3", "^1.5 || ^2"};
constexpr std::array<const char*, 2> kTemplates = {"main-{build:int}", "rel-{build:int}"};
constexpr std::array<const char*, 2> kChannels = {"stable", "candidate"};
constexpr std::array<const char*, 5> kRepositories = {"channel", "ci", "lib", "plain", "tool"};

}  // namespace

const std::vector<Schedule::Action>& Schedule::image_actions() {
  static const std::vector<Action> kActions = {
      {"push an image", 24, &Schedule::push_image},
      {"delete a tag", 5, &Schedule::delete_tag},
      {"move a tag", 6, &Schedule::move_tag},
      {"weather over the registry", 10, &Schedule::registry_weather},
      {"clear the registry", 8, &Schedule::clear_registry},
      {"change a rule", 8, &Schedule::change_rule},
      {"declare the registry or not", 3, &Schedule::toggle_registry},
      {"hand in an image", 10, &Schedule::hand_in},
      {"roll back an image", 4, &Schedule::rollback_image},
      {"revert the newest commit", 8, &Schedule::revert_newest},
      {"resume", 4, &Schedule::resume},
  };
  return kActions;
}

void Schedule::begin_images(Declared& declared) {
  declared.registry = random_.chance(70);
  for (const char* service : kImageServices) declared.services[service] = {};
  declared.services["lib"].rule = "^1";
  declared.services["tool"].rule = "main-{build:int}";
  declared.services["channel"].rule = "stable";
  for (int i = 0; i < 4; ++i) (void)images_.push("plain", fmt::format("1.{}", i));
  (void)images_.push("lib", "1.3.0");
  (void)images_.push("tool", "main-0");
  (void)images_.push("channel", "stable");
  images_.listed = [this] {
    if (acting_ || !random_.chance(15)) return;
    acting_ = true;
    tell("between listing and pinning");
    static constexpr std::array<void (Schedule::*)(), 3> kActs = {&Schedule::push_image, &Schedule::delete_tag, &Schedule::move_tag};
    (this->*kActs.at(random_.below(kActs.size())))();
    acting_ = false;
  };
}

void Schedule::push_image() {
  const std::string repository = pick(kRepositories);
  std::string tag = fmt::format("b{}", ++counter_);
  if (repository == "lib") {
    tag = fmt::format("{}.{}", pick(std::array<const char*, 4>{"1.3", "1.4", "1.5", "2.0"}), counter_);
    if (random_.chance(10)) tag += "-rc.1";
  } else if (repository == "tool") {
    tag = fmt::format("{}-{}", random_.chance(70) ? "main" : "rel", counter_);
  } else if (repository == "channel") {
    tag = pick(kChannels);
  } else if (repository == "plain") {
    tag = fmt::format("1.{}", random_.below(4));
  }
  (void)images_.push(repository, tag);
  tell(fmt::format("{}:{} is pushed", repository, tag));
}

void Schedule::delete_tag() {
  const std::string repository = pick(std::array<const char*, 6>{"channel", "ci", "lib", "plain", "shop", "tool"});
  const auto& tags = images_.repositories()[repository].tags;
  if (tags.empty()) return;
  auto at = tags.begin();
  // The newest one more often than not.
  std::advance(at, static_cast<std::ptrdiff_t>(random_.chance(60) ? tags.size() - 1 : random_.below(tags.size())));
  const std::string tag = at->first;
  images_.remove(repository, tag);
  tell(fmt::format("{}:{} is deleted", repository, tag));
}

void Schedule::move_tag() {
  const std::string repository = pick(std::array<const char*, 3>{"channel", "lib", "plain"});
  const auto& tags = images_.repositories()[repository].tags;
  if (tags.size() < 2) return;
  const auto any = [&] {
    auto at = tags.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(random_.below(tags.size())));
    return at->first;
  };
  const std::string tag = any();
  const std::string as = any();
  images_.retag(repository, tag, as);
  tell(fmt::format("{}:{} now is what {} is", repository, tag, as));
}

void Schedule::registry_weather() {
  const std::size_t which = random_.below(kWeathers.size());
  images_.weather = kWeathers.at(which);
  tell(fmt::format("weather {} over the registry", which));
}

void Schedule::clear_registry() {
  images_.weather = RegistryWeather::fine;
  tell("the registry answers");
}

void Schedule::change_rule() {
  Declared next = fleets_.newest();
  const std::string service = pick(std::array<const char*, 3>{"channel", "lib", "tool"});
  Declared::Service& declared = next.services[service];
  declared.image.clear();
  if (service == "lib") declared.rule = pick(kRanges);
  if (service == "tool") declared.rule = pick(kTemplates);
  if (service == "channel") declared.rule = pick(kChannels);
  const auto& tags = images_.repositories()[service].tags;
  if (service == "lib" && random_.chance(20) && !tags.empty()) {
    declared.rule.clear();
    auto at = tags.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(random_.below(tags.size())));
    declared.image = at->first;
  }
  fleets_.commit(next);
  tell(fmt::format("the fleet chooses the image of {} by `{}`{}", service, declared.rule, declared.image));
}

void Schedule::toggle_registry() {
  Declared next = fleets_.newest();
  next.registry = !next.registry;
  fleets_.commit(next);
  tell(fmt::format("the fleet {} the registry", next.registry ? "declares" : "no longer declares"));
}

void Schedule::hand_in() {
  const std::string service = random_.chance(70) ? "ci" : pick(std::array<const char*, 4>{"lib", "plain", "shop", "tool"});
  std::string tag = fmt::format("b{}", ++counter_);
  if (service == "ci" && random_.chance(85)) (void)images_.push("ci", tag);
  const auto& tags = images_.repositories()[service].tags;
  if (!tags.empty() && (service != "ci" || random_.chance(15))) {
    auto at = tags.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(random_.below(tags.size())));
    tag = at->first;
  }
  std::string commit;
  const Refs& refs = network_.server(places().at("ci").url).repository->all_refs();
  if (const auto head = refs.find("refs/heads/main"); service == "ci" && head != refs.end() && random_.chance(80)) {
    git::Oid at = head->second;
    for (std::uint64_t back = random_.below(3); back > 0; --back) {
      const git::Commit& known = *network_.pool()->commit(at);
      if (!known.parents.empty()) at = known.parents.front();
    }
    commit = at.text();
  }
  oracle_.handed_in(service, tag);
  if (random_.chance(20)) first_.steps().crash_at(1 + random_.below(10), random_.chance(50));
  const bool alive = first_.pass(0, {{service, "main", fmt::format("{}/{}:{}", kRegistryHost, service, tag), commit}});
  first_.steps().never_crash();
  oracle_.look();
  tell(fmt::format("CI hands in {}:{} of {}{}", service, tag, commit.substr(0, 10), alive ? "" : " (and it dies)"));
}

void Schedule::rollback_image() {
  deliver::RollbackRequest request;
  request.environment = any_environment();
  request.services = {pick(kImageServices)};
  request.input = "image.main";
  request.hold = random_.chance(30);
  ask(fmt::format("rolls the image of {} back in {}", request.services.front(), request.environment),
      [&](deliver::Deliverer& deliverer, const model::Fleet& fleet, const deliver::FleetRevision& revision) {
        (void)deliver::rollback(deliverer, deliverer.records(fleet), &fleet, revision, request, {"Jane", "jane@example"}, {});
      });
}

void Schedule::heal_images() {
  images_.weather = RegistryWeather::fine;
  images_.listed = nullptr;
  images_.builds_always_end = true;
  pushed_at_last_ = random_.chance(60);
  if (!pushed_at_last_) return;
  for (const char* minor : {"1.4", "1.5", "2.0"}) (void)images_.push("lib", fmt::format("{}.{}", minor, ++counter_));
  for (const char* name : {"main", "rel"}) (void)images_.push("tool", fmt::format("{}-{}", name, ++counter_));
  for (const char* tag : kChannels) (void)images_.push("channel", tag);
  for (int i = 0; i < 4; ++i) (void)images_.push("plain", fmt::format("1.{}", i));
  tell("newer images are pushed everywhere");
}

std::string Schedule::tag_selected(const std::string& service, const std::string& rule) const {
  std::string out;
  const ImageServer::Repository* repository = images_.find(service);
  if (repository == nullptr) return out;
  for (const auto& [tag, digest] : repository->tags) {
    if (takes(rule, tag) && (out.empty() || is_lower(out, tag))) out = tag;
  }
  return out;
}

void Schedule::judge_image_at_rest(const deliver::Outcome& outcome) {
  const Declared::Service& declared = fleets_.newest().services.at(outcome.service);
  const std::string where = outcome.service + "@" + outcome.environment;
  const bool quiet = outcome.verdict == deliver::Verdict::unchanged && outcome.obstacles.empty();
  if (pushed_at_last_ && outcome.service != "ci" && declared.image.empty()) {
    for (const deliver::Obstacle& obstacle : outcome.obstacles) {
      using deliver::Why;
      static const std::set<Why> kOver = {Why::list_shrank,          Why::image_missing, Why::building,
                                          Why::registry_unreachable, Why::build_failed,  Why::image_refused};
      if (obstacle.input == "image.main" && kOver.contains(obstacle.why))
        result_.violations.push_back(fmt::format("P13 {}: everything is healthy, and it says: {}", where, obstacle.text));
    }
  }
  if (!quiet) return;
  const auto recorded = oracle_.recorded_image(outcome.environment, outcome.service);
  if (!recorded) {
    result_.violations.push_back(fmt::format("P13 {}: no image is recorded, and nothing is said to keep it", where));
    return;
  }
  if (!declared.rule.empty()) {
    const std::string tag = tag_selected(outcome.service, declared.rule);
    const auto* repository = images_.find(outcome.service);
    const auto now = repository->tags.find(tag);
    // A tag that is a version is looked at once; one that moves, each time. An image is the same under any tag.
    const bool moves = declared.rule.find_first_of("0123456789{") == std::string::npos;
    const bool same = now != repository->tags.end() && now->second == recorded->digest;
    if (same || (!moves && !tag.empty() && recorded->tag == tag)) return;
    // The tag may have moved on since the digest that it had was found to be no news.
    if (!moves && images_.had(outcome.service, tag, recorded->digest)) return;
    result_.violations.push_back(
        fmt::format("P13 {}: `{}` chooses {}, {} is recorded, and nothing is said to keep it", where, declared.rule, tag, recorded->tag));
  } else if (!declared.image.empty()) {
    if (recorded->tag != declared.image && !images_.had(outcome.service, declared.image, recorded->digest))
      result_.violations.push_back(fmt::format("P13 {}: the fleet names {}, and {} is recorded", where, declared.image, recorded->tag));
  }
}

void Schedule::judge_images_at_rest(const deliver::Report& report) {
  for (const deliver::EnvironmentOutcome& environment : report.environments) {
    if (environment.environment == "production" || environment.obstacle) continue;
    for (const deliver::Outcome& outcome : environment.instances) {
      const bool declared = fleets_.newest().services.at(outcome.service).declared;
      if (declared && (has_image(outcome.service) || outcome.service == "plain")) judge_image_at_rest(outcome);
    }
  }
}

}  // namespace muster::sim

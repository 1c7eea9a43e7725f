// Weigh: which inputs of an instance moved, by the ledger; and what holds it before anything is proposed.
#include <fmt/core.h>

#include <algorithm>

#include "deliver/items.hpp"

namespace muster::deliver {
namespace {

using record::InputValue;

const model::ImageInput* image_of(const model::Instance& instance, std::string_view input) {
  const auto found = std::find_if(instance.images.begin(), instance.images.end(),
                                  [&](const auto& image) { return input == std::string(record::kImagePrefix) + image.name; });
  return found == instance.images.end() ? nullptr : &*found;
}

Result<Judged> judge(Pass& pass, const Item& item, const std::string& input, const InputValue& observed) {
  if (item.accepts_all) return Judged{Judged::Verdict::moved, {}};
  const Base base = base_of(item.ledger, input);
  const FleetOrder order = pass.fleet_order();
  if (const auto* source = std::get_if<record::SourceValue>(&observed)) {
    return judge_source(base, *source, descends_in(pass, source->repository), order);
  }
  if (const auto* image = std::get_if<record::ImageValue>(&observed)) {
    const model::ImageInput* declared = image_of(*item.instance, input);
    const model::ImagePolicy* policy = declared != nullptr && declared->policy ? &*declared->policy : nullptr;
    const std::string key = item.instance->source ? git::url_key(item.instance->source->repository.url) : std::string();
    return judge_image(input, base, *image, policy, descends_in(pass, key), order);
  }
  if (const auto* declaration = std::get_if<record::DeclarationValue>(&observed)) return judge_declaration(base, *declaration, order);
  // `from`: find_candidates offers only what is later.
  return Judged{Judged::Verdict::moved, {}};
}

record::Cause cause_of(const std::string& input, const InputValue& value) {
  const auto* image = std::get_if<record::ImageValue>(&value);
  if (input == record::kSource || (image != nullptr && image->rule == record::kBuildRule)) return record::Cause::push;
  if (input == record::kDeclaration) return record::Cause::fleet;
  if (input == record::kFrom) return record::Cause::promotion;
  return record::Cause::image;
}

MovedInput moved_input(const Item& item, const std::string& input, const InputValue& value) {
  if (input == record::kFrom) return follow(item, item.candidates.front());
  return {value, cause_of(input, value), {}};
}

/// Source and image of a build move in one record: where one of them may not, the other stays, too.
void keep_build_whole(Item& item) {
  if (!item.instance->build) return;
  const std::string image = std::string(record::kImagePrefix) + item.instance->build->image;
  const bool held = std::any_of(item.obstacles.begin(), item.obstacles.end(), [&](const Obstacle& obstacle) {
    return obstacle.why != Why::image_refused && (obstacle.input == record::kSource || obstacle.input == image);
  });
  if (!held) return;
  item.moved.erase(std::string(record::kSource));
  item.moved.erase(image);
}

/// Fills item.moved by the ledger; what is unknown or held goes to the obstacles. False where something is unknown.
Result<bool> weigh_inputs(Pass& pass, Item& item) {
  bool all_known = true;
  for (const auto& [input, observation] : item.observed) {
    if (observation.seen && (!item.evidence || *observation.seen < *item.evidence)) item.evidence = observation.seen;
    if (observation.obstacle.why != Why::none) item.obstacles.push_back(observation.obstacle);
    if (!observation.value) {
      all_known = all_known && input == record::kFrom && observation.obstacle.why == Why::none;
      continue;
    }
    auto judged = judge(pass, item, input, *observation.value);
    if (!judged.ok()) {
      item.obstacles.push_back({Why::source_unreachable, input, judged.failure().text, "run again", std::nullopt, std::nullopt});
      all_known = false;
    } else if (judged->verdict == Judged::Verdict::moved) {
      item.moved.emplace(input, moved_input(item, input, *observation.value));
    } else if (judged->verdict == Judged::Verdict::held) {
      item.obstacles.push_back(std::move(judged->obstacle));
      item.partial = true;
      all_known = false;
    }
  }
  keep_build_whole(item);
  return all_known;
}

/// Everything that was observed, whether it moved or not.
void move_everything(Item& item) {
  for (const auto& [input, observation] : item.observed) {
    if (observation.value) item.moved.emplace(input, moved_input(item, input, *observation.value));
  }
}

bool brings_back(const MovedInputs& moved) {
  return std::any_of(moved.begin(), moved.end(), [](const auto& entry) {
    return entry.first == record::kSource || entry.first == record::kFrom || entry.first.starts_with(record::kImagePrefix);
  });
}

/// Not on the branch: a new start, a return as a whole, or taken off by somebody.
void weigh_absent(Item& item, bool all_known) {
  const bool fresh = item.ledger == nullptr || item.ledger->never_recorded() || item.ledger->removed();
  if (fresh || item.resumed || brings_back(item.moved)) {
    item.start = true;
    move_everything(item);
    if (!all_known) {
      item.moved.clear();
      item.partial = true;
    }
    return;
  }
  if (item.moved.empty()) return;
  item.moved.clear();
  item.hold(Why::taken_off, "", fmt::format("{} was taken off the branch by {}", item.service, item.ledger->since.short_text()),
            "revert that commit, push something newer, or `muster resume`");
  item.obstacles.back().since = item.ledger->since_at;
}

/// A person's resume proposes all that is observed and does not stand.
void weigh_resumed(Item& item, bool edited) {
  for (const auto& [input, observation] : item.observed) {
    const bool held =
        std::any_of(item.obstacles.begin(), item.obstacles.end(), [&, name = input](const Obstacle& o) { return o.input == name; });
    if (!observation.value || held) continue;
    bool stands = false;
    if (item.descriptor && item.descriptor->release) {
      const auto& inputs = item.descriptor->release->inputs;
      const auto standing = inputs.find(input);
      stands = standing != inputs.end() && record::same_content(standing->second.value, *observation.value);
    }
    if (edited || !stands) {
      item.moved.emplace(input, moved_input(item, input, *observation.value));
      continue;
    }
    // It stands, and automation put it there: recording it once more would move neither an object nor the ledger.
    const record::LedgerInput* recorded = item.ledger == nullptr ? nullptr : item.ledger->input(input);
    if (recorded != nullptr && record::same_content(recorded->value, *observation.value)) item.moved.erase(input);
  }
  keep_build_whole(item);
}

/// Bundles that hold something that was taken back here are not followed.
Result<void> leave_taken_back(Pass& pass, Item& item) {
  const auto moved = item.moved.find(std::string(record::kFrom));
  if (moved == item.moved.end() || item.start || pass.run.manual) return {};
  std::vector<Candidate> rest;
  std::string first;
  for (auto& candidate : item.candidates) {
    MUSTER_TRY(const std::string names, taken_back_in(pass, item, candidate));
    if (names.empty()) {
      rest.push_back(std::move(candidate));
    } else if (first.empty()) {
      first = fmt::format("the bundle {} of {} holds {}, which was taken back here and was not put there again since",
                          candidate.record.short_text(), item.instance->follows, names);
    }
  }
  item.candidates = std::move(rest);
  if (!item.candidates.empty()) {
    moved->second = follow(item, item.candidates.front());
    return {};
  }
  item.moved.erase(moved);
  item.hold(Why::bundle_taken_back, std::string(record::kFrom), std::move(first),
            "put something newer upstream, `muster promote`, or `muster resume`");
  return {};
}

Result<void> weigh_standing(Pass& pass, Item& item) {
  if (item.moved.empty() && item.renamed_from.empty() && !item.resumed && !pass.run.request.rerender) return {};
  MUSTER_CHECK(load_descriptor(pass, item));
  MUSTER_TRY(const std::string edited, pass.standing->edited(item.descriptor->service));
  item.replaces_edit = item.resumed && !edited.empty();
  if (item.resumed) weigh_resumed(item, !edited.empty());
  if (!edited.empty() && !item.resumed) {
    item.moved.clear();
    item.hold(Why::edited, "", fmt::format("the descriptor was edited by hand: {}", edited),
              "take the edit back, or `muster resume` to replace it");
    item.obstacles.back().since = item.ledger == nullptr ? std::nullopt : std::optional(item.ledger->since_at);
    return {};
  }
  return leave_taken_back(pass, item);
}

Result<void> weigh_item(Pass& pass, Item& item) {
  if (const record::Hold* hold = find_hold(pass, item); hold != nullptr && !item.accepts_all) {
    item.hold(obstacle_of(*hold, item.service, pass.environment.name));
    return {};
  }
  if (!item.declared()) return {};
  if (item.poisoned != nullptr) {
    item.hold(Why::poisoned, "", fmt::format("its declaration has an error: {}", item.poisoned->reason),
              "mend the fleet file; `muster check` shows the place");
    return {};
  }
  if (!item.renamed_from.empty() && !pass.run.fleet.whole) {
    item.hold(Why::removal_held, "",
              fmt::format("it was renamed from `{}`, and while the fleet has errors nothing counts as renamed", item.renamed_from),
              "mend the fleet; `muster check` lists the errors");
    return {};
  }
  if (!item.obstacles.empty()) return {};  // Its name is claimed by another.
  if (pass.run.manual) return weigh_manual(pass, item);
  const bool absent = !item.stands;
  item.start = absent && (item.ledger == nullptr || item.ledger->never_recorded() || item.ledger->removed() || item.resumed);
  observe(pass, item);
  if (!item.instance->follows.empty()) MUSTER_CHECK(find_candidates(pass, item));
  MUSTER_TRY(const bool all_known, weigh_inputs(pass, item));
  if (absent) {
    weigh_absent(item, all_known);
    return {};
  }
  return weigh_standing(pass, item);
}

}  // namespace

Result<void> weigh_items(Pass& pass) {
  for (Item& item : pass.items) {
    if (item.selected) MUSTER_CHECK(weigh_item(pass, item));
  }
  return {};
}

}  // namespace muster::deliver

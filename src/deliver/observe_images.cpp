// Observe images: written in the fleet, watched in a registry, built by muster, or handed in by CI. Decided twice by the same
// function: once to know which digests to ask for, all together, and once with the answers.
#include <fmt/core.h>

#include <algorithm>

#include "deliver/pass.hpp"

namespace muster::deliver {
namespace {

using record::ImageValue;

constexpr std::string_view kGoesOn = "it goes on by itself when the registry answers";

/// An observation, or one that a digest makes whole.
struct Half {
  Observation observation;
  std::optional<model::ImageReference> pin;    ///< Its digest is missing; the value lacks it.
  std::optional<model::ImageReference> claim;  ///< Somebody wrote this digest down; the registry is asked whether it has it.
  std::string expected;                        ///< The digest that whoever hands it in says a tag has; empty: none was said.
};

Half whole(Observation observation) { return {std::move(observation), std::nullopt, std::nullopt, {}}; }

std::string input_of(const model::ImageInput& image) { return std::string(record::kImagePrefix) + image.name; }

const BuiltImage* handed_in(const Request& request, const std::string& service, const std::string& name) {
  const auto found =
      std::find_if(request.images.begin(), request.images.end(), [&](const auto& i) { return i.service == service && i.name == name; });
  return found == request.images.end() ? nullptr : &*found;
}

const ImageValue* recorded_image(const Item& item, const std::string& input) {
  const Base base = base_of(item.ledger, input);
  return base.value == nullptr ? nullptr : std::get_if<ImageValue>(base.value);
}

Half as_recorded(const Pass& pass, const ImageValue& recorded) {
  Observation out;
  out.value = recorded;
  out.seen = pass.now;
  return whole(std::move(out));
}

/// `value` with the digest of `reference`, which stands in it already or is asked for.
Half to_be_pinned(const Pass& pass, ImageValue value, const model::ImageReference& reference) {
  Half out;
  if (reference.digest.empty()) {
    out.pin = reference;
  } else {
    value.digest = reference.digest;
    out.claim = reference;
  }
  out.observation.value = std::move(value);
  out.observation.seen = pass.now;
  return out;
}

Obstacle refused(const std::string& input, std::string text, std::string lift) {
  return {Why::image_refused, input, std::move(text), std::move(lift), std::nullopt, std::nullopt};
}

// ---- written in the fleet files ----

Half observe_literal(const Pass& pass, const Item& item, const model::ImageInput& image, const BuiltImage* given) {
  const std::string input = input_of(image);
  const ImageValue* recorded = recorded_image(item, input);
  ImageValue value;
  value.reference = image.reference;
  value.literal = true;
  Half out;
  const auto reference = model::parse_image_reference(image.reference);
  if (recorded != nullptr && recorded->literal && names_same(*recorded, image.reference)) {
    out = as_recorded(pass, *recorded);
  } else if (reference.ok() && (!reference->digest.empty() || pass.run.answers.images->reaches(*reference))) {
    value.tag = reference->tag.empty() && reference->digest.empty() ? "latest" : reference->tag;
    out = to_be_pinned(pass, std::move(value), *reference);
    if (!pass.run.answers.images->reaches(*reference)) out.claim.reset();
  } else {
    out.observation.value = std::move(value);  // Where the fleet does not say how to reach the registry, it is text.
    out.observation.seen = pass.now;
  }
  if (given != nullptr && given->reference != image.reference) {
    out.observation.obstacle =
        refused(input, fmt::format("the fleet names the image `{}`, so `{}` is refused", image.reference, given->reference),
                "change the fleet file, or leave the image to CI there");
  }
  return out;
}

// ---- watched in a registry ----

/// A tag that CI hands in for a watched image: accepted by its rule, or refused and why.
Result<std::string> accepted_tag(const model::ImagePolicy& policy, const BuiltImage& given) {
  MUSTER_TRY(const auto reference, model::parse_image_reference(given.reference));
  if (reference.where() != policy.repository.where())
    return stalled(Reason::invalid, fmt::format("the fleet watches {}, so `{}` is refused", policy.repository.where(), given.reference));
  if (reference.tag.empty() && !reference.digest.empty()) {
    if (!policy.tag.empty()) return policy.tag;
    return stalled(Reason::invalid,
                   fmt::format("`{}` is refused: `{}` chooses by tag, so name it with its tag", given.reference, policy.rule()));
  }
  const std::string tag = reference.tag.empty() ? "latest" : reference.tag;
  if (!policy.tag.empty() && policy.tag != tag)
    return stalled(Reason::invalid, fmt::format("the fleet follows the tag `{}`, so `{}` is refused", policy.tag, given.reference));
  if (policy.tag.empty()) {
    if (const auto why = policy.refusal(tag)) return stalled(Reason::invalid, fmt::format("`{}` is refused: {}", given.reference, *why));
  }
  return tag;
}

Observation none_chosen(const std::string& input, const model::ImagePolicy& policy, const registry::Choice& choice, bool recorded) {
  const std::string where = policy.repository.where();
  std::string text;
  if (choice.refused.empty()) {
    text = fmt::format("{} lists no tag at all", where);
  } else {
    text = fmt::format("no tag of {} is chosen by `{}`: {}{}", where, policy.rule(), choice.refused.back().why,
                       choice.refused.size() > 1 ? fmt::format(", and {} more", choice.refused.size() - 1) : std::string());
  }
  if (recorded) return unknown(Why::list_shrank, input, text + "; what was recorded stays", "push the tag again, or change the rule");
  return unknown(Why::image_missing, input, std::move(text), "push an image that the rule chooses, or change the rule");
}

Half observe_watched(const Pass& pass, const Item& item, const model::ImageInput& image, const BuiltImage* given) {
  const model::ImagePolicy& policy = *image.policy;
  const std::string input = input_of(image);
  const ImageValue* recorded = recorded_image(item, input);
  Obstacle refusal;
  std::string tag = policy.tag;
  std::string commit;
  std::string expected;
  if (tag.empty()) {
    const auto choice = pass.run.answers.images->choose(policy);
    if (!choice.ok() && choice.failure().reason == Reason::absent && recorded == nullptr)
      return whole(unknown(Why::image_missing, input, fmt::format("there is no {} yet", policy.repository.where()),
                           "push an image that the rule chooses"));
    if (!choice.ok()) return whole(no_answer(input, choice.failure()));
    tag = choice->tag;
    if (tag.empty() && given == nullptr) return whole(none_chosen(input, policy, *choice, recorded != nullptr));
  }
  if (given != nullptr) {
    const auto accepted = accepted_tag(policy, *given);
    if (!accepted.ok()) {
      refusal = refused(input, accepted.failure().text, "push a tag that the rule chooses, or change the rule");
    } else if (tag.empty() || policy.tag == *accepted || policy.order(*accepted, tag) >= 0) {
      tag = *accepted;
      commit = given->commit;
      expected = model::parse_image_reference(given->reference)->digest;
    } else {
      refusal = refused(input, fmt::format("`{}` is not taken: `{}` chooses {}", given->reference, policy.rule(), tag),
                        "nothing; what is newer stays");
    }
  }
  Half out;
  if (tag.empty()) {
    out.observation.obstacle = std::move(refusal);
    return out;
  }
  const bool unmoved = recorded != nullptr && policy.tag.empty() && recorded->tag == tag && recorded->rule == policy.rule() &&
                       !recorded->digest.empty() && is_of(*recorded, policy.repository);
  if (unmoved) {
    out = as_recorded(pass, *recorded);
  } else {
    model::ImageReference reference = policy.repository;
    reference.tag = tag;
    ImageValue value;
    value.reference = policy.repository.where();
    value.tag = tag;
    value.rule = policy.rule();
    value.commit = commit;
    out = to_be_pinned(pass, std::move(value), reference);
  }
  out.observation.obstacle = std::move(refusal);
  out.expected = std::move(expected);
  return out;
}

// ---- built by muster ----

Observation from_progress(const Pass& pass, const std::string& input, const pipeline::Progress& progress, ImageValue value) {
  using State = pipeline::Progress::State;
  const std::string log = progress.log.empty() ? std::string() : fmt::format(" (log: {})", progress.log.string());
  switch (progress.state) {
    case State::done: {
      Observation out;
      value.reference = progress.reference;
      value.digest = progress.digest;
      out.value = std::move(value);
      out.seen = pass.now;
      return out;
    }
    case State::failed: {
      std::string text = (progress.log.empty() ? "its image was not built: " : "the build failed: ") +
                         (progress.failure ? progress.failure->text : std::string("no reason is known")) + log;
      for (const std::string& line : progress.last_lines) text += "\n    " + line;
      return unknown(Why::build_failed, input, std::move(text),
                     progress.again_at ? "it is tried again by itself"
                                       : "push a commit that builds, change its `build` in the fleet file, or `muster build` to try again");
    }
    case State::running: return unknown(Why::building, input, "its image is being built" + log, "it goes on when the build ends");
    case State::waiting: break;
  }
  return unknown(Why::building, input, "its image waits to be built", "it goes on by itself");
}

Half observe_build(Pass& pass, Item& item, const model::ImageInput& image) {
  const std::string input = input_of(image);
  const model::Build& build = *item.instance->build;
  const auto seen = item.observed.find(std::string(record::kSource));
  const auto* source =
      seen == item.observed.end() || !seen->second.value ? nullptr : std::get_if<record::SourceValue>(&*seen->second.value);
  if (source == nullptr) return {};  // The source says why it is unknown.
  ImageValue value;
  value.reference = build.push.where();
  value.rule = record::kBuildRule;
  value.tag = pipeline::content_tag(build, source->tree);
  value.commit = source->commit.text();
  const ImageValue* recorded = recorded_image(item, input);
  if (recorded != nullptr && recorded->rule == record::kBuildRule && recorded->tag == value.tag && is_of(*recorded, build.push)) {
    return as_recorded(pass, *recorded);
  }
  pipeline::Builds* builds = pass.run.request.builds;
  if (builds == nullptr || pass.run.request.dry) {
    model::ImageReference reference = build.push;
    reference.tag = value.tag;
    return to_be_pinned(pass, std::move(value), reference);
  }
  const auto head = pass.run.answers.heads.find({source->repository, source->branch});
  if (head == pass.run.answers.heads.end() || !head->second.ok()) return {};
  auto tree = source::Tree::open(head->second->repository, source->commit, source->path, item.instance->source->repository.url);
  if (!tree.ok()) return whole(unknown(Why::source_failed, input, tree.failure().text, "mend the repository"));
  pipeline::Order order;
  order.service = item.service;
  order.build = build;
  order.access = registry::access_of(pass.run.fleet.registries, build.push);
  order.tree = *tree;
  order.environment = pass.environment.name;
  const pipeline::Progress progress = builds->ask(order, pass.run.stop);
  return whole(from_progress(pass, input, progress, std::move(value)));
}

// ---- handed in by CI ----

Half observe_handed_in(const Pass& pass, const Item& item, const model::ImageInput& image, const BuiltImage* given) {
  const std::string input = input_of(image);
  if (given != nullptr) {
    const auto reference = model::parse_image_reference(given->reference);
    Half out;
    if (!reference.ok()) {
      out.observation.obstacle = refused(input, reference.failure().text, "give the reference that was pushed");
      return out;
    }
    ImageValue value;
    value.reference = reference->digest.empty() ? given->reference : pinned(given->reference, reference->digest);
    value.commit = given->commit;
    if (!pass.run.answers.images->asks()) return as_recorded(pass, value);
    value.tag = reference->tag.empty() && reference->digest.empty() ? "latest" : reference->tag;
    return to_be_pinned(pass, std::move(value), *reference);
  }
  // CI is the only source, and says nothing new.
  if (const ImageValue* recorded = recorded_image(item, input)) return as_recorded(pass, *recorded);
  return whole(unknown(Why::image_missing, input, fmt::format("no image `{}` was delivered yet", image.name),
                       fmt::format("`muster deliver {} --image {}=REFERENCE` after the build", item.service, image.name)));
}

bool is_built(const model::Instance& instance, const model::ImageInput& image) {
  return instance.build && instance.build->image == image.name;
}

Half observe_half(Pass& pass, Item& item, const model::ImageInput& image) {
  const BuiltImage* given = handed_in(pass.run.request, item.service, image.name);
  if (!image.reference.empty()) return observe_literal(pass, item, image, given);
  if (image.policy) return observe_watched(pass, item, image, given);
  if (!is_built(*item.instance, image)) return observe_handed_in(pass, item, image, given);
  Half out = observe_build(pass, item, image);
  if (given != nullptr) {
    out.observation.obstacle =
        refused(input_of(image), fmt::format("muster builds this image itself, so `{}` is refused", given->reference),
                "take `build` out of the fleet file, or leave the image to it");
  }
  return out;
}

/// Does the pass look at this image at all?
bool is_weighed(const Pass& pass, const Item& item) {
  return item.selected && item.instance != nullptr && item.instance->follows.empty() && !pass.run.manual &&
         !pass.holds.contains(item.service);
}

/// No digest for a tag: of a build, nothing was built yet.
Observation not_pinned(const Pass& pass, const Item& item, const model::ImageInput& image, const ImageValue& value,
                       const Failure& failure) {
  const std::string input = input_of(image);
  if (failure.reason != Reason::absent) return no_answer(input, failure);
  const Deliverer::State& state = pass.run.state;
  if (is_built(*item.instance, image)) {
    const model::Build& build = *item.instance->build;
    const std::string inputs = pipeline::inputs_digest(build, registry::access_of(pass.run.fleet.registries, build.push));
    if (const auto failed = pipeline::failed_here(state.world.files, state.settings.state, item.service, value.tag, inputs))
      return from_progress(pass, input, *failed, value);
    return unknown(Why::building, input, fmt::format("its image at {} is not built yet", value.commit.substr(0, 10)),
                   fmt::format("`muster deliver {}` builds it", item.service));
  }
  const auto named = model::parse_image_reference(value.reference);
  const std::string gone = fmt::format("{} has no tag `{}`", named.ok() ? named->where() : value.reference, value.tag);
  if (recorded_image(item, input) != nullptr && image.policy)
    return unknown(Why::list_shrank, input, gone + "; what was recorded stays", "push the tag again, or change the rule");
  return unknown(Why::image_missing, input, gone, "push it, or name another one");
}

/// The image by its digest; nullopt where it is recorded already, so that nothing needs to be asked.
std::optional<model::ImageReference> news(const Item& item, const model::ImageInput& image, model::ImageReference reference,
                                          const std::string& digest) {
  const ImageValue* recorded = recorded_image(item, input_of(image));
  if (digest.empty() || (recorded != nullptr && recorded->digest == digest)) return std::nullopt;
  reference.tag.clear();
  reference.digest = digest;
  return reference;
}

/// What a registry says of a tag counts only when the image is there under that digest: one that confuses two repositories,
/// for a moment, would be recorded for good. nullopt: it is there.
std::optional<Observation> confirm(Pass& pass, const std::string& input, const model::ImageReference& reference, const std::string& tag) {
  Images& images = *pass.run.answers.images;
  if (images.digest(reference) == nullptr) images.pin({reference}, pass.run.stop);
  const Result<std::string>& there = *images.digest(reference);
  if (there.ok()) return std::nullopt;
  if (there.failure().reason != Reason::absent) return no_answer(input, there.failure());
  if (tag.empty())
    return unknown(Why::image_missing, input, fmt::format("{} has no image {}", reference.where(), reference.digest),
                   "push it, or name another one");
  return unknown(Why::registry_unreachable, input,
                 fmt::format("the registry says that `{}` of {} is {}, and has no such image", tag, reference.where(), reference.digest),
                 std::string(kGoesOn));
}

}  // namespace

Observation no_answer(const std::string& input, const Failure& failure) {
  if (failure.reason == Reason::cancelled) return unknown(Why::cancelled, input, failure.text, "run again");
  if (failure.reason == Reason::denied)
    return unknown(Why::registry_unreachable, input, failure.text,
                   "give the registry's `auth` in the fleet file credentials that may read");
  return unknown(Why::registry_unreachable, input, failure.text,
                 std::string(failure.kind == FailureKind::stalled ? "mend what the message names" : kGoesOn));
}

Result<void> pin_images(Pass& pass) {
  std::set<model::ImageReference> wanted;
  for (Item& item : pass.items) {
    if (!is_weighed(pass, item)) continue;
    for (const model::ImageInput& image : item.instance->images) {
      if (is_built(*item.instance, image)) continue;  // Known only after its source is.
      if (auto half = observe_half(pass, item, image); half.pin) wanted.insert(std::move(*half.pin));
    }
  }
  Images& images = *pass.run.answers.images;
  images.pin(wanted, pass.run.stop);
  std::set<model::ImageReference> moved;
  for (Item& item : pass.items) {
    if (!is_weighed(pass, item)) continue;
    for (const model::ImageInput& image : item.instance->images) {
      if (is_built(*item.instance, image)) continue;
      const auto half = observe_half(pass, item, image);
      const auto* digest = half.pin ? images.digest(*half.pin) : nullptr;
      if (digest == nullptr || !digest->ok()) continue;
      if (auto reference = news(item, image, *half.pin, **digest)) moved.insert(std::move(*reference));
    }
  }
  images.pin(moved, pass.run.stop);
  return {};
}

namespace {

/// The image's digest, asked for where it is missing.
Observation with_digest(Pass& pass, Item& item, const model::ImageInput& image) {
  Half half = observe_half(pass, item, image);
  if (!half.observation.value) return std::move(half.observation);
  auto& value = std::get<ImageValue>(*half.observation.value);
  if (half.pin) {
    Images& images = *pass.run.answers.images;
    if (images.digest(*half.pin) == nullptr) images.pin({*half.pin}, pass.run.stop);
    const Result<std::string>& digest = *images.digest(*half.pin);
    if (!digest.ok()) return not_pinned(pass, item, image, value, digest.failure());
    value.digest = *digest;
  }
  const std::string input = input_of(image);
  if (!half.expected.empty() && half.expected != value.digest) {
    half.observation = unknown(Why::image_refused, input,
                               fmt::format("the tag `{}` of {} is {}, not {}", value.tag, value.reference, value.digest, half.expected),
                               "push it again, or deliver what the registry has");
    return std::move(half.observation);
  }
  const bool is_build = is_built(*item.instance, image);
  const auto& named = half.pin ? half.pin : half.claim;
  if (named || is_build) {
    const auto reference = news(item, image, is_build ? item.instance->build->push : *named, value.digest);
    auto not_there = reference ? confirm(pass, input, *reference, value.tag) : std::nullopt;
    if (not_there) return std::move(*not_there);
  }
  if (!value.digest.empty() && value.reference.find('@') == std::string::npos) value.reference = pinned(value.reference, value.digest);
  return std::move(half.observation);
}

}  // namespace

Observation observe_image(Pass& pass, Item& item, const model::ImageInput& image) {
  Observation seen = with_digest(pass, item, image);
  if (seen.obstacle.why == Why::registry_unreachable && handed_in(pass.run.request, item.service, image.name) != nullptr)
    seen.obstacle.lift = "deliver it again when the registry answers";
  return seen.value ? demand_signature(pass, item, image, std::move(seen)) : std::move(seen);
}

}  // namespace muster::deliver

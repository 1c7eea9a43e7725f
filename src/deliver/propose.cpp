// Propose: the release that stands, with the moved inputs replaced, and the objects that it makes.
#include <fmt/core.h>

#include <algorithm>

#include "deliver/environment.hpp"
#include "deliver/pass.hpp"
#include "muster/manifest/order.hpp"
#include "muster/render/render.hpp"
#include "muster/source/tree.hpp"

namespace muster::deliver {
namespace {

using record::DeclarationValue;
using record::ImageValue;
using record::SourceValue;

/// A proposal that cannot be made: why, as an obstacle of the instance.
struct Refusal {
  Obstacle obstacle;
};

Obstacle obstacle_of(Why why, std::string text, std::string lift) {
  return {why, "", std::move(text), std::move(lift), std::nullopt, std::nullopt};
}

bool carried(std::string_view input) { return input == record::kSource || input.starts_with(record::kImagePrefix); }

/// Is this input one that the instance, as it is declared now, is made from?
bool is_input_of(const model::Instance& instance, std::string_view input) {
  if (input == record::kDeclaration) return true;
  if (!instance.follows.empty()) return input == record::kFrom || carried(input);
  if (input == record::kSource) return instance.source.has_value();
  if (!input.starts_with(record::kImagePrefix)) return false;
  const std::string_view name = input.substr(record::kImagePrefix.size());
  return std::any_of(instance.images.begin(), instance.images.end(), [&](const auto& image) { return image.name == name; });
}

std::map<std::string, record::StandingInput> combine(const Item& item, const MovedInputs& moved) {
  std::map<std::string, record::StandingInput> inputs;
  if (item.descriptor && item.descriptor->release && !item.start) inputs = item.descriptor->release->inputs;
  for (const auto& [name, input] : moved) {
    if (name == record::kFrom) {
      std::erase_if(inputs, [](const auto& entry) { return carried(entry.first); });
      for (const auto& [part, value] : input.bundle) inputs.insert_or_assign(part, record::StandingInput{value, input.cause});
    }
    inputs.insert_or_assign(name, record::StandingInput{input.value, input.cause});
  }
  std::erase_if(inputs, [&](const auto& entry) { return !is_input_of(*item.instance, entry.first); });
  return inputs;
}

template <typename T>
const T* value_of(const std::map<std::string, record::StandingInput>& inputs, const std::string& name) {
  const auto found = inputs.find(name);
  return found == inputs.end() ? nullptr : std::get_if<T>(&found->second.value);
}

/// Do the objects come wholly from the source, so that the declaration only names it?
bool wholly_from_source(const model::Instance& instance) {
  return instance.renderer != model::Renderer::none && instance.objects.empty() && instance.patches.empty();
}

/// The instance as it was declared when its release was made, from an earlier revision of the fleet.
std::optional<model::Instance> past_instance(const Pass& pass, const Item& item, const Digest& digest) {
  const record::LedgerInput* entry = item.ledger == nullptr ? nullptr : item.ledger->input(record::kDeclaration);
  if (entry == nullptr || entry->made_by.revision.empty() || entry->made_by.revision.ends_with('+') || !pass.run.state.settings.past_fleet)
    return std::nullopt;
  const auto fleet = pass.run.state.settings.past_fleet(entry->made_by.revision);
  if (!fleet.ok() || *fleet == nullptr) return std::nullopt;
  for (const auto& name : {item.service, item.renamed_from}) {
    const model::Instance* instance = name.empty() ? nullptr : (*fleet)->instance(name, pass.environment.name);
    if (instance != nullptr && instance->declaration_digest == digest) return *instance;
  }
  return std::nullopt;
}

struct Renderable {
  std::optional<model::Instance> past;
  const model::Instance* instance = nullptr;
};

/// The declaration to render with: today's, or the one that stands. Taken back on the branch: nobody can make it again.
std::variant<Renderable, Refusal> find_declaration(const Pass& pass, const Item& item,
                                                   const std::map<std::string, record::StandingInput>& inputs) {
  const auto* declared = value_of<DeclarationValue>(inputs, std::string(record::kDeclaration));
  if (declared == nullptr) {
    return Refusal{
        obstacle_of(Why::edited, fmt::format("the release of {} names no declaration", item.service), "`muster resume` to replace it")};
  }
  if (declared->digest == item.instance->declaration_digest || wholly_from_source(*item.instance))
    return Renderable{std::nullopt, item.instance};
  const Base base = base_of(item.ledger, std::string(record::kDeclaration));
  const auto* recorded = base.value == nullptr ? nullptr : std::get_if<DeclarationValue>(base.value);
  if (recorded != nullptr && recorded->digest != declared->digest) {
    return Refusal{obstacle_of(Why::declaration_taken_back, fmt::format("the declaration of {} was taken back on the branch", item.service),
                               "change the declaration in the fleet files, or `muster resume` to take it as it is")};
  }
  if (auto past = past_instance(pass, item, declared->digest)) return Renderable{std::move(past), nullptr};
  return Refusal{
      obstacle_of(Why::past_declaration,
                  fmt::format("the declaration of {} that stands is not at hand, and the new one does not move yet", item.service),
                  "it goes on with the declaration")};
}

/// The tree of the release's source; null where it has none.
Result<std::shared_ptr<const source::Tree>> open_source(const Pass& pass, const Item& item,
                                                        const std::map<std::string, record::StandingInput>& inputs) {
  const auto* source = value_of<SourceValue>(inputs, std::string(record::kSource));
  if (source == nullptr) return std::shared_ptr<const source::Tree>{};
  const auto remote = pass.run.answers.remotes.find(source->repository);
  if (remote == pass.run.answers.remotes.end() && !item.instance->source) {
    return stalled(Reason::absent, fmt::format("the fleet names no repository {}", source->repository));
  }
  const git::Remote& reached =
      remote != pass.run.answers.remotes.end() ? remote->second : source::remote_of(item.instance->source->repository);
  MUSTER_TRY(const auto mirror, pass.run.state.remotes.mirror(reached));
  return source::Tree::open(mirror, source->commit, source->path, reached.url);
}

std::optional<std::string> missing_input(const model::Instance& instance, const std::map<std::string, record::StandingInput>& inputs) {
  if (!instance.follows.empty())
    return inputs.contains(std::string(record::kFrom)) ? std::nullopt : std::optional(std::string(record::kFrom));
  if (instance.source && !inputs.contains(std::string(record::kSource))) return std::string(record::kSource);
  for (const auto& image : instance.images) {
    const std::string name = std::string(record::kImagePrefix) + image.name;
    if (!inputs.contains(name)) return name;
  }
  return std::nullopt;
}

/// Two names that a disk without case would take for one.
std::optional<std::string> folded_twins(const std::vector<manifest::Object>& objects) {
  std::map<std::string, std::string> seen;
  for (const auto& object : objects) {
    const std::string path = object.id.descriptor_path();
    const auto [known, fresh] = seen.emplace(manifest::case_fold_key(path), object.id.text());
    if (!fresh) return fmt::format("{} and {} would be one file where case is folded", known->second, object.id.text());
  }
  return std::nullopt;
}

/// What a job runs, so that success can be remembered: its bundle, and the commands of its containers.
Digest job_run(const record::Inputs& values, const std::vector<manifest::Object>& objects) {
  Hasher hasher;
  hasher.add(record::bundle_of(values).digest().text());
  for (const auto& object : objects) {
    if (object.id.kind != "Job") continue;
    const Value* spec = object.content.find("spec");
    const Value* pod = spec == nullptr ? nullptr : spec->find("template");
    const Value* pod_spec = pod == nullptr ? nullptr : pod->find("spec");
    const Value* containers = pod_spec == nullptr ? nullptr : pod_spec->find("containers");
    if (containers == nullptr || containers->if_array() == nullptr) continue;
    for (const Value& container : *containers->if_array()) {
      for (const std::string_view key : {"command", "args"}) {
        const Value* part = container.find(key);
        hasher.add(part == nullptr ? std::string() : to_canonical_json(*part));
      }
    }
  }
  return hasher.finish();
}

record::Release make_release(const Pass& pass, const Item& item, const model::Instance& instance,
                             std::map<std::string, record::StandingInput> inputs, const std::vector<manifest::Object>& objects,
                             const std::string& renderer) {
  record::Release release;
  release.service = item.service;
  release.environment = pass.environment.name;
  release.inputs = std::move(inputs);
  const record::Inputs values = release.values();
  release.release = record::release_digest(values);
  release.objects = manifest::digest(objects);
  release.fleet = pass.run.fleet.name;
  release.made_by = fleet_stamp(pass.run);
  release.kinds = instance.kinds;
  release.renderer = renderer;
  release.namespace_name = instance.namespace_name;
  for (const auto& need : instance.needs) release.needs.push_back({need.service, need.environment});
  release.together = instance.together;
  release.renamed_from = instance.renamed_from;
  if (instance.job) release.job = record::ReleaseJob{instance.job->always, job_run(values, objects)};
  for (const auto& object : objects) release.identities.push_back(object.id);
  return release;
}

Result<std::shared_ptr<const render::Rendered>> render_release(const Pass& pass, const model::Instance& instance, const source::Tree* tree,
                                                               const std::map<std::string, record::StandingInput>& inputs) {
  const Settings& settings = pass.run.state.settings;
  render::Request request{instance, tree, {}, settings.jobs};
  for (const auto& [name, input] : inputs) {
    if (const auto* image = std::get_if<ImageValue>(&input.value))
      request.images.emplace(name.substr(record::kImagePrefix.size()), image->reference);
  }
  if (settings.cache != nullptr) return render::render(request, *settings.cache);
  MUSTER_TRY(auto rendered, render::render(request));
  return std::make_shared<const render::Rendered>(std::move(rendered));
}

std::vector<Move> moves_of(const Item& item, const MovedInputs& moved) {
  std::vector<Move> moves;
  for (const auto& [name, input] : moved) {
    Move move{name, std::nullopt, input.value, input.cause};
    if (item.descriptor && item.descriptor->release) {
      const auto before = item.descriptor->release->inputs.find(name);
      if (before != item.descriptor->release->inputs.end()) move.before = before->second.value;
    }
    moves.push_back(std::move(move));
  }
  return moves;
}

/// Do the objects differ from those that stand? An edited descriptor is compared as it really is.
bool differ(Pass& pass, const Item& item, const Digest& objects) {
  if (!item.descriptor) return true;
  if (!item.resumed && item.descriptor->release) return item.descriptor->release->objects != objects;
  auto standing = pass.standing->objects(item.descriptor->service);
  return !standing.ok() || standing->digest != objects;
}

}  // namespace

std::optional<Proposal> propose(Pass& pass, Item& item, const MovedInputs& moved, std::vector<Obstacle>& obstacles) {
  const auto refuse = [&](Why why, std::string text, std::string lift) {
    obstacles.push_back(obstacle_of(why, std::move(text), std::move(lift)));
    return std::nullopt;
  };
  auto inputs = combine(item, moved);
  if (const auto missing = missing_input(*item.instance, inputs)) {
    return refuse(*missing == record::kFrom     ? Why::upstream_missing
                  : *missing == record::kSource ? Why::branch_missing
                                                : Why::image_missing,
                  fmt::format("{} has no value for `{}` yet", item.service, *missing), "it goes on when there is one");
  }
  auto declaration = find_declaration(pass, item, inputs);
  if (auto* refusal = std::get_if<Refusal>(&declaration)) {
    obstacles.push_back(std::move(refusal->obstacle));
    return std::nullopt;
  }
  const auto& renderable = std::get<Renderable>(declaration);
  const model::Instance& instance = renderable.past ? *renderable.past : *renderable.instance;
  const auto tree = open_source(pass, item, inputs);
  if (!tree.ok()) {
    const Why why = tree.failure().kind == FailureKind::retry ? Why::source_unreachable : Why::source_failed;
    return refuse(why, tree.failure().text, "it goes on when that commit can be read");
  }
  const auto rendered = render_release(pass, instance, tree->get(), inputs);
  if (!rendered.ok()) {
    const bool waits = rendered.failure().kind == FailureKind::wait;
    return refuse(waits ? Why::image_missing : Why::render_failed, rendered.failure().text,
                  waits ? "it goes on when there is one" : "mend what the message names");
  }
  Proposal proposal;
  proposal.service = item.service;
  proposal.environment = pass.environment.name;
  proposal.renamed_from = item.renamed_from;
  proposal.objects = (*rendered)->objects;
  std::sort(proposal.objects.begin(), proposal.objects.end(),
            [](const auto& a, const auto& b) { return manifest::applies_before(a.id, b.id); });
  if (const auto twins = folded_twins(proposal.objects)) return refuse(Why::render_failed, *twins, "rename one of them");
  if (item.descriptor) {
    proposal.standing = item.descriptor->release;
    proposal.standing_folder = item.descriptor->folder;
  }
  proposal.release = make_release(pass, item, instance, std::move(inputs), proposal.objects, (*rendered)->renderer_version);
  proposal.moves = moves_of(item, moved);
  proposal.objects_differ = differ(pass, item, proposal.release.objects);
  return proposal;
}

}  // namespace muster::deliver

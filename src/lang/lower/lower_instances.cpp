// Instances: evaluated and lowered side by side, a service at a time, what is read before what reads it.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "lang/check/check.hpp"
#include "lang/evaluate/objects.hpp"
#include "lang/evaluate/requires.hpp"
#include "lang/lower/declaration.hpp"
#include "lang/lower/fields.hpp"
#include "lang/lower/images.hpp"
#include "lang/lower/lower.hpp"
#include "lang/lower/repositories.hpp"
#include "lang/text_forms.hpp"
#include "muster/base/parallel.hpp"
#include "muster/base/text.hpp"

namespace muster::lang {
namespace {

constexpr std::size_t kChunk = 32;

/// Slots of the schema of services that lowering acts on.
struct ServiceSlots {
  explicit ServiceSlots(const Shape& shape)
      : repo(shape.find("repo")),
        path(shape.find("path")),
        branches(shape.find("branches")),
        namespace_name(shape.find("namespace")),
        image(shape.find("image")),
        images(shape.find("images")),
        build(shape.find("build")),
        together(shape.find("together")),
        labels(shape.find("labels")),
        annotations(shape.find("annotations")),
        gate(shape.find("gate")) {}

  SlotId repo, path, branches, namespace_name, image, images, build, together, labels, annotations, gate;
};

struct RendererKind {
  std::string_view kind;
  model::Renderer renderer;
};
constexpr RendererKind kRenderers[] = {
    {"std.manifests", model::Renderer::manifests}, {"std.kustomize", model::Renderer::kustomize}, {"std.helm", model::Renderer::helm}};

/// What the threads share while they work.
struct Shared {
  Program& program;
  const Ladders& ladders;
  const model::Fleet& fleet;
  const DeclarationPlans& plans;
  const ServiceSlots& slots;
  Outputs& outputs;
  std::vector<model::Instance>& instances;
  std::vector<const Cause*>& poisons;
  std::atomic<std::uint64_t> steps{0};
  std::atomic<std::uint64_t> bytes{0};
  std::atomic<bool> spent{false};
  std::atomic<std::uint32_t> spent_at{kAligned};  ///< The instance that took the last of a budget.
};

/// One thread's work on a run of services.
class Worker {
 public:
  Worker(Shared& shared, Arena& arena, diag::Diagnostics& out)
      : shared_(shared), program_(shared.program), out_(out), run_(shared.program, arena, &out) {
    run_.ladders = &shared.ladders;
    run_.outputs = &shared.outputs;
  }

  void service(std::uint32_t id) {
    for (std::uint32_t environment = 0; environment < program_.environment_count(); ++environment) {
      const std::uint32_t instance = program_.instance_number(id, environment);
      if (instance != kAligned) evaluate(id, environment, instance);
    }
  }

 private:
  void evaluate(std::uint32_t id, std::uint32_t environment, std::uint32_t instance);
  const Cause* evaluate_slots();
  void lower(model::Instance& made);
  void lower_source(model::Instance& made);
  void lower_follows(model::Instance& made);
  void check_from_upstream(std::string_view upstream);
  void lower_images(model::Instance& made, const std::vector<std::string>& used);
  void lower_image(model::Instance& made, std::string_view name, const Datum& image, diag::Span at);
  void lower_build(model::Instance& made);
  void lower_needs(model::Instance& made);
  void lower_renderer(model::Instance& made);
  void lower_declaration(model::Instance& made, const Emitted& emitted);
  bool spend();

  [[nodiscard]] bool is_set(SlotId slot) const { return frame_->own[number(slot)] != 0 || frame_->plans[number(slot)].count != 0; }
  [[nodiscard]] bool is_set_below(SlotId slot) const;
  Datum value(SlotId slot) { return run_.slot(*frame_, slot); }
  diag::Span place(SlotId slot);
  void report(const Mistake& mistake, diag::Span at);
  diag::Diagnostic& error(diag::Span at, std::string_view code, const std::string& message) {
    if (poison_ == nullptr) poison_ = Program::cause(run_.arena(), message, at);
    return out_.error(at, code, "{}", message);
  }

  Shared& shared_;
  Program& program_;
  diag::Diagnostics& out_;
  Evaluator run_;
  Frame* frame_ = nullptr;
  std::uint32_t instance_ = 0;
  const Cause* poison_ = nullptr;
  // Environments of one service have its repository in common.
  Datum last_repo_;
  model::Repository last_repository_;
};

bool Worker::spend() {
  const Options& options = program_.options;
  const std::uint64_t steps = shared_.steps += run_.steps();
  const std::uint64_t bytes = shared_.bytes += run_.bytes();
  if (steps <= options.step_budget && bytes <= options.byte_budget) return true;
  shared_.spent = true;
  std::uint32_t nobody = kAligned;
  shared_.spent_at.compare_exchange_strong(nobody, instance_);
  return false;
}

const Cause* Worker::evaluate_slots() {
  const Cause* first = program_.instance_poison[instance_];
  const Shape& shape = frame_->kind->shape;
  const auto count = static_cast<std::uint32_t>(shape.slots.size());
  for (std::uint32_t i = 0; i < count; ++i) {
    const Slot& slot = shape.slots[i];
    if (slot.role != SlotRole::param && slot.role != SlotRole::output) continue;
    if (slot.composite) continue;
    const Datum made = run_.slot(*frame_, SlotId{i});
    if (made.poisoned() && first == nullptr) first = &made.cause();
    if (slot.readable) shared_.outputs.publish(instance_, SlotId{i}, made);
  }
  return first;
}

void Worker::evaluate(std::uint32_t id, std::uint32_t environment, std::uint32_t instance) {
  const Entity& entity = program_.table(EntityWord::service).all[id];
  instance_ = instance;
  poison_ = nullptr;
  const bool hopeless = shared_.spent || entity.kind_unknown || program_.kind_of(entity).poison != nullptr ||
                        program_.table(EntityWord::environment).all[environment].values.empty();
  if (!hopeless) {
    frame_ = &run_.begin(entity, id, environment);
    poison_ = evaluate_slots();
    if (poison_ == nullptr) poison_ = check_requires(run_, *frame_, out_);
    if (poison_ == nullptr) lower(shared_.instances[instance]);
    spend();
  } else {
    poison_ = program_.instance_poison[instance];
    static const Cause kUnknown{"it could not be evaluated", {}};
    if (poison_ == nullptr) poison_ = &kUnknown;
  }
  shared_.poisons[instance] = poison_;
}

diag::Span Worker::place(SlotId slot) {
  std::vector<const Assignment*> winning;
  run_.winning_assignments(*frame_, slot, winning);
  if (winning.empty()) return frame_->entity->span;
  return winning.front()->value != nullptr ? winning.front()->value->span : winning.front()->span;
}

bool Worker::is_set_below(SlotId id) const {
  if (is_set(id)) return true;
  const Slot& slot = frame_->kind->shape[id];
  for (std::uint32_t i = 0; i < slot.children; ++i) {
    if (is_set_below(SlotId{slot.first_child + i})) return true;
  }
  return false;
}

void Worker::lower(model::Instance& made) {
  const Entity& entity = *frame_->entity;
  const ServiceSlots& slots = shared_.slots;
  made.id = model::InstanceId{instance_};
  made.service = model::ServiceId{frame_->id};
  made.environment = model::EnvironmentId{frame_->environment};
  made.name = entity.name;
  made.span = entity.span;
  for (const std::string_view old : entity.renamed_from) made.renamed_from.emplace_back(old);
  made.kinds = shared_.fleet.services[frame_->id].kinds;
  made.owner = shared_.fleet.services[frame_->id].owner;
  made.namespace_name = value(slots.namespace_name).text();
  if (!is_dns_label(made.namespace_name)) {
    error(place(slots.namespace_name), "F0424",
          fmt::format("`{}` is no namespace: small letters, digits and hyphens only, at most 63", made.namespace_name))
        .label(fmt::format("for {}@{}", entity.name, program_.environment_name(frame_->environment)));
  }
  lower_renderer(made);
  lower_follows(made);
  lower_source(made);
  Emitted emitted = emit_objects(run_, *frame_, made.renderer != model::Renderer::none, out_);
  for (const auto& [key, text] : made.renderer_options.annotations) find_images(text, emitted.images);
  if (poison_ == nullptr) poison_ = emitted.poison;
  lower_images(made, emitted.images);
  lower_needs(made);
  const Datum together = value(slots.together);
  for (const Datum& one : together.items()) {
    if (program_.exists(static_cast<std::uint32_t>(one.number), frame_->environment))
      made.together.emplace_back(reference_name(program_, one));
  }
  if (is_set_below(slots.gate)) {
    const auto read = [&](std::string_view path) { return value(frame_->kind->shape.find_path(path)); };
    model::Gate gate = lower_gate(program_, read, fmt::format("service {}", entity.name), entity.span, made.owner);
    if (!gate.soak.empty() || !gate.approvals.empty() || !gate.checks.empty()) made.gates.push_back(std::move(gate));
  }
  if (poison_ != nullptr) return;
  lower_declaration(made, emitted);
  made.objects = std::move(emitted.objects);
  made.patches = std::move(emitted.patches);
}

void Worker::lower_renderer(model::Instance& made) {
  const Shape& shape = frame_->kind->shape;
  for (const RendererKind& one : kRenderers) {
    if (std::find(made.kinds.begin(), made.kinds.end(), one.kind) != made.kinds.end()) made.renderer = one.renderer;
  }
  if (std::find(made.kinds.begin(), made.kinds.end(), "std.job") != made.kinds.end()) {
    const SlotId rerun = shape.find("rerun");
    const Datum chosen = rerun == kNoSlot ? Datum() : value(rerun);
    made.job = model::Job{chosen.is(Tag::enumeration) && program_.types.enum_at(chosen.small).members[chosen.size] == "always"};
  }
  if (made.renderer == model::Renderer::none) return;
  if (const SlotId ignore = shape.find("ignore"); ignore != kNoSlot) made.renderer_options.ignore = text_list(value(ignore));
  for (const auto& [slot, into] : {std::pair(shared_.slots.labels, &made.renderer_options.labels),
                                   std::pair(shared_.slots.annotations, &made.renderer_options.annotations)}) {
    const Datum marks = value(slot);
    for (std::size_t i = 0; i < marks.pairs().size(); i += 2) into->emplace(marks.pairs()[i].text(), marks.pairs()[i + 1].text());
  }
}

// ---- where a release comes from ----

void Worker::check_from_upstream(std::string_view upstream) {
  const std::string_view environment = program_.environment_name(frame_->environment);
  std::vector<SlotId> slots = {shared_.slots.image, shared_.slots.images, shared_.slots.build};
  // Of a record, whoever sets a leaf of it says something.
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const Slot& slot = frame_->kind->shape[slots[i]];
    for (std::uint32_t child = 0; child < slot.children; ++child) slots.push_back(SlotId{slot.first_child + child});
  }
  for (const SlotId slot : slots) {
    std::vector<const Assignment*> own;
    run_.own_assignments(*frame_, slot, own);
    for (const Assignment* one : own) {
      if (one->scope.kind == ScopeKind::plain) continue;
      // A group that also covers environments fed by branches speaks to those.
      if (one->scope.kind == ScopeKind::group) {
        const auto& members = program_.group_members[one->scope.id];
        if (std::any_of(members.begin(), members.end(), [&](std::uint32_t member) { return !shared_.fleet.environments[member].from; }))
          continue;
      }
      error(one->span, "F0320", fmt::format("the images of `{}` in `{}` come from `{}`", frame_->entity->name, environment, upstream))
          .label("may not be set here")
          .help(fmt::format("set it for `{}`, or outside `in`", upstream));
      return;
    }
  }
  const Datum branches = value(shared_.slots.branches);
  for (std::size_t i = 0; branches.is(Tag::map) && i < branches.pairs().size(); i += 2) {
    if (branches.pairs()[i].number != frame_->environment) continue;
    error(place(shared_.slots.branches), "F0320",
          fmt::format("the source of `{}` in `{}` comes from `{}`, not from a branch", frame_->entity->name, environment, upstream))
        .label("maps a branch of its own")
        .help(fmt::format("take `{}` out of `branches`", environment));
  }
}

void Worker::lower_follows(model::Instance& made) {
  const std::vector<model::Environment>& environments = shared_.fleet.environments;
  const model::Environment* at = &environments[frame_->environment];
  for (std::size_t steps = 0; at->from && steps < environments.size(); ++steps) {
    at = shared_.fleet.environment(*at->from);
    if (at == nullptr) return;
    if (!program_.exists(frame_->id, static_cast<std::uint32_t>(at->id))) continue;
    made.follows = at->name;
    check_from_upstream(at->name);
    return;
  }
}

void Worker::lower_source(model::Instance& made) {
  const ServiceSlots& slots = shared_.slots;
  const Datum repo = value(slots.repo);
  if (!repo.is(Tag::text) && !repo.is(Tag::entity)) return;
  const bool same = repo.tag == last_repo_.tag && repo.number == last_repo_.number && repo.size == last_repo_.size;
  if (!same) {
    std::string wrong;
    last_repository_ = lower_repository(program_, repo, place(slots.repo), out_, wrong);
    last_repo_ = wrong.empty() ? repo : Datum();
    if (!wrong.empty() && poison_ == nullptr) poison_ = Program::cause(run_.arena(), wrong, place(slots.repo));
  }
  model::SourceRef& source = made.source.emplace();
  source.repository = last_repository_;
  source.span = last_repository_.span;
  std::string_view path = value(slots.path).text();
  while (path.ends_with('/')) path.remove_suffix(1);
  while (path.starts_with("./")) path.remove_prefix(2);
  if (path == ".") path = {};
  if (path.starts_with('/') || path == ".." || path.starts_with("../") || path.find("/../") != std::string_view::npos ||
      path.ends_with("/..")) {
    error(place(slots.path), "F0425", fmt::format("`{}` leads out of the repository", path)).label("a folder inside is wanted");
  }
  source.path = path;
  if (!made.follows.empty()) return;
  const Datum branches = value(slots.branches);
  for (std::size_t i = 0; branches.is(Tag::map) && i < branches.pairs().size(); i += 2) {
    if (branches.pairs()[i].number != frame_->environment) continue;
    source.branch = branches.pairs()[i + 1].text();
    if (is_branch_name(source.branch)) continue;
    error(place(slots.branches), "F0426", fmt::format("`{}` cannot be the name of a git branch", escape_for_terminal(source.branch)))
        .label("a branch of the repository is wanted");
  }
  const model::Environment& environment = shared_.fleet.environments[frame_->environment];
  if (source.branch.empty() && environment.branch) source.branch = *environment.branch;
  if (!source.branch.empty()) return;
  const std::string_view name = environment.name;
  error(frame_->entity->span, "F0313", fmt::format("nothing says where `{}` in `{}` comes from", frame_->entity->name, name))
      .label(fmt::format("exists in none of the environments that {} follows", name))
      .help(fmt::format("let it exist upstream, or map a branch: `branches = {{ {} = \"main\" }}`", name));
}

// ---- the rest ----

void Worker::report(const Mistake& mistake, diag::Span at) {
  if (mistake.code.empty()) {
    if (poison_ == nullptr) poison_ = Program::cause(run_.arena(), mistake.message, at);
    return;
  }
  error(at, mistake.code, mistake.message).label(mistake.label).help(mistake.help);
}

void Worker::lower_image(model::Instance& made, std::string_view name, const Datum& image, diag::Span at) {
  model::ImageInput& input = made.images.emplace_back();
  input.name = name;
  input.span = at;
  if (const auto mistake = lang::lower_image(program_, image, input)) report(*mistake, at);
}

void Worker::lower_images(model::Instance& made, const std::vector<std::string>& used) {
  const bool has_renderer = made.renderer != model::Renderer::none;
  const Datum image = value(shared_.slots.image);
  const Datum images = value(shared_.slots.images);
  for (std::size_t i = 0; i < images.pairs().size(); i += 2) {
    const std::string_view name = images.pairs()[i].text();
    const diag::Span at = place(shared_.slots.images);
    if (const auto mistake = has_renderer ? check_image_key(name) : std::nullopt) report(*mistake, at);
    lower_image(made, name, images.pairs()[i + 1], at);
  }
  const auto there = [&](std::string_view name) {
    return std::any_of(made.images.begin(), made.images.end(), [&](const model::ImageInput& one) { return one.name == name; });
  };
  if (!image.is(Tag::none)) {
    const diag::Span at = place(shared_.slots.image);
    if (has_renderer) {
      error(at, "F0420", fmt::format("`{}` has no image of its own: its manifests name them", made.kinds.front()))
          .label("not for this kind")
          .help("`images = { \"ghcr.io/shop/orders\" = \"ghcr.io/shop/orders:1.4.2\" }`, by the repository that the manifests name");
    } else if (there("main")) {
      error(at, "F0420", "the image `main` is given twice: `image` is short for `images = { main = … }`")
          .label("first")
          .also(place(shared_.slots.images), "second");
    } else {
      lower_image(made, "main", image, at);
    }
  }
  lower_build(made);
  // Without a rule, CI is the only source.
  for (const std::string& name : used) {
    if (!there(name)) made.images.push_back({name, {}, frame_->entity->span});
  }
  std::sort(made.images.begin(), made.images.end(), [](const model::ImageInput& a, const model::ImageInput& b) { return a.name < b.name; });
}

/// Where releases come from upstream nothing is built: their images come with them.
void Worker::lower_build(model::Instance& made) {
  const Datum record = value(shared_.slots.build);
  if (!record.is(Tag::record) || !made.follows.empty()) return;
  const auto place_of = [&](std::string_view path) { return place(frame_->kind->shape.find_path(path)); };
  model::Build& build = made.build.emplace();
  build.span = place_of("build.push");
  const bool has_renderer = made.renderer != model::Renderer::none;
  if (const auto mistake = lang::lower_build(program_, record, has_renderer, build)) {
    const diag::Span at = place_of(mistake->slot);
    return report(*mistake, at == frame_->entity->span ? build.span : at);
  }
  if (!made.source) {
    error(build.span, "F0435", fmt::format("`{}` has no repository that could be built", frame_->entity->name))
        .label("of which source?")
        .help("`repo = \"github.com/shop/payments\"`");
    return;
  }
  const auto fed =
      std::find_if(made.images.begin(), made.images.end(), [&](const model::ImageInput& one) { return one.name == build.image; });
  if (fed != made.images.end()) {
    error(build.span, "F0434", fmt::format("the image `{}` comes from two places: it is built here, and named elsewhere", build.image))
        .label("built and pushed")
        .also(fed->span, fed->policy ? "followed in a registry" : "named")
        .help(build.image == "main" ? "leave one of them out; `image = none` stops one from below" : "leave one of them out");
    return;
  }
  if (const auto mistake = has_renderer ? check_image_key(build.image) : std::nullopt) report(*mistake, place_of("build.image"));
  made.images.push_back({build.image, {}, build.span});
}

void Worker::lower_needs(model::Instance& made) {
  const std::span<const Edge> edges = program_.edges[instance_];
  made.needs.reserve(edges.size());
  for (const Edge& edge : edges) {
    const auto [service, environment] = program_.instances[edge.instance];
    made.needs.push_back({std::string(program_.table(EntityWord::service).all[service].name),
                          std::string(program_.environment_name(environment)), !edge.need, edge.span});
  }
}

void Worker::lower_declaration(model::Instance& made, const Emitted& emitted) {
  std::vector<const Value*> own;
  for (std::size_t i = 0; i < emitted.objects.size(); ++i) {
    if (emitted.own[i]) own.push_back(&emitted.objects[i].content);
  }
  made.declaration.reserve(384);
  write_declaration(made.declaration, run_, *frame_, instance_, shared_.plans, {own, emitted.declared}, run_.take_reads());
  made.declaration_digest = sha256(made.declaration);
}

// ---- after all are there ----

/// Services bound together in one environment are bound all with all.
void close_together(const Program& program, std::vector<model::Instance>& instances) {
  std::vector<std::uint32_t> parent(instances.size());
  for (std::uint32_t i = 0; i < parent.size(); ++i) parent[i] = i;
  const auto find = [&](std::uint32_t at) {
    while (parent[at] != at) at = parent[at] = parent[parent[at]];
    return at;
  };
  bool any = false;
  for (std::uint32_t i = 0; i < instances.size(); ++i) {
    for (const std::string& name : instances[i].together) {
      const auto service = program.table(EntityWord::service).names.find(name);
      const std::uint32_t other = service ? program.instance_number(*service, program.instances[i].second) : kAligned;
      if (other == kAligned) continue;
      any = true;
      parent[find(i)] = find(other);
    }
  }
  if (!any) return;
  std::map<std::uint32_t, std::vector<std::uint32_t>> bound;
  for (std::uint32_t i = 0; i < instances.size(); ++i) {
    if (find(i) != i || !instances[i].together.empty()) bound[find(i)].push_back(i);
  }
  for (auto& [root, members] : bound) {
    if (std::find(members.begin(), members.end(), root) == members.end()) members.push_back(root);
    for (const std::uint32_t one : members) {
      std::vector<std::string> names;
      for (const std::uint32_t other : members) {
        if (other != one) names.emplace_back(program.table(EntityWord::service).all[program.instances[other].first].name);
      }
      std::sort(names.begin(), names.end());
      instances[one].together = std::move(names);
    }
  }
}

struct Claim {
  std::size_t hash;
  std::uint32_t instance;
  std::uint32_t object;
};

/// One object of a target has one owner.
void check_claims(const Program& program, std::vector<model::Instance>& instances, std::vector<const Cause*>& poisons, Arena& arena,
                  diag::Diagnostics& out) {
  std::vector<Claim> claims;
  const auto identity = [&](const Claim& one) {
    const Value& content = instances[one.instance].objects[one.object].content;
    const std::string_view version = content.string_at("apiVersion");
    const std::size_t slash = version.find('/');
    const Value* metadata = content.find("metadata");
    return std::tuple(program.environment_targets[program.instances[one.instance].second],
                      slash == std::string_view::npos ? std::string_view() : version.substr(0, slash), content.string_at("kind"),
                      metadata == nullptr ? std::string_view() : metadata->string_at("namespace"),
                      metadata == nullptr ? std::string_view() : metadata->string_at("name"));
  };
  for (std::uint32_t i = 0; i < instances.size(); ++i) {
    for (std::uint32_t j = 0; j < instances[i].objects.size(); ++j) {
      Claim claim{0, i, j};
      const auto [target, group, kind, space, name] = identity(claim);
      for (const std::string_view part : {group, kind, space, name})
        claim.hash = claim.hash * 1099511628211U + std::hash<std::string_view>()(part);
      claim.hash += target;
      claims.push_back(claim);
    }
  }
  std::sort(claims.begin(), claims.end(),
            [](const Claim& a, const Claim& b) { return std::tie(a.hash, a.instance, a.object) < std::tie(b.hash, b.instance, b.object); });
  for (std::size_t i = 1; i < claims.size(); ++i) {
    const Claim& first = claims[i - 1];
    const Claim& second = claims[i];
    if (first.hash != second.hash || first.instance == second.instance || identity(first) != identity(second)) continue;
    const auto [target, group, kind, space, name] = identity(second);
    const std::string a = program.instance_name(first.instance);
    const std::string b = program.instance_name(second.instance);
    const std::string message = fmt::format("`{}` and `{}` both emit {} `{}` in namespace `{}` of one target", a, b, kind, name, space);
    const diag::Span at = instances[second.instance].span;
    auto& said = out.error(at, "F0417", "{}", message).label(b);
    if (!(instances[first.instance].span == at)) said.also(instances[first.instance].span, a);
    said.help("environments of one target have namespaces of their own: `environment … { namespace = \"…\" }`");
    const Cause* cause = Program::cause(arena, message, at);
    for (const std::uint32_t one : {first.instance, second.instance}) {
      if (poisons[one] == nullptr) poisons[one] = cause;
    }
  }
}

/// Services in the order of their first instance in the order of evaluation.
std::vector<std::uint32_t> service_order(const Program& program) {
  std::vector<std::uint32_t> order;
  std::vector<bool> seen(program.service_count(), false);
  for (const std::uint32_t instance : evaluation_order(program)) {
    const std::uint32_t service = program.instances[instance].first;
    if (seen[service]) continue;
    seen[service] = true;
    order.push_back(service);
  }
  return order;
}

/// True where the budget held.
bool evaluate_all(Shared& shared, const std::vector<std::uint32_t>& order, unsigned jobs, diag::Diagnostics& out) {
  const std::size_t chunks = (order.size() + kChunk - 1) / kChunk;
  std::vector<diag::Diagnostics> said(chunks);
  const std::size_t first_arena = shared.program.chunk_arenas.size();
  for (std::size_t i = 0; i < chunks; ++i) shared.program.chunk_arenas.emplace_back();
  for_each_index(chunks, jobs, [&](std::size_t chunk) {
    Worker worker(shared, shared.program.chunk_arenas[first_arena + chunk], said[chunk]);
    for (std::size_t i = chunk * kChunk; i < std::min(order.size(), (chunk + 1) * kChunk); ++i) worker.service(order[i]);
  });
  for (diag::Diagnostics& one : said) out.append(std::move(one));
  return !shared.spent;
}

void report_spent(const Shared& shared, diag::Diagnostics& out) {
  const Options& options = shared.program.options;
  const bool steps = shared.steps > options.step_budget;
  if (shared.spent_at == kAligned) return;
  const Entity& entity = shared.program.table(EntityWord::service).all[shared.program.instances[shared.spent_at].first];
  auto& said = steps ? out.error(entity.span, "F0601", "the fleet takes more than {} steps; `{}` is where they end", options.step_budget,
                                 shared.program.instance_name(shared.spent_at))
                     : out.error(entity.span, "F0602", "the fleet takes more than {} MiB; `{}` is where they end",
                                 options.byte_budget >> 20U, shared.program.instance_name(shared.spent_at));
  said.label("the budget is spent here");
}

}  // namespace

void lower_instances(Program& program, Ladders& ladders, model::Fleet& fleet, diag::Diagnostics& out) {
  std::vector<model::Instance> instances(program.instances.size());
  std::vector<const Cause*> poisons(instances.size(), nullptr);
  const DeclarationPlans plans(program, ladders);
  const ServiceSlots slots(program.kind(program.root(EntityWord::service)).shape);
  const std::vector<std::uint32_t> order = service_order(program);
  diag::Diagnostics said;
  {
    Outputs outputs(program);
    Shared shared{program, ladders, fleet, plans, slots, outputs, instances, poisons};
    if (!evaluate_all(shared, order, program.options.jobs, said)) {
      // Who spends the last of a shared budget is told the same everywhere: once more, in order, by one thread.
      said = {};
      Outputs fresh(program);
      std::fill(instances.begin(), instances.end(), model::Instance());
      std::fill(poisons.begin(), poisons.end(), nullptr);
      Shared again{program, ladders, fleet, plans, slots, fresh, instances, poisons};
      evaluate_all(again, order, 1, said);
      report_spent(again, said);
      program.barrier = true;
    }
  }
  out.append(std::move(said));
  close_together(program, instances);
  check_claims(program, instances, poisons, program.arena, out);
  const bool any_poison = std::any_of(poisons.begin(), poisons.end(), [](const Cause* cause) { return cause != nullptr; });
  if (!any_poison) {
    fleet.instances = std::move(instances);
    return;
  }
  for (std::size_t i = 0; i < instances.size(); ++i) {
    const auto [service, environment] = program.instances[i];
    if (poisons[i] != nullptr) {
      const Entity& entity = program.table(EntityWord::service).all[service];
      fleet.poisoned.push_back({std::string(entity.name), std::string(program.environment_name(environment)),
                                std::string(poisons[i]->message), poisons[i]->span});
      continue;
    }
    instances[i].id = model::InstanceId{static_cast<std::uint32_t>(fleet.instances.size())};
    fleet.instances.push_back(std::move(instances[i]));
  }
}

}  // namespace muster::lang

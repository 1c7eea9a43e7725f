#include "sim/machine.hpp"

namespace muster::sim {

/// A target whose writes are steps, and are judged as they happen.
class WatchedTarget final : public target::Target {
 private:
  template <typename Write>
  auto write(Write&& run) {
    ++owner_.writes_;
    return steps_.effect(run);
  }

 public:
  WatchedTarget(Targets& owner, std::string environment, test::MemoryTarget& target, Steps& steps)
      : owner_(owner), environment_(std::move(environment)), target_(target), steps_(steps) {}

  [[nodiscard]] const target::TargetRef& reference() const override { return target_.reference(); }
  [[nodiscard]] bool executes() const override { return target_.executes(); }
  Result<std::optional<target::Stamp>> stamp(std::string_view id) override { return target_.stamp(id); }
  Result<std::vector<target::Stamp>> stamps() override { return target_.stamps(); }
  Result<std::vector<target::Inventory>> inventories(std::string_view id) override { return target_.inventories(id); }
  Result<std::vector<target::Live>> observe(std::span<const manifest::ObjectId> ids) override { return target_.observe(ids); }
  Result<std::optional<Value>> read(const manifest::ObjectId& id) override { return target_.read(id); }
  Result<target::Health> health(const manifest::ObjectId& id) override { return target_.health(id); }

  Result<void> swap_stamp(const std::optional<target::Stamp>& expected, const target::Stamp& desired) override {
    return write([&] { return target_.swap_stamp(expected, desired); });
  }
  Result<void> remove_stamp(const target::Stamp& expected) override {
    return write([&] { return target_.remove_stamp(expected); });
  }
  Result<std::string> write_inventory(const target::Stamp& under, const target::Inventory& inventory) override {
    return write([&] { return target_.write_inventory(under, inventory); });
  }
  Result<void> remove_inventory(const target::Stamp& under, const target::Inventory& inventory) override {
    return write([&] { return target_.remove_inventory(under, inventory); });
  }
  Result<target::Live> apply(const target::Stamp& under, const manifest::Object& object,
                             const std::optional<target::Precondition>& expected) override {
    return write([&] {
      const bool replaces = target_.objects().contains(object.id);
      Result<target::Live> live = target_.apply(under, object, expected);
      if (live.ok() && executes() && replaces) owner_.oracle_.replaced(environment_, object.id);
      if (live.ok()) owner_.oracle_.wrote(environment_, stamped(), object.id, object.content);
      return live;
    });
  }
  Result<void> remove(const target::Stamp& under, const manifest::ObjectId& id, const target::Precondition& expected) override {
    return write([&] {
      const bool stood = target_.objects().contains(id);
      Result<void> removed = target_.remove(under, id, expected);
      if (removed.ok() && stood) owner_.oracle_.deleted(environment_, stamped(), id, executes());
      return removed;
    });
  }

 private:
  std::string stamped() {
    const auto stamps = target_.standing_stamps();
    return stamps.empty() ? std::string() : stamps.front().record;
  }

  Targets& owner_;
  std::string environment_;
  test::MemoryTarget& target_;
  Steps& steps_;
};

namespace {

class SeenTargets final : public target::Targets {
 public:
  SeenTargets(Steps& steps, std::function<std::shared_ptr<target::Target>(const target::TargetRef&, Steps&)> make)
      : steps_(steps), make_(std::move(make)) {}
  Result<std::shared_ptr<target::Target>> open(const target::TargetRef& reference) override {
    std::shared_ptr<target::Target>& slot = open_[reference.name];
    if (!slot) slot = make_(reference, steps_);
    return slot;
  }

 private:
  Steps& steps_;
  std::function<std::shared_ptr<target::Target>(const target::TargetRef&, Steps&)> make_;
  std::map<std::string, std::shared_ptr<target::Target>> open_;
};

constexpr std::string_view kSuffix = "-target";

}  // namespace

test::MemoryTarget& Targets::at(const std::string& environment) {
  target::TargetRef reference;
  reference.name = environment + std::string(kSuffix);
  reference.kind = "directory";
  reference.path = "/out/" + environment;
  (void)targets_.open(reference);
  return targets_.at(reference.name);
}

std::unique_ptr<target::Targets> Targets::seen_by(Steps& steps) {
  return std::make_unique<SeenTargets>(steps, [this](const target::TargetRef& reference, Steps& on) -> std::shared_ptr<target::Target> {
    const std::string environment = reference.name.substr(0, reference.name.size() - kSuffix.size());
    (void)targets_.open(reference);
    return std::make_shared<WatchedTarget>(*this, environment, targets_.at(reference.name), on);
  });
}

Machine::Machine(Network& network, FleetHistory& fleets, Targets& targets, SimulatedClock& clock, ImageServer* images, std::uint64_t seed)
    : fleets_(fleets),
      random_(seed),
      clock_(clock),
      files_(steps_),
      hub_(network, clock, steps_, random_),
      world_{clock_, files_, processes_, random_},
      images_(images),
      targets_(targets.seen_by(steps_)) {
  if (images_ == nullptr) return;
  registries_.emplace(*images_, random_);
  builds_.emplace(*images_, *registries_, steps_, clock_);
}

deliver::Deliverer& Machine::deliverer() {
  if (!deliverer_) {
    deliver::Settings settings;
    settings.state = "/state";
    settings.version = "1.0";
    settings.author = {"muster", "muster@localhost", {}, 0};
    settings.past_fleet = [this](const std::string& revision) -> Result<std::shared_ptr<const model::Fleet>> {
      if (auto fleet = fleets_.fleet(revision)) return fleet;
      return stalled(Reason::absent, "no fleet at " + revision);
    };
    if (registries_) settings.registries = &*registries_;
    deliverer_ = std::make_unique<deliver::Deliverer>(world_, hub_, std::move(settings));
  }
  return *deliverer_;
}

bool Machine::survives(const std::function<void()>& run) {
  try {
    run();
    return true;
  } catch (const Crash&) {
    steps_.never_crash();
    deliverer_.reset();
    if (builds_) builds_->forget();
    files_.forget_locks();
    delivered_.reset();
    reconciled_.reset();
    return false;
  }
}

bool Machine::pass(std::size_t behind, std::vector<deliver::BuiltImage> handed_in) {
  return survives([&] {
    const deliver::FleetRevision revision = fleets_.revision(behind);
    const auto fleet = fleets_.fleet(revision.commit);
    deliver::Request request;
    request.images = std::move(handed_in);
    if (builds_) request.builds = &*builds_;
    delivered_ = deliverer().deliver(*fleet, revision, request, {}).report;
    record::EnvironmentRepository& records = deliverer().records(*fleet);
    (void)records.look(std::nullopt, {});
    reconcile::PassOptions options;
    options.patience = Duration(0);
    options.author = {"muster", "muster@localhost", {}, 0};
    options.moved = [this](std::string_view) { return random_.chance(distracted_); };
    reconciled_ = reconcile::run_pass(world_, records, *targets_, reconcile::all_environments(records), options);
  });
}

bool Machine::ask(const std::function<void(deliver::Deliverer&, const model::Fleet&, const deliver::FleetRevision&)>& verb) {
  return survives([&] {
    const deliver::FleetRevision revision = fleets_.revision();
    verb(deliverer(), *fleets_.fleet(revision.commit), revision);
  });
}

bool Machine::accept(const std::string& environment) {
  return ask([&](deliver::Deliverer& deliverer, const model::Fleet& fleet, const deliver::FleetRevision&) {
    record::EnvironmentRepository& records = deliverer.records(fleet);
    (void)records.look(std::nullopt, {});
    if (!records.accept_rewritten(environment).ok() || !records.look(std::nullopt, {}).ok()) return;
    const auto branch = records.branch(environment);
    if (branch.ok()) (void)reconcile::accept_branch(*targets_, *branch);
  });
}

void Machine::wipe() {
  deliverer_.reset();
  hub_.wipe(false);
  files_.contents().clear();
  files_.forget_locks();
}

}  // namespace muster::sim

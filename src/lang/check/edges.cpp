// Edges: who waits for whom, from the names in the assignments that count; before anything is evaluated.
#include <fmt/format.h>

#include <algorithm>

#include "lang/check/check.hpp"
#include "lang/check/literal_fields.hpp"
#include "lang/evaluate/ladder.hpp"
#include "muster/base/parallel.hpp"

namespace muster::lang {

using syntax::Assign;

namespace {

constexpr std::size_t kChunk = 128;

/// A service named where it does not exist; the environments are gathered, so that it is said once.
struct Missing {
  const Mention* mention;
  std::vector<std::uint32_t> environments;
};

/// The edges of the instances of a run of services.
class EdgeFinder {
 public:
  EdgeFinder(Program& program, const Ladders& ladders, Arena& arena, diag::Diagnostics& out)
      : program_(program), ladders_(ladders), arena_(arena), out_(out) {}

  void service(std::uint32_t id) {
    const Entity& entity = program_.table(EntityWord::service).all[id];
    missing_.clear();
    for (std::uint32_t environment = 0; environment < program_.environment_count(); ++environment) {
      const std::uint32_t instance = program_.instance_number(id, environment);
      if (instance != kAligned) find(entity, environment, instance);
    }
    for (const Missing& one : missing_) report(entity, one);
  }

 private:
  void find(const Entity& entity, std::uint32_t environment, std::uint32_t instance) {
    const Ladder& ladder = *ladders_.find(entity.kind, entity.owner);
    edges_.clear();
    environment_ = environment;
    instance_ = instance;
    const Cause* poison = entity.poison != nullptr ? entity.poison : ladder.poisons[environment];
    for (const BodyPoison& one : entity.body.poisons) {
      if (poison == nullptr && program_.covers(one.scope, environment)) poison = one.cause;
    }
    program_.instance_poison[instance] = poison;
    own(entity, ladder);
    for (const SlotId slot : ladder.mentioning[environment]) {
      if (std::find(covered_.begin(), covered_.end(), slot) != covered_.end()) continue;
      for (const Assignment* one : ladder.of(ladder.plans[environment][number(slot)]))
        mention(*one->body, one->first_mention, one->mentions);
    }
    for (const PatchCode& patch : entity.body.patches) {
      if (program_.covers(patch.scope, environment)) mention(entity.body, patch.first_mention, patch.mentions);
    }
    std::sort(edges_.begin(), edges_.end(), [this](const Edge& a, const Edge& b) {
      if (a.instance != b.instance) return program_.instances[a.instance] < program_.instances[b.instance];
      if (a.need != b.need) return a.need;
      return std::tie(a.span.source, a.span.begin) < std::tie(b.span.source, b.span.begin);
    });
    edges_.erase(std::unique(edges_.begin(), edges_.end(), [](const Edge& a, const Edge& b) { return a.instance == b.instance; }),
                 edges_.end());
    program_.edges[instance] = arena_.copy(std::span<const Edge>(edges_));
  }

  /// Slots that the entity sets itself. Those it sets whole are `covered_`: what lies below does not count.
  void own(const Entity& entity, const Ladder& ladder) {
    covered_.clear();
    const std::vector<Assignment>& all = entity.body.assignments;
    const Kind& kind = program_.kind_of(entity);
    for (std::size_t begin = 0; begin < all.size();) {
      std::size_t end = begin;
      run_.clear();
      for (; end < all.size() && all[end].slot == all[begin].slot; ++end) {
        if (program_.covers(all[end].scope, environment_)) run_.push_back(&all[end]);
      }
      const SlotId slot = all[begin].slot;
      begin = end;
      if (run_.empty()) continue;
      std::size_t chosen = run_.size();
      for (std::size_t i = 0; i < run_.size(); ++i) {
        mention(entity.body, run_[i]->first_mention, run_[i]->mentions);
        if (run_[i]->op != Assign::set) continue;
        chosen = i + 1;
        covered_.push_back(slot);
        break;
      }
      const SlotPlan& plan = ladder.plans[environment_][number(slot)];
      if (plan.count == 0 || run_[chosen - 1]->op != Assign::set) continue;
      const auto shared = ladder.of(plan);
      run_.resize(chosen);
      run_.insert(run_.end(), shared.begin(), shared.end());
      warn_hidden(program_, kind.shape[slot], run_, chosen, out_);
    }
  }

  void mention(const BodyCode& body, std::uint32_t first, std::uint32_t count) {
    for (std::uint32_t i = first; i < first + count; ++i) {
      const Mention& one = body.mentions[i];
      const std::uint32_t environment = one.environment == kAligned ? environment_ : one.environment;
      const std::uint32_t instance = program_.instance_number(one.service, environment);
      if (instance == kAligned) {
        absent(one, environment);
      } else if (!one.link) {
        edges_.push_back({instance, one.need, one.span});
      }
    }
  }

  void absent(const Mention& mention, std::uint32_t environment) {
    auto found = std::find_if(missing_.begin(), missing_.end(), [&](const Missing& one) { return one.mention == &mention; });
    if (found == missing_.end()) found = missing_.insert(missing_.end(), {&mention, {}});
    if (found->environments.empty() || found->environments.back() != environment) found->environments.push_back(environment);
    const Entity& target = program_.table(EntityWord::service).all[mention.service];
    const Cause*& poison = program_.instance_poison[instance_];
    if (poison == nullptr)
      poison = Program::cause(arena_,
                              fmt::format("`{}` does not exist in environment `{}`", target.name, program_.environment_name(environment)),
                              mention.span);
  }

  void report(const Entity& entity, const Missing& missing) {
    const Entity& target = program_.table(EntityWord::service).all[missing.mention->service];
    std::string where;
    for (std::size_t i = 0; i < missing.environments.size(); ++i) {
      if (i != 0) where += i + 1 == missing.environments.size() ? " and " : ", ";
      where += fmt::format("`{}`", program_.environment_name(missing.environments[i]));
    }
    const bool one = missing.environments.size() == 1;
    auto& said = out_.error(missing.mention->span, "F0303", "`{}` does not exist in environment{} {}", target.name, one ? "" : "s", where)
                     .label(one ? fmt::format("{} for {} in {}", missing.mention->need ? "needed" : "read", entity.name,
                                              program_.environment_name(missing.environments.front()))
                                : fmt::format("{} for {}", missing.mention->need ? "needed" : "read", entity.name));
    LiteralField field;
    const syntax::Tree& tree = program_.file(target.file).tree();
    for (const std::string_view name : {"only", "except"}) {
      if (find_literal_field(tree, target.declaration->body, name, field))
        said.also(tree.span(field.range), fmt::format("{} is limited here", target.name));
    }
    said.help(fmt::format("let {} exist there too, or write this where it exists: `in … {{ }}`", target.name));
  }

  Program& program_;
  const Ladders& ladders_;
  Arena& arena_;
  diag::Diagnostics& out_;
  std::uint32_t environment_ = 0;
  std::uint32_t instance_ = 0;
  std::vector<Edge> edges_;
  std::vector<const Assignment*> run_;
  std::vector<SlotId> covered_;
  std::vector<Missing> missing_;
};

// ---- circles ----

/// Tarjan's components without recursion: a chain of 100,000 instances is no reason to run out of stack.
class Components {
 public:
  explicit Components(const Program& program)
      : program_(program), index_(program.instances.size(), 0), low_(index_), on_stack_(index_.size(), false) {}

  /// Components with a circle, each sorted.
  std::vector<std::vector<std::uint32_t>> circles() {
    for (std::uint32_t start = 0; start < index_.size(); ++start) {
      if (index_[start] == 0) walk(start);
    }
    return std::move(found_);
  }

 private:
  struct Frame {
    std::uint32_t node;
    std::size_t next;
  };

  void enter(std::uint32_t node) {
    index_[node] = low_[node] = ++counter_;
    stack_.push_back(node);
    on_stack_[node] = true;
    frames_.push_back({node, 0});
  }

  void walk(std::uint32_t start) {
    enter(start);
    while (!frames_.empty()) {
      const std::uint32_t node = frames_.back().node;
      const auto edges = program_.edges[node];
      if (frames_.back().next < edges.size()) {
        const std::uint32_t to = edges[frames_.back().next++].instance;
        if (index_[to] == 0) {
          enter(to);
        } else if (on_stack_[to]) {
          low_[node] = std::min(low_[node], index_[to]);
        }
        continue;
      }
      frames_.pop_back();
      if (!frames_.empty()) low_[frames_.back().node] = std::min(low_[frames_.back().node], low_[node]);
      if (low_[node] == index_[node]) close(node);
    }
  }

  void close(std::uint32_t root) {
    std::vector<std::uint32_t> members;
    std::uint32_t one = 0;
    do {
      one = stack_.back();
      stack_.pop_back();
      on_stack_[one] = false;
      members.push_back(one);
    } while (one != root);
    const auto self = program_.edges[root];
    const bool loop = std::any_of(self.begin(), self.end(), [&](const Edge& edge) { return edge.instance == root; });
    if (members.size() == 1 && !loop) return;
    std::sort(members.begin(), members.end());
    found_.push_back(std::move(members));
  }

  const Program& program_;
  std::vector<std::uint32_t> index_;
  std::vector<std::uint32_t> low_;
  std::vector<bool> on_stack_;
  std::vector<std::uint32_t> stack_;
  std::vector<Frame> frames_;
  std::vector<std::vector<std::uint32_t>> found_;
  std::uint32_t counter_ = 0;
};

/// The shortest way from `start` back to itself inside a component: its nodes, `start` first.
std::vector<std::uint32_t> shortest_circle(const Program& program, const std::vector<std::uint32_t>& members, std::uint32_t start) {
  std::vector<std::uint32_t> from(members.size(), kAligned);
  const auto place = [&](std::uint32_t node) {
    return static_cast<std::size_t>(std::lower_bound(members.begin(), members.end(), node) - members.begin());
  };
  const auto inside = [&](std::uint32_t node) { return std::binary_search(members.begin(), members.end(), node); };
  std::vector<std::uint32_t> queue = {start};
  for (std::size_t at = 0; at < queue.size(); ++at) {
    const std::uint32_t node = queue[at];
    for (const Edge& edge : program.edges[node]) {
      if (edge.instance == start) {
        std::vector<std::uint32_t> way;
        for (std::uint32_t back = node; back != start; back = from[place(back)]) way.push_back(back);
        way.push_back(start);
        std::reverse(way.begin(), way.end());
        return way;
      }
      if (!inside(edge.instance) || from[place(edge.instance)] != kAligned) continue;
      from[place(edge.instance)] = node;
      queue.push_back(edge.instance);
    }
  }
  return {start};
}

void report_circles(Program& program, diag::Diagnostics& out) {
  std::vector<std::vector<std::uint32_t>> told;  // Services of circles that were told: environments repeat them.
  for (const std::vector<std::uint32_t>& members : Components(program).circles()) {
    const std::vector<std::uint32_t> way = shortest_circle(program, members, members.front());
    const std::string message =
        way.size() == 1
            ? fmt::format("`{}` needs itself", program.table(EntityWord::service).all[program.instances[way.front()].first].name)
            : std::string("these services need each other in a circle");
    std::vector<std::uint32_t> services;
    const Edge* first = nullptr;
    std::vector<std::pair<const Edge*, std::string>> steps;
    std::string reader;
    std::string read;
    std::string_view expression;
    for (std::size_t i = 0; i < way.size(); ++i) {
      services.push_back(program.instances[way[i]].first);
      const std::uint32_t to = way[(i + 1) % way.size()];
      const auto edges = program.edges[way[i]];
      const auto edge = std::find_if(edges.begin(), edges.end(), [&](const Edge& one) { return one.instance == to; });
      const std::string_view a = program.table(EntityWord::service).all[program.instances[way[i]].first].name;
      const std::string_view b = program.table(EntityWord::service).all[program.instances[to].first].name;
      steps.emplace_back(&*edge, edge->need ? fmt::format("{} needs {}", a, b) : fmt::format("{} reads {}, which makes an edge", a, b));
      if (!edge->need && reader.empty()) {
        reader = a;
        read = b;
        expression = program.sources.text(edge->span);
      }
      if (first == nullptr) first = &*edge;
    }
    const Cause* cause = Program::cause(program.arena, message, first->span);
    for (const std::uint32_t member : members) {
      if (program.instance_poison[member] == nullptr) program.instance_poison[member] = cause;
    }
    if (std::find(told.begin(), told.end(), services) != told.end()) continue;
    told.push_back(services);
    auto& said = out.error(first->span, "F0304", "{}", message).label(steps.front().second);
    for (std::size_t i = 1; i < steps.size(); ++i) said.also(steps[i].first->span, steps[i].second);
    if (!reader.empty()) {
      const std::size_t dot = expression.rfind('.');
      said.help(fmt::format("if {} need not wait for {}, write `link({}){}`", reader, read, expression.substr(0, dot),
                            dot == std::string_view::npos ? std::string_view() : expression.substr(dot)));
    } else {
      said.help("take one of these needs out");
    }
  }
}

}  // namespace

void find_edges(Program& program, const Ladders& ladders, diag::Diagnostics& out) {
  program.edges.resize(program.instances.size());
  program.instance_poison.assign(program.instances.size(), nullptr);
  const std::size_t services = program.service_count();
  const std::size_t chunks = (services + kChunk - 1) / kChunk;
  std::vector<diag::Diagnostics> said(chunks);
  const std::size_t first_arena = program.chunk_arenas.size();
  for (std::size_t i = 0; i < chunks; ++i) program.chunk_arenas.emplace_back();
  for_each_index(chunks, program.options.jobs, [&](std::size_t chunk) {
    EdgeFinder finder(program, ladders, program.chunk_arenas[first_arena + chunk], said[chunk]);
    for (std::size_t id = chunk * kChunk; id < std::min(services, (chunk + 1) * kChunk); ++id)
      finder.service(static_cast<std::uint32_t>(id));
  });
  for (diag::Diagnostics& one : said) out.append(std::move(one));
  report_circles(program, out);
}

std::vector<std::uint32_t> evaluation_order(const Program& program) {
  // What is read comes first, so that values wait for one another in short chains only.
  std::vector<std::uint32_t> order;
  order.reserve(program.instances.size());
  std::vector<bool> seen(program.instances.size(), false);
  std::vector<std::pair<std::uint32_t, std::size_t>> stack;
  for (std::uint32_t start = 0; start < program.instances.size(); ++start) {
    if (seen[start]) continue;
    seen[start] = true;
    stack.emplace_back(start, 0);
    while (!stack.empty()) {
      auto& [node, next] = stack.back();
      const auto edges = program.edges[node];
      while (next < edges.size() && seen[edges[next].instance]) ++next;
      if (next == edges.size()) {
        order.push_back(node);
        stack.pop_back();
      } else {
        const std::uint32_t to = edges[next].instance;
        seen[to] = true;
        stack.emplace_back(to, 0);
      }
    }
  }
  return order;
}

}  // namespace muster::lang

#include "sim/world/memory_registry.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "muster/base/digest.hpp"

namespace muster::sim {

std::string ImageServer::push(const std::string& repository, const std::string& tag) {
  const std::string digest = sha256(fmt::format("{} {} {}", repository, tag, ++pushed_)).text();
  Repository& in = repositories_[repository];
  in.tags[tag] = digest;
  in.ever.insert({tag, digest});
  return digest;
}

void ImageServer::retag(const std::string& repository, const std::string& tag, const std::string& as) {
  Repository& in = repositories_[repository];
  const auto found = in.tags.find(as);
  if (found == in.tags.end()) return;
  in.tags[tag] = found->second;
  in.ever.insert({tag, found->second});
}

void ImageServer::remove(const std::string& repository, const std::string& tag) { repositories_[repository].tags.erase(tag); }

const ImageServer::Repository* ImageServer::find(const std::string& repository) const {
  const auto found = repositories_.find(repository);
  return found == repositories_.end() ? nullptr : &found->second;
}

bool ImageServer::had(const std::string& repository, const std::string& tag, const std::string& digest) const {
  const Repository* in = find(repository);
  return in != nullptr && in->ever.contains({tag, digest});
}

std::optional<Failure> MemoryRegistries::gust(const std::string& about) {
  switch (server_.weather) {
    case RegistryWeather::unreachable: return retry(Reason::unreachable, about + ": no answer");
    case RegistryWeather::denied: return stalled(Reason::denied, about + ": 401");
    case RegistryWeather::throttled: {
      Failure failure = retry(Reason::limit, about + ": 429");
      failure.after = std::chrono::minutes(1);
      return failure;
    }
    case RegistryWeather::flaky:
      if (!random_.chance(50)) return std::nullopt;
      if (random_.chance(30)) return stalled(Reason::corrupt, about + ": half an answer");
      return retry(random_.chance(50) ? Reason::timeout : Reason::unreachable, about + ": no answer in time");
    default: return std::nullopt;
  }
}

Result<std::vector<std::string>> MemoryRegistries::tags(const registry::Access&, const model::ImageReference& repository,
                                                        const std::stop_token&) {
  const auto after = [&](Result<std::vector<std::string>> answer) {
    if (server_.listed) server_.listed();
    return answer;
  };
  if (auto failure = gust(repository.where())) return after(std::move(*failure));
  const ImageServer::Repository* in = server_.find(repository.repository);
  if (in == nullptr) return after(stalled(Reason::absent, repository.where() + " is not there"));
  std::vector<std::string> out;
  for (const auto& [tag, digest] : in->tags) {
    const bool hidden = server_.weather == RegistryWeather::shrunken && random_.chance(50);
    if (!hidden && server_.weather != RegistryWeather::empty) out.push_back(tag);
  }
  return after(std::move(out));
}

Result<std::string> MemoryRegistries::digest(const registry::Access&, const model::ImageReference& reference, const std::stop_token&) {
  if (auto failure = gust(reference.text())) return std::move(*failure);
  const ImageServer::Repository* in = server_.find(reference.repository);
  if (in == nullptr) return stalled(Reason::absent, reference.where() + " is not there");
  if (!reference.digest.empty()) {
    const bool has = std::any_of(in->ever.begin(), in->ever.end(), [&](const auto& one) { return one.second == reference.digest; });
    return has ? Result<std::string>(reference.digest) : Result<std::string>(stalled(Reason::absent, reference.text() + " is not there"));
  }
  if (server_.weather == RegistryWeather::confused && random_.chance(30)) {
    for (const auto& [name, other] : server_.repositories()) {
      if (name != reference.repository && !other.tags.empty()) return other.tags.begin()->second;
    }
  }
  const auto found = in->tags.find(reference.tag.empty() ? "latest" : reference.tag);
  if (found == in->tags.end()) return stalled(Reason::absent, reference.text() + " is not there");
  return found->second;
}

Result<registry::Manifest> MemoryRegistries::manifest(const registry::Access&, const model::ImageReference& reference,
                                                      const std::stop_token&) {
  return stalled(Reason::unsupported, reference.text() + ": no manifests here");
}

Result<std::string> MemoryRegistries::blob(const registry::Access&, const model::ImageReference& repository, std::string_view, std::size_t,
                                           const std::stop_token&) {
  return stalled(Reason::unsupported, repository.text() + ": no contents here");
}

namespace {

pipeline::Progress done(pipeline::Progress progress, const pipeline::Order& order, const std::string& digest, bool reused) {
  progress.state = pipeline::Progress::State::done;
  progress.digest = digest;
  progress.reference = order.build.push.where() + "@" + digest;
  progress.reused = reused;
  return progress;
}

pipeline::Progress failed(pipeline::Progress progress, Failure failure, std::optional<Instant> again_at) {
  progress.state = pipeline::Progress::State::failed;
  progress.failure = std::move(failure);
  progress.again_at = again_at;
  return progress;
}

/// What hangs on the tag alone: "muster-0f3a…".
unsigned drawn_from(const std::string& tag, std::size_t digit) { return static_cast<unsigned>(tag.at(tag.size() - 1 - digit)); }

}  // namespace

pipeline::Progress MemoryBuilds::push(const pipeline::Order& order, pipeline::Progress progress, Build& build) {
  const std::string& repository = order.build.push.repository;
  if (server_.weather == RegistryWeather::push_refused) {
    build.again_at = clock_.now() + std::chrono::minutes(10);
    return failed(std::move(progress), retry(Reason::denied, "the push was refused"), build.again_at);
  }
  const std::string digest = steps_.effect([&] {
    server_.repositories()[repository].builds[progress.tag].insert(order.tree->id().text());
    return server_.push(repository, progress.tag);
  });
  if (server_.weather == RegistryWeather::push_lost) {
    build.again_at = clock_.now() + std::chrono::minutes(10);
    return failed(std::move(progress), retry(Reason::unreachable, "the push was not answered"), build.again_at);
  }
  return done(std::move(progress), order, digest, false);
}

pipeline::Progress MemoryBuilds::ask(const pipeline::Order& order, const std::stop_token& stop) {
  pipeline::Progress progress;
  progress.tag = pipeline::content_tag(order.build, order.tree->id());
  Build& build = builds_[progress.tag];
  if (build.again_at && clock_.now() < *build.again_at)
    return failed(std::move(progress), retry(Reason::unreachable, "it is tried again later"), build.again_at);
  build.again_at.reset();
  if (build.failure && !server_.builds_always_end) return failed(std::move(progress), *build.failure, std::nullopt);
  model::ImageReference reference = order.build.push;
  reference.tag = progress.tag;
  const Result<std::string> has = registries_.digest(order.access, reference, stop);
  if (has.ok()) return done(std::move(progress), order, *has, true);
  if (has.failure().reason != Reason::absent) {
    build.again_at = clock_.now() + std::chrono::minutes(10);
    return failed(std::move(progress), has.failure(), build.again_at);
  }
  const std::uint64_t takes = server_.builds_always_end ? 0 : drawn_from(progress.tag, 0) % 3;
  if (build.asks++ < takes) {
    progress.state = build.asks == 1 ? pipeline::Progress::State::waiting : pipeline::Progress::State::running;
    return progress;
  }
  if (!server_.builds_always_end && drawn_from(progress.tag, 1) % 8 == 0) {
    build.failure = stalled(Reason::invalid, "the builder ends with 1");
    return failed(std::move(progress), *build.failure, std::nullopt);
  }
  return push(order, std::move(progress), build);
}

bool MemoryBuilds::wait(const std::stop_token&) { return false; }

}  // namespace muster::sim

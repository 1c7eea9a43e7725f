#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "muster/base/digest.hpp"
#include "registry/contents.hpp"
#include "registry/exchange.hpp"

namespace muster::registry {
namespace {

constexpr int kPageSize = 1'000;
constexpr std::size_t kKeptTags = 500'000;
constexpr Duration kListingTime = std::chrono::minutes(15);

struct Page {
  std::string etag;
  std::vector<std::string> tags;
  std::string next;  ///< Empty: the last.
};

/// A manifest's name in URLs and texts.
std::string version_of(const model::ImageReference& reference) {
  if (!reference.digest.empty()) return reference.digest;
  return reference.tag.empty() ? "latest" : reference.tag;
}

class HttpRegistries final : public Registries {
 public:
  HttpRegistries(const World& world, http::Client& client, Secrets& secrets, Settings settings)
      : settings_(std::move(settings)), clock_(world.clock), exchange_(world, client, secrets, settings_) {}

  Result<std::vector<std::string>> tags(const Access& access, const model::ImageReference& repository,
                                        const std::stop_token& stop) override;
  Result<std::string> digest(const Access& access, const model::ImageReference& reference, const std::stop_token& stop) override;
  Result<Manifest> manifest(const Access& access, const model::ImageReference& reference, const std::stop_token& stop) override;
  Result<std::string> blob(const Access& access, const model::ImageReference& repository, std::string_view digest, std::size_t limit,
                           const std::stop_token& stop) override;

 private:
  Result<Page> page(const Access& access, const model::ImageReference& repository, const std::string& url, const std::stop_token& stop);
  std::optional<Page> kept_page(const std::string& key);
  void keep(const std::string& key, const Page& page);

  Settings settings_;
  Clock& clock_;
  Exchange exchange_;
  std::mutex mutex_;
  std::map<std::string, Page> pages_;  ///< Those that have a validator.
  std::size_t kept_tags_ = 0;
};

Question manifest_question(const model::ImageReference& reference, std::string_view method) {
  Question out;
  out.method = method;
  out.path = fmt::format("/v2/{}/manifests/{}", reference.repository, version_of(reference));
  out.headers = {{"Accept", accepted_manifests()}};
  out.subject = fmt::format("{}{}{}", reference.where(), reference.digest.empty() ? ":" : "@", version_of(reference));
  out.bytes = kMaxManifestBytes;
  return out;
}

Result<std::vector<std::string>> HttpRegistries::tags(const Access& access, const model::ImageReference& repository,
                                                      const std::stop_token& stop) {
  MUSTER_CHECK(check_reference(repository));
  const std::string subject = fmt::format("the tags of {}", repository.where());
  const Duration start = clock_.elapsed();
  std::set<std::string> urls;
  std::vector<std::string> out;
  std::string url;
  do {
    if (urls.size() >= kMaxPages) return stalled(Reason::limit, fmt::format("{} come in more than {} pages", subject, kMaxPages));
    if (clock_.elapsed() - start > kListingTime)
      return retry(Reason::timeout, fmt::format("{} did not come within {}", subject, format_duration(kListingTime)));
    MUSTER_TRY(Page next, page(access, repository, url, stop));
    urls.insert(url);
    if (urls.contains(next.next) && !next.next.empty()) return stalled(Reason::corrupt, subject + " go round in a circle");
    if (out.size() + next.tags.size() > kMaxTags) return stalled(Reason::limit, fmt::format("{} are more than {}", subject, kMaxTags));
    std::move(next.tags.begin(), next.tags.end(), std::back_inserter(out));
    url = std::move(next.next);
  } while (!url.empty());
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

/// `url` empty: the first.
Result<Page> HttpRegistries::page(const Access& access, const model::ImageReference& repository, const std::string& url,
                                  const std::stop_token& stop) {
  Question question;
  question.path = fmt::format("/v2/{}/tags/list?n={}", repository.repository, kPageSize);
  question.url = url;
  question.subject = fmt::format("the tags of {}", repository.where());
  question.bytes = kMaxPageBytes;
  question.is_continuation = !url.empty();
  // Who asks is part of the key: another's credentials may see another list.
  const std::string secret = access.auth.secret ? access.auth.secret->reference : "";
  const std::string key =
      fmt::format("{}|{}|{}|{}|{}", repository.where(), url, static_cast<int>(access.auth.method), access.auth.user, secret);
  const auto kept = kept_page(key);
  if (kept) question.headers.push_back({"If-None-Match", kept->etag});
  MUSTER_TRY(const http::Answer answer, exchange_.ask(access, repository, question, stop));
  if (kept && answer.status == 304) return *kept;
  Page out;
  MUSTER_TRY(out.tags, with_context(tags_in(answer.body), question.subject));
  out.etag = answer.header("etag");
  if (const auto next = next_link_of(answer.headers)) {
    const auto resolved = http::resolve_url(answer.url, *next);
    if (!resolved || http::origin_of(*resolved) != http::origin_of(answer.url))
      return stalled(Reason::denied, question.subject + " go on at another place than they begin, which is not followed");
    out.next = *resolved;
  }
  keep(key, out);
  return out;
}

std::optional<Page> HttpRegistries::kept_page(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto kept = pages_.find(key);
  return kept == pages_.end() ? std::nullopt : std::optional(kept->second);
}

void HttpRegistries::keep(const std::string& key, const Page& page) {
  const std::lock_guard lock(mutex_);
  if (const auto old = pages_.find(key); old != pages_.end()) {
    kept_tags_ -= old->second.tags.size() + 1;
    pages_.erase(old);
  }
  if (page.etag.empty()) return;
  if (kept_tags_ > kKeptTags) {
    pages_.clear();
    kept_tags_ = 0;
  }
  kept_tags_ += page.tags.size() + 1;
  pages_[key] = page;
}

Result<std::string> HttpRegistries::digest(const Access& access, const model::ImageReference& reference, const std::stop_token& stop) {
  MUSTER_CHECK(check_reference(reference));
  const Question question = manifest_question(reference, "HEAD");
  auto answer = exchange_.ask(access, reference, question, stop);
  // Not every registry answers HEAD; a failure that says something about the tag stands.
  if (!answer.ok() && answer.failure().reason != Reason::invalid) return std::move(answer).failure();
  const std::string_view said = answer.ok() ? answer->header("docker-content-digest") : std::string_view();
  if (answer.ok() && Digest::parse(said) && is_manifest_type(answer->header("content-type"))) {
    if (reference.digest.empty() || reference.digest == said) return std::string(said);
    return stalled(Reason::corrupt, fmt::format("{}: the registry answers with {}", question.subject, said));
  }
  MUSTER_TRY(Manifest whole, manifest(access, reference, stop));
  return std::move(whole.digest);
}

Result<Manifest> HttpRegistries::manifest(const Access& access, const model::ImageReference& reference, const std::stop_token& stop) {
  MUSTER_CHECK(check_reference(reference));
  const Question question = manifest_question(reference, "GET");
  MUSTER_TRY(http::Answer answer, exchange_.ask(access, reference, question, stop));
  const std::string type(answer.header("content-type"));
  const std::string said(answer.header("docker-content-digest"));
  return with_context(manifest_in(std::move(answer.body), type, reference.digest, said), question.subject);
}

Result<std::string> HttpRegistries::blob(const Access& access, const model::ImageReference& repository, std::string_view digest,
                                         std::size_t limit, const std::stop_token& stop) {
  MUSTER_CHECK(check_reference(repository));
  const auto wanted = Digest::parse(digest);
  if (!wanted) return stalled(Reason::unsupported, fmt::format("a content of {} is no sha256 digest", repository.where()));
  Question question;
  question.path = fmt::format("/v2/{}/blobs/{}", repository.repository, digest);
  question.subject = fmt::format("{}@{}", repository.where(), digest);
  question.bytes = limit;
  MUSTER_TRY(http::Answer answer, exchange_.ask(access, repository, question, stop));
  if (sha256(answer.body) != *wanted)
    return stalled(Reason::corrupt, fmt::format("{}: the registry sends {}", question.subject, sha256(answer.body).text()));
  return std::move(answer.body);
}

}  // namespace

std::unique_ptr<Registries> make_registries(const World& world, http::Client& client, Secrets& secrets, Settings settings) {
  return std::make_unique<HttpRegistries>(world, client, secrets, std::move(settings));
}

}  // namespace muster::registry

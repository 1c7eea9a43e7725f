#include "muster/record/standing.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "muster/manifest/order.hpp"
#include "muster/manifest/yaml.hpp"
#include "muster/record/layout.hpp"

namespace muster::record {
namespace {

constexpr std::size_t kMaxStatementBytes = std::size_t{4} << 20U;
constexpr int kMaxFolders = 8;  ///< Nested below a service's folder; muster writes one at most.

/// Muster writes neither, and reading nothing in their place would look like a removal.
bool is_link(const git::TreeEntry& entry) { return entry.mode == git::Mode::symlink || entry.mode == git::Mode::submodule; }

Failure refused_link(std::string_view path) {
  return stalled(Reason::invalid,
                 fmt::format("{} is a link, which muster does not follow on an environment branch; put the file itself there", path));
}

/// What stands below a service's folder, by path below it.
struct ObjectFiles {
  git::Repository& repository;
  std::string_view service;
  std::map<std::string, git::Oid> found;  ///< Blobs that hold objects.
  std::map<std::string, git::Oid> links;

  Result<void> collect(const git::Oid& folder, const std::string& prefix = "", int depth = 0) {
    if (depth > kMaxFolders)
      return stalled(Reason::limit, fmt::format("{}/{}: folders are nested deeper than {}", service, prefix, kMaxFolders));
    MUSTER_TRY(const auto entries, repository.tree(folder));
    for (const auto& entry : entries) {
      const std::string path = prefix + entry.name;
      if (entry.mode == git::Mode::tree) {
        MUSTER_CHECK(collect(entry.id, path + "/", depth + 1));
      } else if (is_link(entry)) {
        links.emplace(path, entry.id);
      } else if (is_object_file(path)) {
        found.emplace(path, entry.id);
      }
    }
    return {};
  }
};

}  // namespace

Standing::Standing(std::shared_ptr<git::Repository> repository, git::Oid commit) : repository_(std::move(repository)), commit_(commit) {}

Standing Standing::of_tree(std::shared_ptr<git::Repository> repository, git::Oid tree) {
  Standing standing(std::move(repository), git::Oid{});
  standing.tree_ = tree;
  return standing;
}

Result<void> Standing::load() {
  MUSTER_CHECK(root());
  return {};
}

Result<const Standing::Root*> Standing::root() {
  if (root_) return root_.get();
  if (!tree_) {
    MUSTER_TRY(const auto commit, repository_->commit(commit_));
    tree_ = commit.tree;
  }
  MUSTER_TRY(auto entries, repository_->tree(*tree_));
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  root_ = std::make_shared<const Root>(std::move(entries));
  return root_.get();
}

Result<const git::TreeEntry*> Standing::root_entry(std::string_view name) {
  MUSTER_TRY(const Root* entries, root());
  const auto found =
      std::lower_bound(entries->begin(), entries->end(), name, [](const auto& entry, auto wanted) { return entry.name < wanted; });
  return found == entries->end() || found->name != name ? nullptr : &*found;
}

Result<std::vector<std::string>> Standing::services() {
  MUSTER_TRY(const Root* entries, root());
  std::vector<std::string> names;
  for (const auto& entry : *entries) {
    if ((entry.mode == git::Mode::tree || is_link(entry)) && is_service_name(entry.name)) names.push_back(entry.name);
  }
  return names;
}

Result<std::optional<git::Oid>> Standing::folder(std::string_view service) {
  MUSTER_TRY(const auto* found, root_entry(service));
  if (found == nullptr || !is_service_name(service)) return std::optional<git::Oid>{};
  if (found->mode != git::Mode::tree && !is_link(*found)) return std::optional<git::Oid>{};
  return std::optional(found->id);
}

Result<std::optional<git::Oid>> Standing::readable_folder(std::string_view service) {
  MUSTER_TRY(auto found, folder(service));
  if (!found) return found;
  MUSTER_TRY(const auto* entry, root_entry(service));
  if (is_link(*entry)) return refused_link(service);
  return found;
}

Result<std::optional<Descriptor>> Standing::descriptor(std::string_view service) {
  const auto known = descriptors_.find(service);
  if (known != descriptors_.end()) return std::optional(known->second);
  MUSTER_TRY(const auto found, folder(service));
  if (!found) return std::optional<Descriptor>{};
  Descriptor descriptor{std::string(service), *found, std::nullopt, ""};
  const std::string path = release_path(service);
  if (const auto readable = readable_folder(service); !readable.ok()) {
    descriptor.trouble = readable.failure().text;
    return std::optional(descriptors_.emplace(service, std::move(descriptor)).first->second);
  }
  MUSTER_TRY(const auto entry, git::find_entry(*repository_, *found, kReleaseFile));
  if (!entry) {
    descriptor.trouble = fmt::format("{} is not there", path);
  } else {
    // A folder in its place, a file without end: the trouble of this service, not of the whole pass.
    const auto bytes = repository_->blob(entry->id, manifest::kMaxFileBytes);
    if (!bytes.ok() && bytes.failure().kind != FailureKind::stalled) return bytes.failure();
    auto release = bytes.ok() ? parse_release(*bytes, path) : Result<Release>(Failure(bytes.failure()).with_context(path));
    if (release.ok()) {
      descriptor.release = std::move(release).value();
    } else {
      descriptor.trouble = release.failure().text;
    }
  }
  return std::optional(descriptors_.emplace(service, std::move(descriptor)).first->second);
}

Result<DescriptorObjects> read_objects(git::Repository& repository, const git::Oid& folder, std::string_view service) {
  ObjectFiles files{repository, service, {}, {}};
  MUSTER_CHECK(files.collect(folder));
  if (!files.links.empty()) return refused_link(fmt::format("{}/{}", service, files.links.begin()->first));
  DescriptorObjects out;
  for (const auto& [path, blob] : files.found) {
    MUSTER_TRY(const std::string bytes, repository.blob(blob, manifest::kMaxFileBytes));
    MUSTER_TRY(auto objects, manifest::parse_objects(bytes, std::string(service) + "/" + path));
    std::move(objects.begin(), objects.end(), std::back_inserter(out.objects));
  }
  std::sort(out.objects.begin(), out.objects.end(), [](const auto& a, const auto& b) { return manifest::applies_before(a.id, b.id); });
  const auto twice = std::adjacent_find(out.objects.begin(), out.objects.end(), [](const auto& a, const auto& b) { return a.id == b.id; });
  if (twice != out.objects.end()) {
    return stalled(Reason::invalid,
                   fmt::format("{} and {} both describe {}; keep one", twice->at.text(), std::next(twice)->at.text(), twice->id.text()));
  }
  out.digest = manifest::digest(out.objects);
  return out;
}

Result<DescriptorObjects> Standing::objects(std::string_view service) {
  MUSTER_TRY(const auto found, readable_folder(service));
  if (!found) return wait(Reason::absent, fmt::format("{} does not stand", service));
  return read_objects(*repository_, *found, service);
}

Result<std::string> Standing::edited(std::string_view service) {
  MUSTER_TRY(const auto found, descriptor(service));
  if (!found) return std::string();
  if (!found->release) return found->trouble;
  if (found->release->service != service) return fmt::format("{} is of `{}`", release_path(service), found->release->service);
  if (release_digest(found->release->values()) != found->release->release) return fmt::format("{} was edited", release_path(service));
  auto read = objects(service);
  if (!read.ok()) {
    const Reason reason = read.failure().reason;
    if (reason == Reason::invalid || reason == Reason::limit || reason == Reason::corrupt) return std::move(read).failure().text;
    return std::move(read).failure();
  }
  if (read->digest != found->release->objects)
    return fmt::format("objects of {} differ from what {} says of them", service, release_path(service));
  return std::string();
}

Result<std::map<std::string, git::Oid>> Standing::files(std::string_view service) {
  MUSTER_TRY(const auto found, readable_folder(service));
  ObjectFiles files{*repository_, service, {}, {}};
  if (found) MUSTER_CHECK(files.collect(*found));
  files.found.merge(files.links);
  return std::move(files.found);
}

Result<std::optional<std::vector<manifest::ObjectId>>> Standing::identities(std::string_view service) {
  auto read = objects(service);
  std::vector<manifest::ObjectId> ids;
  if (read.ok()) {
    for (const auto& object : read->objects) ids.push_back(object.id);
    return std::optional(std::move(ids));
  }
  if (read.failure().reason == Reason::absent) return std::optional(std::move(ids));
  // A descriptor that cannot be read still says what it was made of.
  MUSTER_TRY(const auto found, descriptor(service));
  if (!found || !found->release) return std::optional<std::vector<manifest::ObjectId>>{};
  return std::optional(found->release->identities);
}

Result<EnvironmentFile> Standing::environment_file() {
  MUSTER_TRY(const auto* found, root_entry(kEnvironmentFile));
  if (found == nullptr) return stalled(Reason::invalid, fmt::format("the branch has no {}", kEnvironmentFile));
  MUSTER_TRY(const std::string bytes, repository_->blob(found->id, kMaxStatementBytes));
  return parse_environment_file(bytes, kEnvironmentFile);
}

Result<std::map<std::string, std::string>> Standing::statements(std::string_view folder_name) {
  std::map<std::string, std::string> out;
  MUSTER_TRY(const auto* found, root_entry(folder_name));
  if (found == nullptr || found->mode != git::Mode::tree) return out;
  MUSTER_TRY(const auto files, repository_->tree(found->id));
  for (const auto& file : files) {
    if (file.mode != git::Mode::file || !file.name.ends_with(".yaml")) continue;
    MUSTER_TRY(std::string bytes, repository_->blob(file.id, kMaxStatementBytes));
    out.emplace(fmt::format("{}/{}", folder_name, file.name), std::move(bytes));
  }
  return out;
}

Result<std::map<std::string, Hold, std::less<>>> Standing::holds() {
  std::map<std::string, Hold, std::less<>> holds;
  MUSTER_TRY(const auto files, statements(kHoldsFolder));
  for (const auto& [path, bytes] : files) {
    const std::size_t start = kHoldsFolder.size() + 1;
    const std::string service = path.substr(start, path.size() - start - std::string_view(".yaml").size());
    auto hold = parse_hold(bytes, path);
    // The file's name decides whom it holds: what somebody wrote in haste still holds.
    Hold held = hold.ok() ? std::move(hold).value() : Hold{service, Instant{}, "", hold.failure().text, false};
    held.service = service;
    holds.emplace(service, std::move(held));
  }
  return holds;
}

Result<std::map<std::string, Approval, std::less<>>> Standing::approvals() {
  std::map<std::string, Approval, std::less<>> approvals;
  MUSTER_TRY(const auto files, statements(kApprovalsFolder));
  for (const auto& [path, bytes] : files) {
    auto approval = parse_approval(bytes, path);
    if (approval.ok()) approvals.emplace(path, std::move(approval).value());
  }
  return approvals;
}

bool is_object_file(std::string_view path) {
  return (path.ends_with(".yaml") || path.ends_with(".yml") || path.ends_with(".json")) && path != kReleaseFile;
}

}  // namespace muster::record

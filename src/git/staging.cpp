#include "git/staging.hpp"

#include <git2/sys/odb_backend.h>

#include <algorithm>
#include <cstring>

namespace muster::git {
namespace {

/// libgit2 knows it as its first member.
struct Backend {
  git_odb_backend base{};
  std::shared_ptr<Staging> staging;
};

std::shared_ptr<const Staging::Object> find_in(git_odb_backend* backend, const git_oid* id) {
  return reinterpret_cast<Backend*>(backend)->staging->find(from_raw(*id));
}

int read(void** data, std::size_t* size, git_object_t* type, git_odb_backend* backend, const git_oid* id) {
  const auto object = find_in(backend, id);
  if (!object) return GIT_ENOTFOUND;
  *data = git_odb_backend_data_alloc(backend, object->bytes.size() + 1);
  if (*data == nullptr) return GIT_ERROR;
  std::memcpy(*data, object->bytes.data(), object->bytes.size());
  static_cast<char*>(*data)[object->bytes.size()] = '\0';
  *size = object->bytes.size();
  *type = object->type;
  return 0;
}

int read_header(std::size_t* size, git_object_t* type, git_odb_backend* backend, const git_oid* id) {
  const auto object = find_in(backend, id);
  if (!object) return GIT_ENOTFOUND;
  *size = object->bytes.size();
  *type = object->type;
  return 0;
}

int exists(git_odb_backend* backend, const git_oid* id) { return find_in(backend, id) ? 1 : 0; }

void release(git_odb_backend* backend) { delete reinterpret_cast<Backend*>(backend); }

}  // namespace

std::shared_ptr<const Staging::Object> Staging::find(const Oid& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(id);
  return found == objects_.end() ? nullptr : found->second;
}

void Staging::put(const Oid& id, git_object_t type, std::string bytes) {
  const std::size_t size = bytes.size();
  auto object = std::make_shared<const Object>(Object{type, std::move(bytes)});
  const std::lock_guard lock(mutex_);
  if (objects_.emplace(id, std::move(object)).second) bytes_ += size;
}

std::vector<Oid> Staging::ids() const {
  const std::lock_guard lock(mutex_);
  std::vector<Oid> out;
  out.reserve(objects_.size());
  for (const auto& [id, object] : objects_) out.push_back(id);
  std::sort(out.begin(), out.end());
  return out;
}

std::size_t Staging::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

void Staging::forget(const std::vector<Oid>& ids) {
  const std::lock_guard lock(mutex_);
  for (const Oid& id : ids) {
    const auto found = objects_.find(id);
    if (found == objects_.end()) continue;
    bytes_ -= found->second->bytes.size();
    objects_.erase(found);
  }
}

int attach(git_odb* odb, std::shared_ptr<Staging> staging) {
  constexpr int kBeforePacksAndLooseFiles = 100;
  auto backend = std::make_unique<Backend>();
  if (const int code = git_odb_init_backend(&backend->base, GIT_ODB_BACKEND_VERSION); code != 0) return code;
  backend->base.read = read;
  backend->base.read_header = read_header;
  backend->base.exists = exists;
  backend->base.free = release;
  backend->staging = std::move(staging);
  const int code = git_odb_add_backend(odb, &backend->base, kBeforePacksAndLooseFiles);
  if (code == 0) backend.release();
  return code;
}

}  // namespace muster::git

// Objects that were written and not yet stored: kept in memory, readable through every handle of their repository, and
// stored as one pack when a ref is about to name them. So a record of a thousand services is one file, not thousands,
// and a crash before the ref moved leaves nothing behind.
//
// Thread-safe. Ownership: shared by the repository and the backends it hands to libgit2.
#pragma once

#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "git/library.hpp"

namespace muster::git {

class Staging {
 public:
  struct Object {
    git_object_t type = GIT_OBJECT_INVALID;
    std::string bytes;
  };

  [[nodiscard]] std::shared_ptr<const Object> find(const Oid& id) const;
  void put(const Oid& id, git_object_t type, std::string bytes);
  /// In order of id, so that equal objects make equal packs.
  [[nodiscard]] std::vector<Oid> ids() const;
  [[nodiscard]] std::size_t bytes() const;
  void forget(const std::vector<Oid>& ids);

 private:
  struct FirstBytes {  ///< Of a hash, which are as good as another hash of it.
    std::size_t operator()(const Oid& id) const {
      std::size_t out = 0;
      std::memcpy(&out, id.bytes.data(), sizeof out);
      return out;
    }
  };
  mutable std::mutex mutex_;
  std::unordered_map<Oid, std::shared_ptr<const Object>, FirstBytes> objects_;
  std::size_t bytes_ = 0;
};

/// Makes `odb` look into `staging` first. Returns libgit2's code.
int attach(git_odb* odb, std::shared_ptr<Staging> staging);

}  // namespace muster::git

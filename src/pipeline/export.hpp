// Export: the files of a service's tree as plain files in a folder, for programs that cannot read git's objects.
//
// Links become the files and folders that they lead to, as source::Tree reads them; one that leads nowhere or out of the
// repository is a failure, submodules are left out. Permissions are git's two, whatever the umask, so that equal trees give equal images.
// Failures: invalid (names, links), limit, and those of git and the disk. Thread-safety: as its arguments.
#pragma once

#include <cstdint>
#include <stop_token>

#include "muster/base/files.hpp"
#include "muster/source/tree.hpp"

namespace muster::pipeline {

struct ExportLimits {
  std::uint64_t total = std::uint64_t{4} << 30U;  ///< Bytes of all files together.
  std::size_t file = std::size_t{1} << 30U;       ///< Bytes of one file.
};

/// `folder` must not be there yet, or be empty.
Result<void> export_tree(Files& files, const source::Tree& tree, const Path& folder, const ExportLimits& limits,
                         const std::stop_token& stop);

}  // namespace muster::pipeline

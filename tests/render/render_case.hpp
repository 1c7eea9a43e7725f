// One case of rendering: a repository made by git's own program, and an instance that reads it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "muster/render/render.hpp"
#include "muster/source/tree.hpp"
#include "support/git_repository.hpp"
#include "support/temporary.hpp"

namespace muster::render::test {

class RenderCase {
 public:
  RenderCase();

  /// Commits `files` on top of what there is, and reads folder `path` at that commit from now on.
  void commit(const muster::test::GitRepository::Files& files, std::string_view path = "");
  /// All files below a folder of the disk, links included.
  void commit_folder(const std::filesystem::path& folder, std::string_view path = "");
  [[nodiscard]] Request request(unsigned jobs = 1) const;
  /// The objects as descriptors show them, joined by `---`, or "failed (<kind>, <reason>): <text>".
  [[nodiscard]] std::string rendered(unsigned jobs = 1) const;

  model::Instance instance;
  std::map<std::string, std::string, std::less<>> images;
  std::shared_ptr<const source::Tree> tree;

 private:
  muster::test::TemporaryFolder folder_;
  muster::test::GitRepository repository_;
};

/// The objects of a result as text.
std::string text_of(const Result<Rendered>& result);

}  // namespace muster::render::test

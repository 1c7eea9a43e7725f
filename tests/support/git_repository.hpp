// A git repository made with git's own program, for tests and benchmarks. Shut off from the user's configuration.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::test {

/// Runs a program with its input; throws std::runtime_error with its standard error when it fails.
std::string run_program(const std::vector<std::string>& argv, std::string_view input = {}, const std::filesystem::path& directory = {});
/// The folder of a program on PATH or where Debian keeps servers; nullopt where it is not installed.
std::optional<std::filesystem::path> find_program(std::string_view name);

class GitRepository {
 public:
  enum class Kind { bare, work_tree };
  /// Path to content; an empty optional deletes.
  using Files = std::map<std::string, std::optional<std::string>>;

  /// Makes an empty repository whose HEAD is `main`.
  explicit GitRepository(std::filesystem::path path, Kind kind = Kind::bare);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::string url() const { return "file://" + path_.string(); }
  /// Runs git here; its output without the last newline.
  std::string git(const std::vector<std::string>& arguments, std::string_view input = {}) const;
  /// A commit on top of a branch, made without a checkout; returns its id. Each is a second later than the last.
  std::string commit(const Files& files, std::string_view message = "change", std::string_view branch = "main");
  /// Feeds `git fast-import`, the quickest way to many commits.
  void import(std::string_view stream) const;
  /// `count` commits on a branch, each writing `counter.txt`; the last one's id.
  std::string commit_many(std::size_t count, std::string_view branch = "main");
  [[nodiscard]] std::string tip(std::string_view ref = "refs/heads/main") const;

 private:
  std::filesystem::path path_;
  std::int64_t second_ = 1'700'000'000;
};

}  // namespace muster::test

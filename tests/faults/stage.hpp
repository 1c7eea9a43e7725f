// A fleet with its repositories in a folder of its own, on which the real program is run with and without faults.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "support/temporary.hpp"

namespace muster::test {

struct Ran {
  int code = 0;  ///< 128 + n where signal n ended it.
  std::string output;
};

/// Runs a command line by the shell.
Ran run(const std::string& command);
/// Runs git, which must succeed.
std::string git(const std::filesystem::path& where, const std::string& arguments);

/// Where the environment repository is.
enum class Records { beside, embedded, http };
/// What the run under test finds.
enum class Begin {
  nothing,  ///< Nothing was ever recorded or applied.
  changed,  ///< All was applied; since then a source, a declaration, a new service and a removal wait.
};

class Stage {
 public:
  /// `http`: the server's root URL and folder, for Records::http.
  struct Server {
    std::string url;
    std::filesystem::path folder;
  };
  Stage(Records records, Begin begin, const Server& server = {});

  [[nodiscard]] const std::filesystem::path& root() const { return folder_.path(); }
  [[nodiscard]] const std::filesystem::path& environments() const { return environments_; }

  /// A commit to a service's repository.
  void change(const std::string& service, const std::string& text) const;
  /// `muster apply`, with a fault unless it is empty.
  [[nodiscard]] Ran apply(const std::string& fault, int jobs) const { return muster("apply --jobs " + std::to_string(jobs), fault); }
  [[nodiscard]] Ran muster(const std::string& words, const std::string& fault = "") const;

  /// Everything that people and other tools can see: the targets' objects (path to content) and the branches' files (branch and path to
  /// blob).
  [[nodiscard]] std::map<std::string, std::string> visible() const;
  /// Each environment branch and its tip.
  [[nodiscard]] std::string tips() const;
  /// `service input=value` of every record of an environment, so that a release recorded twice shows.
  [[nodiscard]] std::multiset<std::string> recorded(const std::string& environment) const;

 private:
  void make_world(Records records, const Server& server);

  TemporaryFolder folder_;
  std::filesystem::path environments_;
};

inline constexpr const char* kEnvironments[] = {"staging", "production"};

/// Calls `body(i)` for each i below `count`, as many at once as there are processors.
void on_all_processors(std::size_t count, const std::function<void(std::size_t)>& body);

}  // namespace muster::test

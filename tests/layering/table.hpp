// The architecture as data: which room may use which, where each library and each door to the outside world may be.
// The table of CONTRIBUTING.md, "Rooms", is this one; the tests of this folder hold the sources and the build against it.
#pragma once

#include <string_view>
#include <vector>

namespace muster::layering {

struct Room {
  int row;  ///< Arrows point to smaller rows only.
  std::string_view name;
  std::vector<std::string_view> uses;  ///< And whatever these use.
};

inline const std::vector<Room> kRooms = {
    {0, "base", {}},
    {1, "diag", {"base"}},
    {1, "manifest", {"base"}},
    {1, "http", {"base"}},
    {2, "git", {"base", "http"}},
    {2, "model", {"base", "diag"}},
    {3, "lang", {"model"}},
    {4, "graph", {"model"}},
    {4, "source", {"model", "git"}},
    {4, "registry", {"model", "manifest", "http"}},
    {5, "pipeline", {"source", "registry"}},
    {5, "render", {"model", "manifest", "source"}},
    {5, "target", {"manifest", "model", "http"}},
    {5, "record", {"model", "manifest", "git"}},
    {6, "deliver", {"graph", "source", "registry", "pipeline", "render", "record"}},
    {6, "reconcile", {"graph", "target", "record"}},
    {7, "daemon", {"lang", "deliver", "reconcile"}},
    {8, "web", {"daemon"}},
    {9, "cli", {"daemon", "web"}},
};

/// A library is private to the rooms it is named for: its headers are in no public header of theirs.
struct Library {
  std::string_view name;
  std::vector<std::string_view> headers;  ///< Prefixes of what stands between < and >.
  std::vector<std::string_view> rooms;
  bool one_file = false;  ///< Expensive to compile, or to be replaced in one place: one .cpp includes it.
  bool in_public_headers = false;
};

inline const std::vector<Library> kLibraries = {
    {"fmt", {"fmt/"}, {"*"}, false, true},
    {"spdlog", {"spdlog/"}, {"base"}},
    {"OpenSSL", {"openssl/"}, {"base"}},
    {"libyaml", {"yaml.h"}, {"manifest"}},
    {"yaml-cpp", {"yaml-cpp/"}, {"manifest"}},
    {"Boost.JSON", {"boost/json", "boost/system"}, {"manifest", "diag"}},
    {"simdjson", {"simdjson.h"}, {"manifest"}},
    {"libcurl", {"curl/"}, {"http"}},
    {"libgit2", {"git2.h", "git2/"}, {"git"}},
    {"PEGTL", {"tao/"}, {"lang"}, true},
    {"Boost.Graph", {"boost/graph", "boost/property_map"}, {"graph"}},
    {"oneTBB", {"tbb/", "oneapi/"}, {"reconcile"}, true},
    {"Boost.Beast", {"boost/beast", "boost/asio"}, {"web"}, true},
    {"prometheus-cpp", {"prometheus/"}, {"web"}},
    {"CLI11", {"CLI/"}, {"cli"}},
    // The system's own interfaces: files, processes, terminal.
    {"POSIX",
     {"sys/", "unistd.h", "fcntl.h", "dirent.h", "poll.h", "termios.h", "signal.h", "netdb.h", "pthread.h", "netinet/", "arpa/"},
     {"base", "git", "cli"}},
};

/// A door to the outside world that is not passed in. What stands behind it is passed in everywhere else.
struct Door {
  std::string_view words;  ///< As they stand in the source, a word's beginning in front.
  std::vector<std::string_view>
      files;  ///< Prefixes of the paths that may use them. (git waits for other git programs' locks on the real disk.)
  std::string_view instead;
};

inline const std::vector<Door> kDoors = {
    {"getenv(", {"src/cli/"}, "what cli passes in"},
    {"environ", {"src/cli/"}, "what cli passes in"},
    {"isatty(", {"src/cli/"}, "what cli passes in"},
    {"ioctl(", {"src/cli/"}, "what cli passes in"},
    {"int main(", {"src/cli/main.cpp"}, "a function"},
    {"std::cout", {"src/cli/"}, "a returned value"},
    {"std::cerr", {"src/cli/"}, "muster/base/log.hpp"},
    {"std::cin", {"src/cli/"}, "what cli passes in"},
    {"printf(", {"src/cli/"}, "fmt::format"},
    {"fmt::print(", {"src/cli/"}, "a returned value"},
    {"system_clock::now", {"src/base/system_"}, "Clock of the World"},
    {"steady_clock::now", {"src/base/system_"}, "Clock of the World"},
    {"high_resolution_clock", {}, "Clock of the World"},
    {"clock_gettime(", {"src/base/system_"}, "Clock of the World"},
    {"gettimeofday(", {}, "Clock of the World"},
    {"sleep_for(", {"src/base/system_", "src/git/refs.cpp"}, "Clock of the World"},
    {"localtime", {}, "an explicit time zone"},
    {"random_device", {}, "Random of the World"},
    {"RAND_bytes(", {"src/base/system_"}, "Random of the World"},
    {"std::rand", {}, "Random of the World"},
    {"std::mt19937", {}, "Random of the World"},
    {"std::ifstream", {}, "Files of the World"},
    {"std::ofstream", {}, "Files of the World"},
    {"std::fstream", {}, "Files of the World"},
    {"fopen(", {}, "Files of the World"},
    {"fork(", {"src/base/child.cpp"}, "Processes of the World"},
    {"execve(", {"src/base/child.cpp"}, "Processes of the World"},
    {"popen(", {}, "Processes of the World"},
    {"std::system(", {}, "Processes of the World"},
};

/// What stands at the top of the project, and nothing else.
inline const std::vector<std::string_view> kTopLevel = {
    ".ci",
    ".clang-format",
    ".clang-tidy",
    ".git",
    ".github",
    ".gitignore",
    ".muster",
    "CMakeLists.txt",
    "CMakePresets.json",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "build",
    "examples",
    "grammar",
    "include",
    "src",
    "stdlib",
    "tests",
};

}  // namespace muster::layering

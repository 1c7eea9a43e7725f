#include "support/git_repository.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <stdexcept>

#include "muster/base/process.hpp"

namespace muster::test {
namespace {

constexpr const char* kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const std::map<std::string, std::string>& environment() {
  static const std::map<std::string, std::string> variables = {
      {"PATH", kPath},
      {"HOME", "/nonexistent"},
      {"LC_ALL", "C"},
      {"GIT_CONFIG_GLOBAL", "/dev/null"},
      {"GIT_CONFIG_SYSTEM", "/dev/null"},
      {"GIT_AUTHOR_NAME", "Ada"},
      {"GIT_AUTHOR_EMAIL", "ada@example.org"},
      {"GIT_COMMITTER_NAME", "Ada"},
      {"GIT_COMMITTER_EMAIL", "ada@example.org"},
      {"GIT_TERMINAL_PROMPT", "0"},
  };
  return variables;
}

}  // namespace

std::string run_program(const std::vector<std::string>& argv, std::string_view input, const std::filesystem::path& directory) {
  Command command;
  command.argv = argv;
  command.environment = environment();
  command.directory = directory;
  command.input = input;
  command.limits.output_bytes = std::size_t{512} << 20U;
  auto output = system_processes().run(command, {});
  if (!output.ok()) throw std::runtime_error(argv[0] + ": " + output.failure().text);
  if (output->exit_code != 0) {
    std::string line;
    for (const std::string& argument : argv) line += argument + " ";
    throw std::runtime_error(fmt::format("{}exits with {}: {}", line, output->exit_code, output->error));
  }
  return output->out;
}

std::optional<std::filesystem::path> find_program(std::string_view name) {
  for (const char* folder : {"/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/lib/git-core", "/bin", "/sbin"}) {
    const std::filesystem::path program = std::filesystem::path(folder) / name;
    if (::access(program.c_str(), X_OK) == 0) return program;
  }
  return std::nullopt;
}

GitRepository::GitRepository(std::filesystem::path path, Kind kind) : path_(std::move(path)) {
  std::vector<std::string> argv = {"git", "init", "-q", "-b", "main", "--template=", path_.string()};
  if (kind == Kind::bare) argv.insert(argv.begin() + 2, "--bare");
  run_program(argv);
}

std::string GitRepository::git(const std::vector<std::string>& arguments, std::string_view input) const {
  std::vector<std::string> argv = {"git", "-C", path_.string()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  std::string out = run_program(argv, input);
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

void GitRepository::import(std::string_view stream) const { git({"fast-import", "--quiet", "--force"}, stream); }

std::string GitRepository::commit(const Files& files, std::string_view message, std::string_view branch) {
  const std::string who = fmt::format("Ada <ada@example.org> {} +0000", second_++);
  std::string stream =
      fmt::format("commit refs/heads/{}\nauthor {}\ncommitter {}\ndata {}\n{}\n", branch, who, who, message.size(), message);
  const std::string heads = git({"for-each-ref", "--format=%(refname)", fmt::format("refs/heads/{}", branch)});
  if (!heads.empty()) stream += fmt::format("from refs/heads/{}^0\n", branch);
  for (const auto& [file, content] : files) {
    if (content) stream += fmt::format("M 100644 inline {}\ndata {}\n{}\n", file, content->size(), *content);
    if (!content) stream += fmt::format("D {}\n", file);
  }
  import(stream);
  return tip(fmt::format("refs/heads/{}", branch));
}

std::string GitRepository::commit_many(std::size_t count, std::string_view branch) {
  std::string stream;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string who = fmt::format("Ada <ada@example.org> {} +0000", second_++);
    const std::string number = std::to_string(i);
    stream +=
        fmt::format("commit refs/heads/{}\nauthor {}\ncommitter {}\ndata {}\nchange {}\n", branch, who, who, number.size() + 7, number);
    stream += fmt::format("M 100644 inline counter.txt\ndata {}\n{}\n", number.size(), number);
  }
  import(stream);
  return tip(fmt::format("refs/heads/{}", branch));
}

std::string GitRepository::tip(std::string_view ref) const { return git({"rev-parse", std::string(ref)}); }

}  // namespace muster::test

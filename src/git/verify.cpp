#include "muster/git/verify.hpp"

#include <fmt/format.h>

#include "muster/base/text.hpp"

namespace muster::git {
namespace {

/// A commit taken apart: what was signed, and by what.
struct Signed {
  std::string payload;
  std::string signature;  ///< Armoured.
};

/// The `gpgsig` header holds the signature, continuation lines begin with a space; what was signed is the rest.
std::optional<Signed> take_apart(std::string_view raw) {
  static constexpr std::string_view kHeader = "gpgsig ";
  Signed out;
  bool in_header = true;
  bool in_signature = false;
  while (!raw.empty()) {
    const std::size_t end = raw.find('\n');
    const std::string_view line = raw.substr(0, end == std::string_view::npos ? raw.size() : end + 1);
    raw.remove_prefix(line.size());
    if (in_header && line == "\n") in_header = false;
    if (in_header && line.starts_with(kHeader)) {
      in_signature = true;
      out.signature += line.substr(kHeader.size());
    } else if (in_header && in_signature && line.starts_with(' ')) {
      out.signature += line.substr(1);
    } else {
      in_signature = false;
      out.payload += line;
    }
  }
  return out.signature.empty() ? std::nullopt : std::optional(std::move(out));
}

/// A folder of its own for the programs' files, removed afterwards.
class Scratch {
 public:
  static Result<std::unique_ptr<Scratch>> make(const World& world) {
    std::error_code error;
    const Path base = std::filesystem::temp_directory_path(error);
    auto out = std::unique_ptr<Scratch>(new Scratch(world, (error ? Path("/tmp") : base) / ("muster-verify-" + world.random.hex(12))));
    MUSTER_CHECK(world.files.make_directories(out->path_));
    std::filesystem::permissions(out->path_, std::filesystem::perms::owner_all, error);
    return out;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { (void)world_.files.remove_all(path_); }
  Result<std::string> write(std::string_view name, std::string_view text) {
    MUSTER_CHECK(world_.files.write_atomic(path_ / name, text));
    return (path_ / name).string();
  }
  [[nodiscard]] const Path& path() const { return path_; }

 private:
  Scratch(const World& world, Path path) : world_(world), path_(std::move(path)) {}
  World world_;
  Path path_;
};

Command program(std::vector<std::string> argv, const std::map<std::string, std::string>& environment, const Path& home) {
  Command command;
  command.argv = std::move(argv);
  const auto path = environment.find("PATH");
  command.environment["PATH"] = path == environment.end() ? "/usr/local/bin:/usr/bin:/bin" : path->second;
  command.environment["HOME"] = home.string();
  command.environment["GNUPGHOME"] = home.string();
  command.environment["LC_ALL"] = "C";
  command.limits.time = std::chrono::seconds(20);
  command.limits.output_bytes = std::size_t{1} << 20U;
  return command;
}

/// One key in one line, as it stands in a `.pub` file: no options, no second signer behind a newline.
bool is_ssh_key(std::string_view key) {
  const std::string_view text = trim(key);
  const bool is_known = text.starts_with("ssh-") || text.starts_with("ecdsa-sha2-") || text.starts_with("sk-");
  return is_known && text.find_first_of(std::string_view("\n\r\0", 3)) == std::string_view::npos;
}

Result<bool> signed_by_ssh(const World& world, const std::map<std::string, std::string>& environment, const Signed& commit,
                           const std::string& key, const std::stop_token& stop) {
  MUSTER_TRY(const auto scratch, Scratch::make(world));
  MUSTER_TRY(const std::string allowed, scratch->write("allowed", fmt::format("member namespaces=\"git\" {}\n", trim(key))));
  MUSTER_TRY(const std::string signature, scratch->write("signature", commit.signature));
  Command command =
      program({"ssh-keygen", "-Y", "verify", "-n", "git", "-f", allowed, "-I", "member", "-s", signature}, environment, scratch->path());
  command.input = commit.payload;
  MUSTER_TRY(const ProcessOutput out, world.processes.run(command, stop));
  return out.exit_code == 0;
}

Result<bool> signed_by_gpg(const World& world, const std::map<std::string, std::string>& environment, const Signed& commit,
                           const std::string& key, const std::stop_token& stop) {
  MUSTER_TRY(const auto scratch, Scratch::make(world));
  MUSTER_TRY(const std::string public_key, scratch->write("key", key));
  MUSTER_TRY(const std::string signature, scratch->write("signature", commit.signature));
  MUSTER_TRY(const ProcessOutput imported,
             world.processes.run(program({"gpg", "--batch", "--quiet", "--import", public_key}, environment, scratch->path()), stop));
  if (imported.exit_code != 0) return false;
  Command command =
      program({"gpg", "--batch", "--status-fd", "1", "--trust-model", "always", "--verify", signature, "-"}, environment, scratch->path());
  command.input = commit.payload;
  MUSTER_TRY(const ProcessOutput out, world.processes.run(command, stop));
  return out.exit_code == 0 && out.out.find("[GNUPG:] VALIDSIG") != std::string::npos;
}

}  // namespace

Result<std::optional<std::string>> verify_commit(const World& world, const std::map<std::string, std::string>& environment,
                                                 std::string_view raw_commit, std::span<const std::string> keys,
                                                 const std::stop_token& stop) {
  const std::optional<Signed> commit = take_apart(raw_commit);
  if (!commit) return std::optional<std::string>();
  const bool by_ssh = commit->signature.starts_with("-----BEGIN SSH SIGNATURE-----");
  for (const std::string& key : keys) {
    if (by_ssh ? !is_ssh_key(key) : !key.starts_with("-----BEGIN PGP")) continue;
    MUSTER_TRY(const bool good,
               by_ssh ? signed_by_ssh(world, environment, *commit, key, stop) : signed_by_gpg(world, environment, *commit, key, stop));
    if (good) return std::optional(key);
  }
  return std::optional<std::string>();
}

}  // namespace muster::git

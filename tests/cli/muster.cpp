#include "cli/muster.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "muster/base/process.hpp"
#include "muster/base/text.hpp"
#include "muster/manifest/yaml.hpp"
#include "support/golden.hpp"

namespace muster::test {

namespace fs = std::filesystem;

Value Ran::json() const {
  const std::string_view text = trim(out);
  const std::size_t line = text.find("\n{");
  Result<Value> value =
      manifest::parse_json(std::string(line == std::string_view::npos ? text : text.substr(text.rfind("\n{") + 1)), "standard output");
  if (value.ok()) return std::move(*value);
  ADD_FAILURE() << value.failure().text << "\n" << out << error;
  return {};
}

std::string config_map(const std::string& name, const std::string& text) {
  return fmt::format("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}\ndata:\n  text: {}\n", name, text);
}

Muster::Muster() {
  fs::create_directories(fleet());
  fs::create_directories(root() / "home");
  variables_ = {{"PATH", fs::path(MUSTER_BINARY).parent_path().string() + ":/usr/local/bin:/usr/bin:/bin"},
                {"HOME", (root() / "home").string()},
                {"LC_ALL", "C.UTF-8"},
                {"USER", "ada"},
                {"GIT_AUTHOR_NAME", "Ada"},
                {"GIT_AUTHOR_EMAIL", "ada@example.org"},
                {"GIT_COMMITTER_NAME", "Ada"},
                {"GIT_COMMITTER_EMAIL", "ada@example.org"},
                {"GIT_CONFIG_GLOBAL", "/dev/null"},
                {"GIT_CONFIG_SYSTEM", "/dev/null"}};
}

Ran Muster::muster_in(const fs::path& folder, const std::vector<std::string>& words) const {
  Command command;
  command.argv = {MUSTER_BINARY};
  command.argv.insert(command.argv.end(), words.begin(), words.end());
  command.environment = variables_;
  command.directory = folder;
  command.limits.time = std::chrono::minutes(2);
  const Result<ProcessOutput> output = system_processes().run(command, {});
  if (!output.ok()) {
    ADD_FAILURE() << join(words, " ") << ": " << output.failure().text;
    return {-1, "", output.failure().text};
  }
  return {output->exit_code, output->out, output->error};
}

Ran Muster::shell(const std::string& line) const {
  Command command;
  command.argv = {"/bin/bash", "-c", line};
  command.environment = variables_;
  command.directory = fleet();
  command.limits.time = std::chrono::minutes(2);
  const Result<ProcessOutput> output = system_processes().run(command, {});
  if (!output.ok()) {
    ADD_FAILURE() << line << ": " << output.failure().text;
    return {-1, "", output.failure().text};
  }
  return {output->exit_code, output->out, output->error};
}

void Muster::two_services() {
  write("fleet/shop.fleet", R"(fleet shop { language = "1.0" }
target stage-out : directory { path = "../out/staging" }
target prod-out : directory { path = "../out/production" }
environment staging { branch = "main", target = stage-out, namespace = "shop" }
environment production { from = staging, target = prod-out, namespace = "shop" }
service payments : std.manifests { repo = "../code/payments.git", path = "deploy" }
service cart : std.manifests { repo = "../code/cart.git", path = "deploy", needs = [payments] }
)");
  change("cart", "one");
  change("payments", "one");
}

GitRepository& Muster::repository(const std::string& name) {
  return repositories_.try_emplace(name, root() / "code" / (name + ".git")).first->second;
}

std::string Muster::change(const std::string& service, const std::string& text, const std::string& branch) {
  return repository(service).commit({{"deploy/all.yaml", config_map(service, text)}}, "Say " + text, branch);
}

std::string Muster::stands(const std::string& service, const std::string& environment) const {
  const fs::path file = root() / "out" / environment / "shop" / fmt::format("configmap-{}.yaml", service);
  if (!fs::exists(file)) return "";
  const std::string text = read_file(file);
  const std::size_t at = text.find("text: ");
  return at == std::string::npos ? text : text.substr(at + 6, text.find('\n', at) - at - 6);
}

void Muster::revert_with_git(const std::string& environment, const std::string& commit) {
  const fs::path clone = root() / "clone";
  fs::remove_all(clone);
  run_program({"git", "clone", "-q", "-b", environment, (fleet() / ".muster/records.git").string(), clone.string()});
  run_program({"git", "-C", clone.string(), "revert", "--no-edit", commit});
  run_program({"git", "-C", clone.string(), "push", "-q", "origin", environment});
}

}  // namespace muster::test

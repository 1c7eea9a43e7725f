#include "pipeline/fixture.hpp"

#include <fmt/core.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

#include "muster/base/digest.hpp"

namespace muster::pipeline {
namespace {

constexpr std::string_view kShell = R"(
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int count, char** words) {
  const char* line = count > 2 ? words[2] : "";
  if (strncmp(line, "print ", 6) == 0) puts(line + 6);
  if (strncmp(line, "show ", 5) == 0) puts(getenv(line + 5));
  if (strcmp(line, "fail") == 0) { puts("it cannot be built"); return 7; }
  if (strcmp(line, "full") == 0) { puts("cp: error writing '/x': No space left on device"); return 1; }
  if (strcmp(line, "hang") == 0) { puts("begun"); fflush(stdout); fork(); for (;;) pause(); }
  if (strcmp(line, "eat") == 0) {
    for (long i = 0; i < 4096; ++i) {
      char* bytes = malloc(1 << 20);
      if (bytes == NULL) { puts("no memory"); return 9; }
      memset(bytes, 1, 1 << 20);
    }
  }
  if (strcmp(line, "flood") == 0) {
    static char block[1 << 16];
    memset(block, 'g', sizeof block);
    for (int i = 64; i <= 1 << 16; i += 64) block[i - 1] = '\n';
    for (int i = 0; i < 1 << 10; ++i) fwrite(block, 1, sizeof block, stdout);
    puts("the end");
  }
  if (strncmp(line, "secret ", 7) == 0) {
    char path[200], bytes[200] = {0};
    snprintf(path, sizeof path, "/run/secrets/%s", line + 7);
    FILE* file = fopen(path, "r");
    if (file == NULL) return 3;
    fread(bytes, 1, sizeof bytes - 1, file);
    printf("it is %s.\n", bytes);
  }
  return 0;
}
)";

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string compile() {
  const test::TemporaryFolder folder;
  const auto source = folder.write("shell.c", kShell);
  const auto program = folder.path() / "shell";
  test::run_program({test::find_program("cc").value().string(), "-static", "-O1", "-w", "-o", program.string(), source.string()});
  return bytes_of(program);
}

}  // namespace

const std::string& image_shell() {
  static const std::string kBytes = compile();
  return kBytes;
}

PipelineTest::PipelineTest() : repository_(folder.path() / "cart.git") {
  settings.state = folder.path() / "state";
  settings.environment["PATH"] = "/usr/local/bin:/usr/bin:/bin";
  settings.environment["HOME"] = (folder.path() / "home").string();
  opened_ = git::make_remotes(world, secrets, folder.path() / "mirrors", git::RemoteOptions{})->open_local(repository_.path()).value();
}

std::shared_ptr<const source::Tree> PipelineTest::commit(const std::vector<CommitFile>& files, std::string_view path) {
  const std::string message = "change";
  std::string stream =
      fmt::format("commit refs/heads/main\ncommitter Ada <ada@example.org> 1700000000 +0000\ndata {}\n{}\n", message.size(), message);
  const std::string heads = repository_.git({"for-each-ref", "--format=%(refname)", "refs/heads/main"});
  if (!heads.empty()) stream += "from refs/heads/main^0\n";
  stream += "deleteall\n";
  for (const CommitFile& file : files) {
    stream += fmt::format("M {} inline {}\ndata {}\n", file.mode, file.path, file.bytes.size()) + file.bytes + "\n";
  }
  repository_.import(stream);
  return source::Tree::open(opened_, git::Oid::parse(repository_.tip()).value(), path, "shop/cart").value();
}

Result<std::shared_ptr<const source::Tree>> PipelineTest::commit_raw(const std::string& mode, const std::string& name,
                                                                     const std::string& bytes) {
  const auto blob = git::Oid::parse(repository_.git({"hash-object", "-w", "--stdin"}, bytes)).value();
  const std::string entry = mode + " " + name + '\0' + std::string(blob.bytes.begin(), blob.bytes.end());
  const std::string tree = repository_.git({"hash-object", "-t", "tree", "-w", "--stdin", "--literally"}, entry);
  const std::string commit =
      repository_.git({"-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit-tree", tree, "-m", "change"});
  return source::Tree::open(opened_, git::Oid::parse(commit).value(), "", "shop/cart");
}

std::shared_ptr<const source::Tree> PipelineTest::commit_image(const std::string& lines, const std::string& more) {
  return commit({{"Containerfile", "FROM scratch\nCOPY sh /bin/sh\n" + lines}, {"sh", image_shell(), "100755"}, {"more", more}});
}

Order PipelineTest::order(std::shared_ptr<const source::Tree> tree) {
  Order out;
  out.service = "cart";
  out.environment = "staging";
  out.tree = std::move(tree);
  out.build.file = "Containerfile";
  out.build.push.host = registry().host();
  out.build.push.repository = "shop/cart";
  out.build.declaration = "buildah";
  return out;
}

Order PipelineTest::command_order(std::shared_ptr<const source::Tree> tree, std::vector<std::string> command) {
  Order out = order(std::move(tree));
  out.build.file.clear();
  out.build.command = std::move(command);
  out.build.declaration = "command";
  return out;
}

Order PipelineTest::by_command(const std::string& script) {
  return command_order(commit({{"build.sh", "#!/bin/sh\n" + script, "100755"}}), {"./build.sh"});
}

test::RegistryServer& PipelineTest::registry() {
  if (!server_) server_ = std::make_unique<test::RegistryServer>();
  return *server_;
}

registry::Registries& PipelineTest::registries() {
  if (registries_) return *registries_;
  http::Options options;
  options.retry = {1, Duration(1), Duration(20)};
  client_ = http::make_client(world, options);
  registry::Settings asked;
  asked.docker_config = settings.docker_config;
  asked.environment = settings.environment;
  registries_ = registry::make_registries(world, *client_, secrets, asked);
  return *registries_;
}

std::string PipelineTest::in_registry(const Order& order) {
  model::ImageReference image = order.build.push;
  image.tag = content_tag(order.build, order.tree->id());
  const auto digest = registries().digest(order.access, image, {});
  return digest.ok() ? *digest : std::string();
}

Progress PipelineTest::settle(Builds& builds, const Order& order) {
  Progress progress = builds.ask(order, {});
  while (builds.wait({})) {}
  if (progress.state == Progress::State::waiting || progress.state == Progress::State::running) progress = builds.ask(order, {});
  return progress;
}

Progress PipelineTest::build(const Order& order, bool local) {
  return build_now(world, registries(), secrets, settings, order, local, {}, {});
}

Path PipelineTest::log_path(const Order& order) const {
  return settings.state / "builds" / order.service / (content_tag(order.build, order.tree->id()) + ".log");
}

std::string PipelineTest::log_of(const Progress& progress) const { return bytes_of(progress.log); }

std::vector<std::string> PipelineTest::scratch() const {
  std::vector<std::string> out;
  const auto entries = world.files.list(settings.state / "scratch");
  if (!entries.ok()) return out;
  for (const DirectoryEntry& entry : *entries) out.push_back(entry.name);
  return out;
}

void BuildahTest::SetUp() {
  for (const std::string_view program : {"buildah", "cc"}) {
    if (!test::find_program(program)) GTEST_SKIP() << program << " is not installed: tests/run installs it";
  }
  if (const auto missing = test::RegistryServer::missing()) GTEST_SKIP() << *missing;
}

}  // namespace muster::pipeline

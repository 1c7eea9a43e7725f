// What tests ask of a control plane.
#include <fmt/format.h>

#include <charconv>
#include <stdexcept>
#include <thread>

#include "muster/base/text.hpp"
#include "muster/manifest/yaml.hpp"
#include "support/control_plane.hpp"
#include "support/kubernetes_programs.hpp"

namespace muster::test {
namespace {

constexpr std::chrono::minutes kPatience{1};
constexpr std::chrono::milliseconds kPause{10};

Value parsed(std::string_view body, const std::string& path) {
  auto value = manifest::parse_json(body, path);
  if (!value.ok()) throw std::runtime_error(value.failure().text);
  return *std::move(value);
}

Value successful(const http::Answer& answer, const ControlPlane::Call& call) {
  if (!answer.ok()) throw std::runtime_error(fmt::format("{} {}: {} {}", call.method, call.path, answer.status, answer.body));
  return parsed(answer.body, call.path);
}

/// As a container runtime writes it.
std::string runtime_log(const std::vector<std::string>& lines) {
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    out += fmt::format("2024-01-01T00:{:02}:{:02}.000000000Z stdout F {}\n", i / 60 % 60, i % 60, lines[i]);
  }
  return out;
}

const Value* member(const Value& value, std::string_view name) {
  const Array* items = value.if_array();
  if (items == nullptr) return value.find(name);
  std::size_t index = items->size();
  std::from_chars(name.data(), name.data() + name.size(), index);
  return index < items->size() ? &(*items)[index] : nullptr;
}

}  // namespace

Value at(const Value& value, std::string_view path) {
  const Value* here = &value;
  for (const std::string_view name : split(path, '.')) {
    here = member(*here, name);
    if (here == nullptr) return {};
  }
  return *here;
}

http::Answer ControlPlane::send(const Call& call) const {
  http::Request request;
  request.method = call.method;
  request.url = url() + call.path;
  request.body = call.body;
  request.tls.ca_file = ca_file().string();
  request.credentials = {http::Credentials::Kind::bearer, "", token(call.user)};
  request.limits.time = std::chrono::seconds(call.seconds);
  if (!call.body.empty()) request.headers.push_back({"Content-Type", call.type});
  auto answer = client_->send(request, {});
  if (!answer.ok()) throw std::runtime_error(fmt::format("{} {}: {}", call.method, call.path, answer.failure().text));
  return *std::move(answer);
}

Value ControlPlane::get(const std::string& path) const {
  const Call call{.path = path};
  return successful(send(call), call);
}

bool ControlPlane::exists(const std::string& path) const {
  const Call call{.path = path};
  const http::Answer answer = send(call);
  if (answer.status == 404) return false;
  successful(answer, call);
  return true;
}

Value ControlPlane::create(const std::string& path, std::string body) const {
  const Call call{.method = "POST", .path = path, .body = std::move(body), .type = "application/yaml"};
  return successful(send(call), call);
}

Value ControlPlane::apply(const std::string& path, std::string body) const {
  const Call call{
      .method = "PATCH", .path = path + "?fieldManager=test&force=true", .body = std::move(body), .type = "application/apply-patch+yaml"};
  return successful(send(call), call);
}

Value ControlPlane::patch(const std::string& path, std::string body) const {
  const Call call{.method = "PATCH", .path = path, .body = std::move(body), .type = "application/merge-patch+json"};
  return successful(send(call), call);
}

void ControlPlane::remove(const std::string& path) const {
  const Call call{.method = "DELETE", .path = path};
  successful(send(call), call);
}

bool ControlPlane::wait_for(const std::string& path, const Predicate& wanted) const {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < end) {
    const Call call{.path = path};
    const http::Answer answer = send(call);
    if (wanted(answer.status == 404 ? Value() : successful(answer, call))) return true;
    std::this_thread::sleep_for(kPause);
  }
  return false;
}

ProcessOutput ControlPlane::kubectl(std::vector<std::string> arguments, std::string input) const {
  Command command;
  command.argv = {kubernetes_program("kubectl").value().string(), "--kubeconfig=" + kubeconfig().string()};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.environment = {{"PATH", "/usr/bin:/bin"}, {"HOME", folder_.path().string()}};
  command.input = std::move(input);
  auto output = system_processes().run(command, {});
  if (!output.ok()) throw std::runtime_error("kubectl: " + output.failure().text);
  return *std::move(output);
}

std::vector<ControlPlane::Audited> ControlPlane::requests() const {
  std::vector<Audited> out;
  const std::string lines = folder_.read("audit.log");
  for (const std::string_view line : split(lines, '\n')) {
    if (line.empty()) continue;
    const Value event = parsed(line, "audit.log");
    if (event.string_at("stage") != "ResponseComplete") continue;
    Audited& request = out.emplace_back();
    request.verb = event.string_at("verb");
    request.uri = event.string_at("requestURI");
    request.agent = event.string_at("userAgent");
    if (const Value* user = event.find("user")) request.user = user->string_at("username");
    if (const Value* user = event.find("impersonatedUser")) request.as = user->string_at("username");
    const Value status = at(event, "responseStatus.code");
    if (status.if_int() != nullptr) request.status = static_cast<int>(*status.if_int());
  }
  return out;
}

void ControlPlane::write_pod_log(const std::vector<std::string>& lines, const std::vector<std::string>& previous) {
  folder_.write("pod.log", runtime_log(lines));
  folder_.write("previous.log", runtime_log(previous));
}

}  // namespace muster::test

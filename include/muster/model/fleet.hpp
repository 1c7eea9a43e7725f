// The lowered fleet: plain immutable data, each part with the span of the declaration that asked for it.
// `lang` makes it, everybody below reads it. No pointers: ids are indices into the fleet's vectors.
//
// Ownership: a Fleet owns all of it. Thread-safety: const access from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "muster/base/digest.hpp"
#include "muster/base/time.hpp"
#include "muster/base/value.hpp"
#include "muster/diag/source.hpp"
#include "muster/model/image.hpp"

namespace muster::model {

using diag::Span;

enum class EnvironmentId : std::uint32_t {};
enum class ServiceId : std::uint32_t {};
enum class InstanceId : std::uint32_t {};
enum class TargetId : std::uint32_t {};

/// Where a secret of muster's own comes from: `secret("env:GITHUB_TOKEN")`, `secret("file:/run/token")`. Never its value.
struct SecretRef {
  std::string reference;  ///< "env:NAME" or "file:PATH".
  Span span;
};

/// How muster authenticates; bound to the host that the forge, registry or repository names.
struct Credentials {
  enum class Method : std::uint8_t { none, token, basic, ssh_key, docker_config } method = Method::none;
  std::string user;                 ///< basic; token: "x-access-token" unless given.
  std::optional<SecretRef> secret;  ///< token, password, or private key (a file).
};

/// `forge github { match = "github.com/shop/*", auth = … }`: policies for all repositories that match.
struct Forge {
  std::string name;
  std::string match;  ///< Glob over "host/path" without scheme.
  Credentials auth;
  std::string ca_file;      ///< PEM file of a private CA; empty: the system's.
  std::string known_hosts;  ///< OpenSSH known_hosts file; empty: the user's.
  Span span;
};

/// `registry images { match = "ghcr.io/shop/*", auth = docker_config() }`: policies for all images that match.
struct Registry {
  std::string name;
  std::string match;  ///< Glob over ImageReference::where().
  Credentials auth;
  std::string ca_file;      ///< PEM file of a private CA; empty: the system's.
  bool plain_http = false;  ///< Without TLS; loopback registries may anyway.
  std::string realm;        ///< Host that gives tokens, where it is neither the registry's own nor known to belong to it.
  int requests = 0;         ///< A minute at most; 0: as the registry answers.
  Span span;
};

/// A git repository as declared or implied by `repo`.
struct Repository {
  std::string name;    ///< Entity's name, or empty for one implied by `repo = "…"`.
  std::string url;     ///< Normalised: https://host/owner/name, ssh, file:///absolute for `./` paths.
  bool local = false;  ///< A path written in the fleet file: file transport is allowed.
  Credentials auth;    ///< From `repository` or the matching forge.
  std::string ca_file;
  std::string known_hosts;
  std::vector<std::string> verify_keys;  ///< `verify { keys = […] }`: commits must be signed with one; empty: any commit is taken.
  Span span;
};

struct Target {
  std::string name;
  std::string kind;  ///< "directory" or "kubernetes".
  std::string path;  ///< directory: as written, relative to the fleet's root or absolute.
  Value settings;    ///< All evaluated fields, for kinds this version does not act on.
  Span span;
};

struct Team {
  std::string name;
  std::string contact;
  std::vector<std::string> owns;  ///< Path prefixes.
  std::vector<std::string> keys;  ///< Public keys that sign approvals (OpenSSH or armoured GPG), one a member.
  Span span;
};

/// A condition that a release must pass to enter an environment.
struct Gate {
  struct Soak {
    std::string environment;
    Duration time;
  };
  /// Teams; "owner" in an environment's gate is the team that owns the service.
  struct Approval {
    std::vector<std::string> from;
    int count = 1;
  };
  struct Check {
    std::vector<std::string> command;
    Duration timeout = std::chrono::minutes(5);
  };
  std::string owner;  ///< "environment production" or "service cart".
  std::vector<Soak> soak;
  std::vector<Approval> approvals;
  std::vector<Check> checks;
  Span span;
};

/// Data that deliver compares with time; evaluation itself is clockless.
struct Freeze {
  std::string name;
  std::vector<std::string> applies_to;  ///< Environments, groups already expanded.
  std::string timezone;                 ///< IANA name.
  std::vector<int> weekdays;            ///< `every = weekly(sat, sun)`: 1 = Monday … 7 = Sunday; empty: not weekly.
  std::string from;                     ///< Local date or date and time, "2026-12-18T18:00"; empty with `every`.
  std::string to;                       ///< Exclusive.
  std::vector<std::string> allow;       ///< "rollback", "promotion", "push", "image", "fleet", "manual".
  std::string reason;
  Span span;
};

struct Budget {
  std::optional<int> deletions;  ///< Objects; unset: the larger of 5 and 10 %.
  std::optional<int> changes;    ///< Percent of standing instances; unset: 20, at least 10 instances.
};

struct Environment {
  EnvironmentId id{};
  std::string name;
  std::vector<std::string> kinds;     ///< Own kind first, then its bases; empty without one.
  std::optional<std::string> branch;  ///< Fed by this branch of every application repository …
  std::optional<std::string> from;    ///< … or by promotion from this environment; never both.
  TargetId target{};
  std::string namespace_name;  ///< Default namespace of its instances.
  std::vector<std::string> renamed_from;
  Gate gate;
  Budget budget;
  bool repair_drift = true;  ///< false: drift is shown and left.
  Value fields;              ///< Evaluated fields, params of its kind included.
  Span span;
};

/// Text from which a late value hangs is written with placeholders: kLateOpen, input name ("image.main"), kLateClose.
/// Authors cannot write these bytes. render replaces them; the declaration's digest keeps them.
inline constexpr char kLateOpen = '\x02';
inline constexpr char kLateClose = '\x03';

/// An object that a kind emits (`object`): complete but for late values.
struct ObjectTemplate {
  Value content;  ///< apiVersion, kind, metadata, … as in the API.
  Span span;
};

/// One step of a path into an object: a key, an index, or the list element whose `name` is that.
struct PatchStep {
  enum class By : std::uint8_t { key, name, index } by = By::key;
  std::string key;
  std::size_t index = 0;
};

struct PatchOperation {
  enum class Kind : std::uint8_t { set, add, remove } kind = Kind::set;  ///< `=`, `+=`, `-=`
  std::vector<PatchStep> path;
  Value value;  ///< null with `set` stands for JSON null; `= none` is drop.
  bool drop = false;
  Span span;
};

/// `patch "Deployment/orders" { … }` on what a renderer produced; patches of kind-emitted objects are applied in lang.
struct Patch {
  std::string kind;
  std::string name;  ///< "" where the kind alone is given, "*" for all.
  std::vector<PatchOperation> operations;
  Span span;
};

/// An edge as declared. Environment is the instance's own, or that of `idp@prod-eu`.
struct Need {
  std::string service;
  std::string environment;
  bool read = false;  ///< Made by reading an output, not by `needs`.
  Span span;
};

/// Where the objects of an instance come from besides its own templates.
enum class Renderer : std::uint8_t { none, manifests, kustomize, helm };
std::string_view to_string(Renderer renderer);

/// What a renderer leaves out of, and adds to, what it reads. Objects that kinds emit carry all of it already.
struct RendererOptions {
  std::vector<std::string> ignore;                 ///< Globs over paths below the folder, `*` crosses folders: "docs/*".
  std::map<std::string, std::string> labels;       ///< Set on the metadata of every object.
  std::map<std::string, std::string> annotations;  ///< The same; values may hold late placeholders.
};

/// The source an instance is made from: repository, branch, and the folder it reads.
struct SourceRef {
  Repository repository;
  std::string branch;  ///< Empty where the environment follows another (`from`) and no branch is mapped.
  std::string path;    ///< Folder inside the repository, "" is its root; no leading or trailing slash.
  Span span;
};

/// An image input: written as a reference, followed by a rule, built, or (none of these) handed in by CI alone.
struct ImageInput {
  std::string name;       ///< "main", or a repository name as manifests write it.
  std::string reference;  ///< "ghcr.io/acme/hello:1.4.2"; empty: not a literal.
  Span span;
  std::optional<ImagePolicy> policy = std::nullopt;  ///< `watch(…)`, or a named image's.
  std::vector<std::string> keys = {};  ///< PEM public keys, one of which must have signed what runs; empty: unsigned is taken.
};

/// `build { run = std.buildah(file = "Containerfile"), push = "ghcr.io/shop/payments" }`: a commit becomes a pushed image.
struct Build {
  std::string image = "main";                    ///< The image input that it feeds.
  std::string file;                              ///< std.buildah: the Containerfile, relative to the service's folder.
  std::vector<std::string> command;              ///< std.command: instead of `file`; it builds and pushes `$IMAGE`.
  std::map<std::string, std::string> arguments;  ///< std.buildah: build arguments. std.command: its environment.
  std::map<std::string, SecretRef> secrets;      ///< By the name under which the builder finds each (a file; std.command: a variable).
  ImageReference push;                           ///< Where to, without tag.
  Duration timeout = std::chrono::minutes(30);
  std::uint64_t memory = 0;  ///< Bytes; 0: no limit.
  std::string declaration;   ///< Canonical JSON of file, command and arguments: what the tag is made of, with the tree.
  Span span;
};

/// Runs once a bundle.
struct Job {
  bool always = false;  ///< `rerun = always`
};

/// A service in an environment, fully evaluated: the node of the graph.
struct Instance {
  InstanceId id{};
  ServiceId service{};
  EnvironmentId environment{};
  std::string name;                       ///< The service's name.
  std::vector<std::string> renamed_from;  ///< Former names, oldest first as written.
  std::vector<std::string> kinds;         ///< "std.job", "std.workload" …: own kind first, then its bases.
  std::string owner;                      ///< Team, or empty.
  std::string namespace_name;
  std::optional<SourceRef> source;
  std::string follows;             ///< Environment whose records this one follows, "" where fed by a branch.
  std::vector<ImageInput> images;  ///< Sorted by name.
  std::optional<Build> build;
  Renderer renderer = Renderer::none;
  RendererOptions renderer_options;
  std::vector<ObjectTemplate> objects;  ///< From the kinds; patches of kinds and the service are applied.
  std::vector<Patch> patches;           ///< For what the renderer will produce, in order.
  std::vector<Need> needs;              ///< Sorted by service, environment; unique (a `needs` wins over a read).
  std::vector<std::string> together;    ///< Services bound into one record, sorted, own name excluded.
  std::vector<Gate> gates;              ///< The service's own; they add to the environment's.
  std::optional<Job> job;
  std::string declaration;  ///< Canonical JSON of what the fleet says of it: what the digest covers.
  Digest declaration_digest;
  Span span;  ///< The service's declaration.
};

/// `NAME@ENV`
std::string instance_name(std::string_view service, std::string_view environment);

struct Service {
  ServiceId id{};
  std::string name;
  std::string owner;
  std::vector<std::string> kinds;
  std::vector<std::string> renamed_from;
  std::string documentation;
  Span span;
};

/// An instance that is declared but could not be evaluated (or is named by a failed rule): held at its last good release.
struct Poisoned {
  std::string service;
  std::string environment;  ///< "" for all environments.
  std::string reason;       ///< Message of the first diagnostic that reached it.
  Span span;
};

struct Fleet {
  std::string name;
  std::string language;
  std::string records;                        ///< URL of the environment repository; empty: the embedded one.
  Repository records_repository;              ///< The same, with credentials; url empty for the embedded one.
  Duration evidence = std::chrono::hours(1);  ///< How old evidence may be in one-shot use before it is Unknown.
  int builds = 2;                             ///< At once.
  std::vector<Environment> environments;      ///< Sorted by name, as all below.
  std::vector<Target> targets;
  std::vector<Team> teams;
  std::vector<Forge> forges;
  std::vector<Registry> registries;
  std::vector<Freeze> freezes;
  std::map<std::string, std::vector<std::string>> groups;  ///< Name → member environments.
  std::vector<Service> services;
  std::vector<Instance> instances;  ///< Sorted by (environment, service).
  std::vector<Poisoned> poisoned;
  bool whole = true;     ///< No error anywhere: removals and renames count.
  bool barrier = false;  ///< A barrier error: nothing is delivered.
  Span span;

  [[nodiscard]] const Environment* environment(std::string_view wanted) const;
  [[nodiscard]] const Environment& environment(EnvironmentId id) const { return environments.at(static_cast<std::size_t>(id)); }
  [[nodiscard]] const Target& target(TargetId id) const { return targets.at(static_cast<std::size_t>(id)); }
  [[nodiscard]] const Service* service(std::string_view wanted) const;
  [[nodiscard]] const Team* team(std::string_view wanted) const;
  [[nodiscard]] const Instance* instance(std::string_view service, std::string_view environment) const;
  [[nodiscard]] const Instance& instance(InstanceId id) const { return instances.at(static_cast<std::size_t>(id)); }
};

}  // namespace muster::model

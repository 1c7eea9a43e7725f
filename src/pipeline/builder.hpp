// Builders: the programs that turn an exported folder into an image, and what their ends mean.
//
// A builder's child gets limits on time and memory, PATH, a home in the scratch folder, and what the build declares.
// Failures: stalled with invalid or limit where the same inputs would fail again (is_for_good); any other may pass by itself:
// unreachable, denied, exhausted, absent (no such program). Not thread-safe: one build.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "muster/base/world.hpp"
#include "muster/pipeline/builds.hpp"
#include "pipeline/build_log.hpp"
#include "pipeline/credentials.hpp"
#include "pipeline/scratch.hpp"

namespace muster::pipeline {

/// What a builder works with.
struct BuildContext {
  const World& world;
  const Order& order;
  const Settings& settings;
  Scratch& scratch;
  const Credentials& credentials;
  BuildLog& log;
  Path folder;          ///< The exported one.
  std::string image;    ///< "ghcr.io/shop/payments:muster-0f3a…"
  Duration deadline{};  ///< By the clock's elapsed().
  std::stop_token stop;
  std::optional<int> exit_code;  ///< Of the program that failed last.
};

/// The same inputs would fail in the same way: only a person asks for them again.
bool is_for_good(const Failure& failure);

/// Whose last words these are, where they name the disk or the network as the cause: a service's own programs may say anything.
enum class Speaks : std::uint8_t {
  builder,  ///< Its words are believed.
  both,     ///< Believed where the exit code is the builder's own (buildah's 125): no program of the build's failed.
  build,    ///< Never: of the network nothing is known then, and the disk is asked itself.
};

/// Runs a program to its end, its output into the log. A non-zero exit code is a failure for good unless its last words name
/// a cause that passes by itself, as far as they are believed. `program` is what people call it, whatever starts it.
Result<void> run_program(BuildContext& context, std::string_view program, Command command, Speaks speaks);

/// With buildah: an image in the scratch folder's own storage, then pushed, or kept as a file.
Result<void> build_with_buildah(BuildContext& context);
Result<void> push_with_buildah(BuildContext& context);
/// The file, "oci-archive:/…".
Result<std::string> keep_with_buildah(BuildContext& context, const Path& archive);

/// With the build's own command, which pushes by itself.
Result<void> build_with_command(BuildContext& context);

/// PATH, and what programs need to find their own folder in the scratch folder.
Result<std::map<std::string, std::string>> builder_environment(BuildContext& context);

}  // namespace muster::pipeline

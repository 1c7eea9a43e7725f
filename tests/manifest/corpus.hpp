// Inputs for the reader's tests: scalars that parsers disagree on, documents from tests/manifest/corpus/, and a generator of
// documents that are nearly YAML.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace muster::manifest::test {

std::vector<std::string> tricky_scalars();

/// File name and text of every input below tests/manifest/corpus/, sorted by name.
std::vector<std::pair<std::string, std::string>> corpus();

/// Random documents: trees printed in random styles, with a few mutations, and strings of YAML fragments.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}
  std::string next();

 private:
  std::size_t below(std::size_t count);
  const std::string& pick(const std::vector<std::string>& from);
  std::string scalar();
  std::string block_node(std::size_t indent, std::size_t depth);
  std::string flow_node(std::size_t depth);
  std::string fragments();
  std::string mutated(std::string text);

  std::mt19937_64 random_;
};

}  // namespace muster::manifest::test

// YAML means what Kubernetes means, or is refused: our reader against Kubernetes' own, on hand-made and generated input.
// MUSTER_DIFFERENTIAL=<number> sets how many generated documents are tried; MUSTER_DIFFERENTIAL_INPUTS=<folder> adds what a
// fuzzer found.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "corpus.hpp"
#include "muster/manifest/yaml.hpp"
#include "oracle.hpp"

namespace muster::manifest {
namespace {

using test::Oracle;
using test::OracleAnswer;
using test::OracleMode;

class Differential : public testing::Test {
 protected:
  void SetUp() override {
    std::string why_not;
    oracle_ = Oracle::get(why_not);
    if (oracle_ == nullptr) GTEST_SKIP() << "no oracle: " << why_not;
  }

  // Compares what both accept; returns how many both accepted.
  std::size_t compare(OracleMode mode, const std::vector<std::string>& inputs) const {
    const std::vector<OracleAnswer> answers = oracle_->read(mode, inputs);
    EXPECT_EQ(answers.size(), inputs.size());
    std::size_t accepted = 0;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const Result<Value> ours = mode == OracleMode::stream ? stream(inputs[i]) : document(inputs[i]);
      if (!ours.ok()) continue;
      if (is_known_leniency(inputs[i], answers[i])) continue;
      EXPECT_TRUE(answers[i].ok) << "we accept what Kubernetes refuses (" << answers[i].text << "):\n"
                                 << inputs[i] << "\nas " << to_canonical_json(*ours);
      if (!answers[i].ok) continue;
      ++accepted;
      const Result<Value> theirs = parse_json(answers[i].text, "oracle");
      if (!theirs.ok()) {
        ADD_FAILURE() << theirs.failure().text << "\n" << answers[i].text;
        continue;
      }
      EXPECT_EQ(to_canonical_json(*ours), to_canonical_json(*theirs)) << "accepted, but different:\n" << inputs[i];
    }
    return accepted;
  }

  // What we read and the oracle does not, with one meaning everywhere: the escape \/ of JSON and YAML 1.2, and JSON's pairs of
  // surrogates, which kubectl reads as JSON and the bare YAML parser refuses. And {…} in flow style with more YAML around it,
  // which kubectl takes for broken JSON.
  static bool is_known_leniency(const std::string& input, const OracleAnswer& answer) {
    if (answer.ok) return false;
    return (answer.text.find("found unknown escape character") != std::string::npos && input.find("\\/") != std::string::npos) ||
           (answer.text.find("invalid Unicode character escape code") != std::string::npos && parse_json(input, "").ok()) ||
           answer.text.starts_with("json: offset");
  }

  static Result<Value> document(const std::string& text) {
    MUSTER_TRY(const std::vector<Document> documents, parse_documents(text, "input"));
    if (documents.size() > 1) return stalled(Reason::invalid, "several");
    return documents.empty() ? Value() : documents.front().value;
  }

  static Result<Value> stream(const std::string& text) {
    MUSTER_TRY(std::vector<Document> documents, parse_documents(text, "input"));
    ::muster::Array all;
    for (Document& document : documents) all.push_back(std::move(document.value));
    return Value(std::move(all));
  }

  const Oracle* oracle_ = nullptr;
};

TEST_F(Differential, ResolvesEveryTrickyScalarAsKubernetesDoes) {
  std::vector<std::string> inputs;
  for (const std::string& scalar : test::tricky_scalars()) {
    inputs.push_back("k: " + scalar + "\n");
    inputs.push_back("- " + scalar + "\n");
    inputs.push_back(scalar + ": v\n");
    inputs.push_back("{" + scalar + ": [" + scalar + "]}\n");
    for (const char* tag : {"!!str ", "!!int ", "!!float ", "!!bool ", "!!null ", "! "}) inputs.push_back("k: " + (tag + scalar) + "\n");
  }
  EXPECT_GT(compare(OracleMode::document, inputs), inputs.size() / 2);
}

TEST_F(Differential, ReadsHandMadeDocumentsAsKubernetesDoes) {
  std::vector<std::string> inputs;
  for (const auto& [name, text] : test::corpus()) inputs.push_back(text);
  EXPECT_GT(compare(OracleMode::stream, inputs), inputs.size() / 4);
}

TEST_F(Differential, NeverReadsWhatAFuzzerFoundInAnotherWay) {
  const char* folder = std::getenv("MUSTER_DIFFERENTIAL_INPUTS");
  if (folder == nullptr) GTEST_SKIP() << "MUSTER_DIFFERENTIAL_INPUTS names no folder";
  std::vector<std::string> inputs;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  compare(OracleMode::stream, inputs);
}

TEST_F(Differential, NeverReadsGeneratedTextInAnotherWay) {
  const char* wanted = std::getenv("MUSTER_DIFFERENTIAL");
  const std::size_t total = wanted == nullptr ? 20'000 : std::strtoull(wanted, nullptr, 10);
  const char* seed_text = std::getenv("MUSTER_SEED");
  std::uint64_t seed = seed_text == nullptr ? std::random_device()() : std::strtoull(seed_text, nullptr, 10);
  std::size_t accepted = 0;
  for (std::size_t done = 0; done < total && !HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("MUSTER_SEED={}", seed));
    test::Generator generator(seed);
    std::vector<std::string> inputs;
    for (std::size_t i = 0; i < std::min<std::size_t>(10'000, total - done); ++i) inputs.push_back(generator.next());
    done += inputs.size();
    accepted += compare(OracleMode::stream, inputs);
  }
  RecordProperty("accepted", static_cast<int>(accepted));
  EXPECT_GT(accepted, total / 20);
}

}  // namespace
}  // namespace muster::manifest

// Golden files: what came out, kept beside what went in. `ACCEPT=1` rewrites them, and the test is reported as skipped,
// so that accepting never counts as green.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace muster::test {

/// A path below the source tree's tests/.
std::filesystem::path test_file(std::string_view relative);

std::string read_file(const std::filesystem::path& file);

/// Fails with both texts where `actual` is not what `golden` holds, or where the file is not there.
void expect_golden(const std::filesystem::path& golden, std::string_view actual);

/// The names of the folders below `folder`, sorted: one case each, its name a sentence. Empty folders fail elsewhere.
std::vector<std::string> folder_cases(const std::filesystem::path& folder);
/// The names without `extension` of the files with it, sorted. A file with `golden_extension` and no case is an orphan
/// and fails the running test.
std::vector<std::string> file_cases(const std::filesystem::path& folder, std::string_view extension, std::string_view golden_extension);

/// "unknown-field suggests" → "UnknownFieldSuggests", as GoogleTest wants names of parameters.
std::string test_name(std::string_view case_name);

}  // namespace muster::test

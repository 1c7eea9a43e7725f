#include "support/golden.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace muster::test {

std::filesystem::path test_file(std::string_view relative) { return std::filesystem::path(MUSTER_SOURCE_DIR) / "tests" / relative; }

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void expect_golden(const std::filesystem::path& golden, std::string_view actual) {
  if (std::getenv("ACCEPT") != nullptr) {
    std::filesystem::create_directories(golden.parent_path());
    std::ofstream(golden, std::ios::binary) << actual;
    GTEST_SKIP() << "accepted " << golden;
  }
  ASSERT_TRUE(std::filesystem::exists(golden)) << golden << " is missing; ACCEPT=1 writes it:\n" << actual;
  EXPECT_EQ(read_file(golden), actual) << "where " << golden << " says what is right; ACCEPT=1 rewrites it";
}

std::vector<std::string> folder_cases(const std::filesystem::path& folder) {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_directory()) out.push_back(entry.path().filename().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<std::string> file_cases(const std::filesystem::path& folder, std::string_view extension, std::string_view golden_extension) {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == extension) out.push_back(entry.path().stem().string());
    if (entry.path().extension() != golden_extension) continue;
    std::filesystem::path source = entry.path();
    if (!std::filesystem::exists(source.replace_extension(extension))) ADD_FAILURE() << entry.path() << " is the golden of no case";
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::string test_name(std::string_view case_name) {
  std::string out;
  bool upper = true;
  for (const char c : case_name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) {
      upper = true;
      continue;
    }
    out.push_back(upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c);
    upper = false;
  }
  return out;
}

}  // namespace muster::test

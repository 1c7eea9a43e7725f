#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "muster/base/text.hpp"
#include "sources.hpp"
#include "support/golden.hpp"
#include "table.hpp"

namespace muster::layering {
namespace {

const std::vector<SourceFile>& sources() {
  static const std::vector<SourceFile> files = read_sources({"include", "src", "grammar"});
  return files;
}

const Room* room_named(std::string_view name) {
  const auto found = std::find_if(kRooms.begin(), kRooms.end(), [&](const Room& room) { return room.name == name; });
  return found == kRooms.end() ? nullptr : &*found;
}

bool may_use(std::string_view room, std::string_view other) {
  if (room == other || room == "cli") return true;
  const std::vector<std::string_view>& uses = room_named(room)->uses;
  return std::any_of(uses.begin(), uses.end(), [&](std::string_view used) { return may_use(used, other); });
}

bool starts_with_one_of(std::string_view text, const std::vector<std::string_view>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](std::string_view prefix) { return text.starts_with(prefix); });
}

bool contains(const std::vector<std::string_view>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

const Library* library_of(std::string_view header) {
  const auto found =
      std::find_if(kLibraries.begin(), kLibraries.end(), [&](const Library& one) { return starts_with_one_of(header, one.headers); });
  return found == kLibraries.end() ? nullptr : &*found;
}

TEST(Layering, ArrowsOfTheTablePointUp) {
  for (const Room& room : kRooms) {
    for (const std::string_view used : room.uses) {
      ASSERT_NE(room_named(used), nullptr) << used;
      EXPECT_LT(room_named(used)->row, room.row) << room.name << " uses " << used;
    }
  }
}

TEST(Layering, EverySourceFileIsInARoom) {
  for (const SourceFile& file : sources()) {
    if (file.path.starts_with("grammar/") || file.path.starts_with("src/build/")) continue;
    EXPECT_NE(room_named(file.room), nullptr) << file.path << ": the table has no room '" << file.room << "'";
  }
}

TEST(Layering, RoomsIncludeOnlyRoomsThatTheTableAllows) {
  for (const SourceFile& file : sources()) {
    if (room_named(file.room) == nullptr) continue;
    for (const Include& include : file.includes) {
      if (!include.path.starts_with("muster/")) continue;
      const std::string other(split(include.path, '/')[1]);
      ASSERT_NE(room_named(other), nullptr) << file.at(include.line) << ": there is no room '" << other << "'";
      EXPECT_TRUE(may_use(file.room, other)) << file.at(include.line) << ": " << file.room << " may not use " << other << " ("
                                             << include.path << ")";
      EXPECT_TRUE(include.quoted) << file.at(include.line) << ": muster's own headers stand in quotes";
    }
  }
}

TEST(Layering, PrivateHeadersStayInTheirRoom) {
  for (const SourceFile& file : sources()) {
    for (const Include& include : file.includes) {
      if (!include.quoted || include.path.starts_with("muster/")) continue;
      EXPECT_FALSE(file.is_public) << file.at(include.line) << ": a public header includes the private " << include.path;
      const std::filesystem::path here = (root() / file.path).parent_path() / include.path;
      const bool beside = std::filesystem::exists(here) &&
                          std::filesystem::relative(here, root()).generic_string().starts_with(fmt::format("src/{}/", file.room));
      const bool own_room = include.path.starts_with(file.room + "/") && std::filesystem::exists(root() / "src" / include.path);
      const bool grammar = (file.room == "lang" || file.path.starts_with("grammar/")) &&
                           std::filesystem::exists(root() / "grammar" / std::filesystem::path(include.path).filename());
      EXPECT_TRUE(beside || own_room || grammar) << file.at(include.line) << ": " << include.path << " belongs to another room";
    }
  }
}

TEST(Layering, EachLibraryIsPrivateToTheRoomsOfTheTable) {
  for (const SourceFile& file : sources()) {
    const std::string_view room = file.path.starts_with("grammar/") ? std::string_view("lang") : std::string_view(file.room);
    for (const Include& include : file.includes) {
      if (include.quoted) continue;
      const bool of_the_language = include.path.find('.') == std::string::npos && include.path.find('/') == std::string::npos;
      if (of_the_language) continue;
      const Library* library = library_of(include.path);
      ASSERT_NE(library, nullptr) << file.at(include.line) << ": <" << include.path << "> is of no library of the table";
      EXPECT_TRUE(contains(library->rooms, "*") || contains(library->rooms, room))
          << file.at(include.line) << ": " << library->name << " is not for " << room;
      EXPECT_TRUE(!file.is_public || library->in_public_headers) << file.at(include.line) << ": " << library->name << " in a public header";
    }
  }
}

TEST(Layering, ExpensiveLibrariesAreIncludedByOneFile) {
  std::map<std::string_view, std::set<std::string>> users;
  for (const SourceFile& file : sources()) {
    if (!file.path.starts_with("src/")) continue;
    for (const Include& include : file.includes) {
      const Library* library = include.quoted ? nullptr : library_of(include.path);
      if (library != nullptr && library->one_file) users[library->name].insert(file.path);
    }
  }
  for (const auto& [library, files] : users) EXPECT_THAT(files, testing::SizeIs(1)) << library;
}

// grammar/scan.hpp and grammar/expected.hpp are facts about the text without the parser generator; the rest brings it.
TEST(Layering, TheGrammarIsCompiledOnce) {
  std::set<std::string> users;
  for (const SourceFile& file : sources()) {
    if (!file.path.starts_with("src/")) continue;
    for (const Include& include : file.includes) {
      const bool light = include.path == "grammar/scan.hpp" || include.path == "grammar/expected.hpp";
      if (include.path.starts_with("grammar/") && !light) users.insert(file.path);
    }
  }
  EXPECT_LE(users.size(), 1U) << testing::PrintToString(users);
}

/// Lines of `code` where `words` stand, not as the end of a longer word.
std::vector<std::size_t> lines_with(std::string_view code, std::string_view words) {
  std::vector<std::size_t> out;
  const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  for (std::size_t at = code.find(words); at != std::string_view::npos; at = code.find(words, at + 1)) {
    if (at > 0 && is_word(code[at - 1])) continue;
    if (const std::size_t end = at + words.size(); end < code.size() && is_word(words.back()) && is_word(code[end])) continue;
    out.push_back(static_cast<std::size_t>(std::count(code.begin(), code.begin() + static_cast<std::ptrdiff_t>(at), '\n')) + 1);
  }
  return out;
}

TEST(Layering, TheOutsideWorldIsPassedIn) {
  for (const SourceFile& file : sources()) {
    for (const Door& door : kDoors) {
      if (starts_with_one_of(file.path, door.files)) continue;
      for (const std::size_t line : lines_with(file.code, door.words))
        ADD_FAILURE() << file.at(line) << ": " << door.words << " here; use " << door.instead;
    }
  }
}

/// muster_room(<name> USES <rooms…> [PUBLIC …] [PRIVATE …]) of the top CMakeLists.txt.
std::map<std::string, std::set<std::string>> rooms_of_the_build() {
  std::map<std::string, std::set<std::string>> out;
  const std::string text = test::read_file(root() / "CMakeLists.txt");
  for (const std::string_view line : split(text, '\n')) {
    static constexpr std::string_view kCall = "muster_room(";
    if (!line.starts_with(kCall)) continue;
    bool uses = false;
    std::string name;
    for (const std::string_view word : split(line.substr(kCall.size(), line.find(')') - kCall.size()), ' ')) {
      if (name.empty()) {
        name = word;
        out[name];
      } else if (word == "USES" || word == "PUBLIC" || word == "PRIVATE") {
        uses = word == "USES";
      } else if (uses) {
        out[name].insert(std::string(word));
      }
    }
  }
  return out;
}

TEST(Layering, TheBuildLinksWhatTheTableAllows) {
  const auto built = rooms_of_the_build();
  EXPECT_GE(built.size(), 15U);
  for (const auto& [name, uses] : built) {
    ASSERT_NE(room_named(name), nullptr) << name;
    for (const std::string& used : uses) EXPECT_TRUE(may_use(name, used)) << name << " links " << used;
  }
}

}  // namespace
}  // namespace muster::layering

// alive(upstream): which records of an upstream may be followed, as a pure function of what touched the service.
#include "deliver/lineage.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::deliver::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Touches, oldest first: each is named by what stands after it.
class History {
 public:
  /// A record that lists its source.
  History& record(char bundle) { return add(bundle, true, true); }
  /// A record of the declaration alone.
  History& declaration(char bundle) { return add(bundle, true, false); }
  History& foreign(char bundle) { return add(bundle, false, false); }
  History& removed(bool by_record = false) {
    add('0', by_record, false);
    touches_.back().present = false;
    touches_.back().bundle = {};
    return *this;
  }

  std::string alive(const std::string& stood_before = {}) const {
    const auto candidates = judge(touches_, [&](const record::Bundle& bundle) -> Result<bool> {
      return stood_before.find(bundle.parts.at("source")[0]) != std::string::npos;
    });
    std::string out;
    for (const auto& candidate : candidates.value()) {
      if (candidate.alive) out += candidate.bundle.parts.at("source")[0];
    }
    return out;
  }
  std::vector<Candidate> candidates() const {
    return judge(touches_, [](const record::Bundle&) -> Result<bool> { return false; }).value();
  }

 private:
  History& add(char bundle, bool record, bool lists) {
    Touch touch;
    touch.commit.bytes[0] = static_cast<std::uint8_t>(touches_.size() + 1);
    touch.record = record;
    touch.present = true;
    record::SourceValue source;
    source.tree = *git::Oid::parse(std::string(40, bundle));
    touch.values.emplace("source", source);
    touch.bundle = record::bundle_of(touch.values);
    if (lists) touch.listed.emplace("source", source);
    touches_.push_back(std::move(touch));
    return *this;
  }
  std::vector<Touch> touches_;
};

TEST(Candidates, AreRecordsThatListASource) { EXPECT_EQ(History().record('a').declaration('a').record('b').alive(), "ab"); }

TEST(Candidates, BetweenAnEarlierBundleAndItsReturnAreVoid) {
  EXPECT_EQ(History().record('a').record('b').record('c').foreign('a').alive(), "a");
  EXPECT_EQ(History().record('a').record('b').record('c').foreign('b').alive(), "ab");
}

TEST(Candidates, AreRevivedByARevertOfTheRevert) { EXPECT_EQ(History().record('a').record('b').foreign('a').foreign('b').alive(), "ab"); }

TEST(Candidates, AreVoidedByAnApplicationRevertWhichIsACandidateItself) {
  EXPECT_EQ(History().record('a').record('b').record('a').alive(), "aa") << "b was taken back; the revert is newer";
}

TEST(Candidates, ReplacedByAForeignCommitWithAnyOtherBundleAreVoid) {
  EXPECT_EQ(History().record('a').record('b').foreign('f').alive(), "a");
}

TEST(Candidates, AreAllVoidWhereTheServiceIsGone) {
  EXPECT_EQ(History().record('a').record('b').removed().alive(), "");
  EXPECT_EQ(History().record('a').record('b').removed(true).alive(), "");
  EXPECT_EQ(History().record('a').removed().record('b').alive(), "b");
}

TEST(Candidates, AreVoidWhereABundleReturnsThatStoodBeforeAllOfThem) {
  EXPECT_EQ(History().record('b').record('c').foreign('a').alive("a"), "");
  EXPECT_EQ(History().record('b').record('c').record('a').alive("a"), "a");
}

TEST(Candidates, ReplacedByANewerRecordStayAlive) { EXPECT_EQ(History().record('a').record('b').record('c').alive(), "abc"); }

TEST(Candidates, KeepWhereTheirHealthIsNotedUntilTheyAreVoid) {
  const auto kept = History().record('a').declaration('a').record('b').candidates();
  EXPECT_EQ(kept.at(0).stands_at.size(), 2U) << "the same bundle under a new declaration";
  const auto revived = History().record('a').record('b').foreign('a').foreign('b').candidates();
  ASSERT_EQ(revived.at(1).stands_at.size(), 1U);
  EXPECT_EQ(revived.at(1).stands_at[0].bytes[0], 4) << "it soaks anew from where it stands again";
}

}  // namespace
}  // namespace muster::deliver::test

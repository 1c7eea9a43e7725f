#include "muster/base/result.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace muster {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return stalled(Reason::invalid, "odd");
  return number / 2;
}

Result<int> quarter(int number) {
  MUSTER_TRY(const int once, half(number));
  MUSTER_CHECK(half(once));
  return half(once);
}

TEST(Result, CarriesAValueOrAFailureUpwards) {
  EXPECT_EQ(quarter(8).value(), 2);
  const Result<int> failed = with_context(quarter(6), "halving 6 twice");
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.failure().text, "halving 6 twice: odd");
  EXPECT_EQ(failed.failure().kind, FailureKind::stalled);
}

TEST(Result, HoldsWhatCanOnlyBeMoved) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(3));
  EXPECT_EQ(**std::move(result), 3);
}

TEST(Result, SpellsReasonsAndKindsAsJsonDoes) {
  EXPECT_EQ(to_string(Reason::unreachable), "unreachable");
  EXPECT_EQ(to_string(FailureKind::wait), "wait");
}

}  // namespace
}  // namespace muster

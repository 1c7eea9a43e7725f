#include "render/late.hpp"

#include <gmock/gmock.h>

#include "muster/model/fleet.hpp"

namespace muster::render {
namespace {

std::string late(std::string_view input) { return model::kLateOpen + std::string(input) + model::kLateClose; }

TEST(LateValues, GiveWayToTheImageWhereverTextHangsFromIt) {
  Value value = Object{{"image", late("image.main")},
                       {"env", Array{Object{{"value", "runs " + late("image.main") + " and " + late("image.side") + "."}}}}};
  ASSERT_TRUE(replace_late(value, {{"main", "a:1"}, {"side", "b:2"}}));
  EXPECT_EQ(to_canonical_json(value), R"({"env":[{"value":"runs a:1 and b:2."}],"image":"a:1"})");
}

TEST(LateValues, WaitForAnImageThatHasNoValueYet) {
  Value value = late("image.main");
  const Result<void> result = replace_late(value, {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.failure().kind, FailureKind::wait);
  EXPECT_THAT(result.failure().text, testing::HasSubstr("`main` has no value yet"));
}

}  // namespace
}  // namespace muster::render

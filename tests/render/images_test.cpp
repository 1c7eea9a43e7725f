#include "render/images.hpp"

#include <gmock/gmock.h>

namespace muster::render {
namespace {

using testing::ElementsAre;

const std::map<std::string, std::string, std::less<>> kImages = {{"ghcr.io/shop/orders", "ghcr.io/shop/orders:2.0@sha256:0123"},
                                                                 {"busybox", "busybox:1.37"}};

Value replaced(Value content) {
  ImagesSeen seen;
  replace_images(content, kImages, seen);
  return content;
}

TEST(ImageRepository, LeavesOutTagAndDigestButKeepsThePortOfARegistry) {
  EXPECT_EQ(image_repository("ghcr.io/shop/orders:1.2"), "ghcr.io/shop/orders");
  EXPECT_EQ(image_repository("ghcr.io/shop/orders@sha256:00"), "ghcr.io/shop/orders");
  EXPECT_EQ(image_repository("ghcr.io/shop/orders:1.2@sha256:00"), "ghcr.io/shop/orders");
  EXPECT_EQ(image_repository("localhost:5000/orders"), "localhost:5000/orders");
  EXPECT_EQ(image_repository("localhost:5000/orders:1"), "localhost:5000/orders");
  EXPECT_EQ(image_repository("busybox"), "busybox");
  EXPECT_EQ(image_repository("busybox:1.36"), "busybox");
  EXPECT_EQ(image_repository(""), "");
}

TEST(Images, AreReplacedInContainersOfEveryWorkload) {
  const auto containers = [](std::string_view orders, std::string_view busybox) {
    return Object{{"initContainers", Array{Object{{"image", Value(busybox)}}}},
                  {"containers", Array{Object{{"image", Value(orders)}}}},
                  {"ephemeralContainers", Array{Object{{"image", Value(busybox)}}}}};
  };
  const Object before = containers("ghcr.io/shop/orders:1.0", "busybox");
  const Object after = containers("ghcr.io/shop/orders:2.0@sha256:0123", "busybox:1.37");
  const auto deployment = [](const Object& pod) {
    return Value(Object{{"kind", "Deployment"}, {"spec", Object{{"template", Object{{"spec", pod}}}}}});
  };
  const auto cron_job = [](const Object& pod) {
    return Value(
        Object{{"kind", "CronJob"}, {"spec", Object{{"jobTemplate", Object{{"spec", Object{{"template", Object{{"spec", pod}}}}}}}}}});
  };
  const auto pod = [](const Object& spec) { return Value(Object{{"kind", "Pod"}, {"spec", spec}}); };
  const auto rollout = [](const Object& spec) {
    return Value(
        Object{{"apiVersion", "argoproj.io/v1alpha1"}, {"kind", "Rollout"}, {"spec", Object{{"template", Object{{"spec", spec}}}}}});
  };
  EXPECT_EQ(replaced(deployment(before)), deployment(after));
  EXPECT_EQ(replaced(cron_job(before)), cron_job(after));
  EXPECT_EQ(replaced(pod(before)), pod(after));
  EXPECT_EQ(replaced(rollout(before)), rollout(after));
}

TEST(Images, AreReplacedInImageVolumes) {
  const auto pod = [](std::string_view reference) {
    return Value(Object{{"kind", "Pod"},
                        {"spec", Object{{"volumes", Array{Object{{"name", "a"}, {"image", Object{{"reference", Value(reference)}}}}}}}}});
  };
  EXPECT_EQ(replaced(pod("busybox:1")), pod("busybox:1.37"));
}

TEST(Images, OfOtherRepositoriesAndOtherFieldsStay) {
  const Value other =
      Object{{"kind", "Pod"},
             {"spec", Object{{"containers", Array{Object{{"image", "ghcr.io/shop/orders-admin:1"}, {"args", Array{"busybox:1"}}}}}}}};
  EXPECT_EQ(replaced(other), other);
  const Value text = Object{{"kind", "ConfigMap"}, {"data", Object{{"containers", "busybox:1"}}}};
  EXPECT_EQ(replaced(text), text);
}

TEST(Images, InTheSchemaOfACustomKindAreNoImages) {
  const Value definition =
      Object{{"kind", "CustomResourceDefinition"}, {"spec", Object{{"containers", Array{Object{{"image", "busybox:1"}}}}}}};
  EXPECT_EQ(replaced(definition), definition);
}

TEST(Images, ReportsWhatTheObjectsNameAndWhatWasReplaced) {
  Value pod =
      Object{{"kind", "Pod"}, {"spec", Object{{"containers", Array{Object{{"image", "busybox:1"}}, Object{{"image", "nginx:1"}}}}}}};
  ImagesSeen seen;
  replace_images(pod, kImages, seen);
  EXPECT_THAT(seen.named, ElementsAre("busybox", "nginx"));
  EXPECT_THAT(seen.replaced, ElementsAre("busybox"));
}

}  // namespace
}  // namespace muster::render

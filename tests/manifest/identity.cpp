#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "muster/manifest/order.hpp"

namespace muster::manifest {
namespace {

const ObjectId kCart{"shop", "apps", "Deployment", "cart"};
const ObjectId kShop{"", "", "Namespace", "shop"};

TEST(Identity, ReadsAsKindGroupNamespaceAndName) {
  EXPECT_EQ(kCart.text(), "Deployment.apps shop/cart");
  EXPECT_EQ(kShop.text(), "Namespace shop");
}

TEST(Identity, RefusesTextThatItWouldNotPrint) {
  for (const char* text : {"", " ", "Deployment", "Deployment ", " cart", "Deployment. cart", "Deployment /cart", "A b/c/d", "A b/"}) {
    EXPECT_EQ(ObjectId::parse(text), std::nullopt) << text;
  }
}

RC_GTEST_PROP(Identity, ComesBackFromItsText, ()) {
  const auto word = rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::elementOf(std::string("abcXYZ09-"))));
  const auto spaced = rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::elementOf(std::string("aB9-.: %ü"))));
  const ObjectId id{*rc::gen::element(std::string(), *word), *rc::gen::element(std::string(), *word + ".io"), *word, *spaced};
  RC_ASSERT(ObjectId::parse(id.text()) == id);
}

TEST(Identity, NamesFilesByKindGroupAndName) {
  EXPECT_EQ(kCart.descriptor_path(), "shop/deployment.apps-cart.yaml");
  EXPECT_EQ(kCart.target_path(), "shop/deployment.apps-cart.yaml");
  EXPECT_EQ(kShop.descriptor_path(), "namespace-shop.yaml");
  EXPECT_EQ(kShop.target_path(), "_cluster/namespace-shop.yaml");
}

TEST(Identity, EscapesWhatFileSystemsDoNotTake) {
  const ObjectId role{"", "rbac.authorization.k8s.io", "ClusterRole", "system:controller: a"};
  EXPECT_EQ(role.target_path(), "_cluster/clusterrole.rbac.authorization.k8s.io-system%3Acontroller%3A%20a.yaml");
}

TEST(Identity, KeepsLongNamesApartInFileNamesThatDisksTake) {
  const std::string longest(253, 'n');
  const ObjectId one{"shop", "", "ConfigMap", longest};
  const ObjectId other{"shop", "", "ConfigMap", longest.substr(0, 252) + "m"};
  EXPECT_LE(one.descriptor_path().size(), 255U);
  EXPECT_NE(one.descriptor_path(), other.descriptor_path());
}

TEST(Identity, FoldsCaseForDisksThatDo) {
  const ObjectId upper{"", "", "Thing", "Cart"};
  const ObjectId lower{"", "", "Thing", "cart"};
  EXPECT_NE(upper.descriptor_path(), lower.descriptor_path());
  EXPECT_EQ(case_fold_key(upper.descriptor_path()), case_fold_key(lower.descriptor_path()));
}

TEST(Identity, DigestsASetWhateverItsOrder) {
  Object a{kCart, "v1", ::muster::Object{{"a", 1}}, {}};
  Object b{kShop, "v1", ::muster::Object{{"b", 1}}, {}};
  const std::vector<Object> forth{a, b};
  const std::vector<Object> back{b, a};
  EXPECT_EQ(digest(forth), digest(back));
  b.content = ::muster::Object{{"b", 2}};
  EXPECT_NE(digest(forth), digest(std::vector<Object>{a, b}));
}

TEST(ApplyOrder, PutsWhatOthersNeedFirstAndWebhooksLast) {
  const std::vector<ObjectId> expected{
      {"", "", "Namespace", "z"},
      {"", "apiextensions.k8s.io", "CustomResourceDefinition", "y"},
      {"shop", "", "ServiceAccount", "x"},
      {"shop", "rbac.authorization.k8s.io", "Role", "w"},
      {"shop", "rbac.authorization.k8s.io", "RoleBinding", "v"},
      {"shop", "", "ConfigMap", "u"},
      {"shop", "", "Service", "t"},
      {"shop", "cert-manager.io", "Certificate", "s"},
      {"shop", "apps", "Deployment", "r"},
      {"shop", "batch", "Job", "q"},
      {"shop", "autoscaling", "HorizontalPodAutoscaler", "p"},
      {"shop", "networking.k8s.io", "Ingress", "o"},
      {"", "admissionregistration.k8s.io", "ValidatingWebhookConfiguration", "n"},
  };
  std::vector<ObjectId> sorted = expected;
  std::sort(sorted.begin(), sorted.end());
  std::sort(sorted.begin(), sorted.end(), applies_before);
  EXPECT_EQ(sorted, expected);
}

TEST(ApplyOrder, KnowsWhereBuiltInKindsLive) {
  EXPECT_EQ(scope_of("", "Namespace"), Scope::cluster);
  EXPECT_EQ(scope_of("apps", "Deployment"), Scope::namespaced);
  EXPECT_EQ(scope_of("example.org", "Deployment"), Scope::unknown);
}

}  // namespace
}  // namespace muster::manifest

// The rules of the language, one sentence each: what would go wrong if a rule did not hold.
#include <gtest/gtest.h>

#include <algorithm>

#include "muster/diag/render.hpp"
#include "muster/lang/compile.hpp"
#include "muster/model/dump.hpp"

namespace muster::lang {
namespace {

constexpr std::string_view kAround = R"(fleet shop { language = "1.0" }
target here : directory { path = "out" }
target there : kubernetes { context = "there" }
environment production { branch = "main", target = here, namespace = "shop" }
environment staging { branch = "develop", target = here, namespace = "shop-staging" }
group all { members = [production, staging] }
team pay { contact = "#pay" }
)";

class Compiled {
 public:
  explicit Compiled(std::string text, unsigned jobs = 1, std::string_view around = kAround)
      : Compiled({{"main.fleet", std::move(text)}, {"around.fleet", std::string(around)}}, jobs) {}
  Compiled(std::vector<diag::FleetText> texts, unsigned jobs) : compilation(compile(std::move(texts), options(jobs))) {}

  static Options options(unsigned jobs) {
    Options made;
    made.jobs = jobs;
    made.root = "/srv/fleet";
    return made;
  }

  [[nodiscard]] std::vector<std::string> codes() const {
    std::vector<std::string> all;
    for (const diag::Diagnostic& one : compilation.diagnostics().all()) all.push_back(one.code);
    return all;
  }
  [[nodiscard]] std::string text() const { return diag::render_terminal(compilation.diagnostics(), compilation.sources()); }
  [[nodiscard]] const model::Fleet& fleet() const { return compilation.fleet(); }
  [[nodiscard]] const model::Instance* instance(std::string_view service, std::string_view environment = "production") const {
    const model::Instance* found = fleet().instance(service, environment);
    EXPECT_NE(found, nullptr) << service << "@" << environment << " is missing\n" << text();
    return found;
  }
  /// A field of the declaration, as canonical JSON.
  [[nodiscard]] std::string field(std::string_view service, std::string_view name, std::string_view environment = "production") const {
    const model::Instance* found = instance(service, environment);
    if (found == nullptr) return {};
    const std::string key = "\"" + std::string(name) + "\":";
    const std::size_t at = found->declaration.find(key);
    if (at == std::string::npos) return "(absent)";
    std::size_t end = at + key.size();
    int depth = 0;
    for (bool inside = false; end < found->declaration.size(); ++end) {
      const char c = found->declaration[end];
      if (c == '"' && found->declaration[end - 1] != '\\') inside = !inside;
      if (inside) continue;
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth < 0) break;
      if (c == ',' && depth == 0) break;
    }
    return found->declaration.substr(at + key.size(), end - at - key.size());
  }
  [[nodiscard]] std::vector<std::string> edges(std::string_view service, std::string_view environment = "production") const {
    std::vector<std::string> all;
    const model::Instance* found = instance(service, environment);
    for (const model::Need& need : found == nullptr ? std::vector<model::Need>() : found->needs)
      all.push_back(need.service + (need.read ? " (read)" : "") + (need.environment == environment ? "" : "@" + need.environment));
    return all;
  }
  [[nodiscard]] std::vector<std::string> held() const {
    std::vector<std::string> all;
    for (const model::Poisoned& one : fleet().poisoned) all.push_back(model::instance_name(one.service, one.environment));
    return all;
  }
  [[nodiscard]] std::vector<std::string> why(std::string_view service, std::string_view environment, std::string_view path,
                                             bool library = true) const {
    std::string error;
    const auto lines = compilation.why(service, environment, path, error);
    if (!lines) return {error};
    std::vector<std::string> all;
    for (const ProvenanceLine& one : *lines) {
      if (!library && one.library) continue;
      const std::string place = compilation.sources().place(one.span);
      all.push_back(std::string(one.depth * 2, ' ') + one.value + "  " + place.substr(0, place.find(':')) + "  " + one.place + "  " +
                    one.verdict);
    }
    return all;
  }

  Compilation compilation;
};

using Strings = std::vector<std::string>;

// ---- ★1, ★2: the ladder ----

TEST(Ladder, TakesTheHighestRungFirstThenTheDerivedKindThenTheEnvironment) {
  const Compiled fleet(R"(
kind base for service { param size: int = 1 }
kind derived for service extends base { size = 2 }
defaults service : base { size = 3, in production { size = 30 } }
defaults service : base for pay { size = 4 }
service a : base {}
service b : derived { except = [production, staging] }
service c : base { owner = pay }
service d : base { size = 5, in production { size = 6 }, in all { size = 7 } }
)");
  EXPECT_EQ(fleet.field("a", "size", "staging"), "3");
  EXPECT_EQ(fleet.field("a", "size"), "30");
  EXPECT_EQ(fleet.field("c", "size"), "4") << "a team's defaults stand above the fleet's, whatever their scope\n" << fleet.text();
  EXPECT_EQ(fleet.field("d", "size"), "6");
  EXPECT_EQ(fleet.field("d", "size", "staging"), "7");
}

TEST(Ladder, PrefersDefaultsOfTheDerivedKindToThoseOfItsBase) {
  const Compiled fleet(R"(
defaults service : std.workload { in production { memory = 1Gi } }
defaults service : std.web { memory = 2Gi }
service a : std.web {}
)");
  EXPECT_EQ(fleet.field("a", "memory"), "\"2Gi\"") << fleet.text();
}

TEST(Ladder, AppliesAdditionsAndRemovalsToWhatLowerPlacesGave) {
  const Compiled fleet(R"(
defaults service { labels = { a = "1", b = "2" } }
service s : std.web {
  labels += { c = "3" }
  in production { labels -= ["a"], labels += { b = "9" } }
}
)");
  EXPECT_EQ(fleet.field("s", "labels"), R"({"b":"9","c":"3"})") << fleet.text();
  EXPECT_EQ(fleet.field("s", "labels", "staging"), R"({"a":"1","b":"2","c":"3"})");
}

TEST(Ladder, RefusesTwoAppendsAndOneKeyTwiceAtOnePlace) {
  EXPECT_EQ(Compiled("service s : std.web { args += [\"a\"], args += [\"b\"] }\n").codes(), Strings({"F0501"}));
  EXPECT_EQ(Compiled("service s : std.web { labels += { a = \"1\" }, labels += { a = \"2\" } }\n").codes(), Strings({"F0501"}));
  EXPECT_EQ(Compiled("service s : std.web { labels += { a = \"1\" }, labels += { b = \"2\" } }\n").codes(), Strings());
  EXPECT_EQ(Compiled("service s : std.web { labels = { a = \"1\" }, labels += { b = \"2\" } }\n").codes(), Strings({"F0501"}));
}

TEST(Ladder, SetsLeavesOfRecordsOneByOne) {
  const Compiled fleet(R"(
type Probe { path: string = "/", every: duration = 10s, port: int? = none }
kind probed for service { param probe: Probe = {}, param spare: Probe? = none }
defaults service : probed { probe { path = "/health", every = 5s } }
service a : probed { probe.port = 80 }
service b : probed { probe = { port = 81 } }
service c : probed { spare { path = "/c" } }
service d : probed { spare { path = "/d" }, in production { spare = none } }
)");
  EXPECT_EQ(fleet.codes(), Strings()) << fleet.text();
  EXPECT_EQ(fleet.field("a", "probe.path"), "\"/health\"");
  EXPECT_EQ(fleet.field("a", "probe.port"), "80");
  EXPECT_EQ(fleet.field("b", "probe.path"), "\"/\"") << "a whole record sets unlisted leaves to the schema default";
  EXPECT_EQ(fleet.field("b", "probe.every"), "\"10s\"");
  EXPECT_EQ(fleet.field("c", "spare.every"), "\"10s\"");
  EXPECT_EQ(fleet.why("d", "production", "spare.every"),
            Strings({"none  main.fleet  entity, in production  wins", "{ … }  main.fleet  entity  shadowed: plain < environment",
                     "none  main.fleet  schema default  shadowed"}));
  EXPECT_EQ(fleet.field("d", "spare.path", "staging"), "\"/d\"");
}

TEST(Ladder, LetsNoneStopLowerValuesAndAbsenceFallThrough) {
  const Compiled fleet(R"(
defaults service : std.web { zone = "shop.example" }
service a : std.web { zone = none }
service b : std.web {}
)");
  EXPECT_EQ(fleet.field("a", "zone"), "null");
  EXPECT_EQ(fleet.field("b", "zone"), "\"shop.example\"");
}

TEST(Ladder, KeepsLockedValuesFromDerivedKindsDefaultsAndEntities) {
  EXPECT_EQ(Compiled("kind mine for service extends std.web { run_as_root = true }\nservice s : mine {}\n").codes(), Strings({"F0503"}));
  EXPECT_EQ(Compiled("defaults service : std.web { run_as_root = true }\nservice s : std.web {}\n").codes(), Strings({"F0503"}));
  const std::string kind = "kind mine for service extends std.web { locked labels += { tier = \"front\" } }\n";
  EXPECT_EQ(Compiled(kind + "service s : mine { labels += { other = \"x\" } }\n").codes(), Strings());
  EXPECT_EQ(Compiled(kind + "service s : mine { labels += { tier = \"back\" } }\n").codes(), Strings({"F0503"}));
  EXPECT_EQ(Compiled(kind + "service s : mine { labels -= [\"tier\"] }\n").codes(), Strings({"F0503"}));
  EXPECT_EQ(Compiled(kind + "service s : mine { labels = {} }\n").codes(), Strings({"F0503"})) << "said once, as the error";
}

TEST(Ladder, LetsAnEnvironmentDecideBetweenTwoGroups) {
  const std::string groups = "group a { members = [production] }\ngroup b { members = [production, staging] }\n";
  EXPECT_EQ(Compiled(groups + "service s : std.web { in a { replicas = 2 }, in b { replicas = 3 } }\n").codes(), Strings({"F0502"}));
  const Compiled decided(groups + "service s : std.web { in a { replicas = 2 }, in b { replicas = 3 }, in production { replicas = 4 } }\n");
  EXPECT_EQ(decided.codes(), Strings());
  EXPECT_EQ(decided.field("s", "replicas"), "4");
  EXPECT_EQ(decided.field("s", "replicas", "staging"), "3");
}

TEST(Ladder, ChoosesByPresenceNeverByValue) {
  const Compiled fleet("service s : std.web { replicas = 5, in production { replicas = 1 } }\n");
  EXPECT_EQ(fleet.field("s", "replicas"), "1");
}

TEST(Ladder, CountsGroupsForEachNameOfAUnion) {
  const Compiled fleet("service s : std.web { in all { replicas = 2 }, in production, staging { memory = 1Gi } }\n");
  EXPECT_EQ(fleet.codes(), Strings());
  EXPECT_EQ(fleet.field("s", "memory", "staging"), "\"1Gi\"");
}

// ---- ★3: closed records ----

TEST(Records, RefuseUnknownFieldsAtEveryDepth) {
  EXPECT_EQ(
      Compiled("environment more { branch = \"more\", target = here, namespace = \"more\", gate { approval { frm = [pay] } } }\n").codes(),
      Strings({"F0201"}));
  EXPECT_EQ(Compiled("service s : std.web { gate = { sok = {} } }\n").codes(), Strings({"F0201"}));
}

// ---- ★4: provenance ----

TEST(Provenance, TellsWinnerAndShadowsAsThePaperShows) {
  const Compiled fleet({{"fleet.fleet", R"(fleet bank { language = "1.0" }
target k8s : kubernetes { context = "eu" }
environment prod-eu { branch = "main", target = k8s }
environment prod-us { branch = "us", target = k8s, namespace = "us" }
group live { members = [prod-eu, prod-us] }
defaults service : std.workload { in live { replicas = 3, disruption_budget = 1 } }
)"},
                        {"teams/ledger/ledger-api.fleet", R"(service ledger-api : std.web {
  repo = "github.com/bank/ledger"
  in live    { replicas = 6 }
  in prod-us { replicas = 9 }
}
)"}},
                       1);
  EXPECT_EQ(fleet.why("ledger-api", "prod-us", "replicas"),
            Strings({"9  teams/ledger/ledger-api.fleet  entity, in prod-us  wins",
                     "6  teams/ledger/ledger-api.fleet  entity, in live  shadowed: group < environment",
                     "3  fleet.fleet  fleet defaults, in live  shadowed: lower rung", "1  std/workload.fleet  schema default  shadowed"}));
  std::string error;
  const auto lines = fleet.compilation.why("ledger-api", "prod-us", "replicas", error);
  EXPECT_EQ(fleet.compilation.sources().place(lines->front().span), "teams/ledger/ledger-api.fleet:4:27");
}

TEST(Provenance, FollowsValuesThroughLetsFunctionsKindsAndOtherServices) {
  const Compiled fleet(
      {{"lib.fleet",
        "fn host(name: string, zone: string) -> string = \"\\(name).\\(zone)\"\n"
        "kind site for service extends std.web {\n  param label: string = \"x\"\n  let full = host(label, zone ?? \"none\")\n  output "
        "address: string = \"https://\\(full)\"\n}\n"},
       {"main.fleet", "service a : site { label = \"front\", zone = \"shop.example\" }\nservice b : std.web { env = { A = a.address } }\n"},
       {"around.fleet", std::string(kAround)}},
      1);
  const Strings lines = fleet.why("b", "production", "env.A", false);
  EXPECT_EQ(lines, Strings({"\"https://front.shop.example\"  main.fleet  entity  wins",
                            "  \"https://front.shop.example\"  lib.fleet  output of site  computed",
                            "    \"front.shop.example\"  lib.fleet  let of site  computed", "      \"front\"  main.fleet  entity  wins",
                            "      \"x\"  lib.fleet  schema default  shadowed", "      \"shop.example\"  main.fleet  entity  wins"}));
}

TEST(Provenance, KnowsAServiceByItsFormerName) {
  const Compiled fleet("service fresh : std.web { renamed_from = [old], replicas = 2 }\n");
  EXPECT_EQ(fleet.why("old", "production", "replicas", false), Strings({"2  main.fleet  entity  wins"}));
}

TEST(Provenance, SaysWhatItDoesNotKnow) {
  const Compiled fleet("service cart : std.web { only = [staging] }\n");
  EXPECT_EQ(fleet.why("crt", "production", "replicas"), Strings({"no service is called `crt`; did you mean `cart`?"}));
  EXPECT_EQ(fleet.why("cart", "production", "replicas"), Strings({"`cart` does not exist in environment `production`"}));
  EXPECT_EQ(fleet.why("cart", "staging", "replcas"), Strings({"`cart` has no field `replcas`; did you mean `replicas`?"}));
}

// ---- ★5: the tree is the unit ----

TEST(Tree, MeansTheSameWhereverItsDeclarationsStand) {
  const std::string a = "service a : std.web { needs = [b] }\n";
  const std::string b = "service b : std.web { port = 9000 }\n";
  const auto json = [](const Compiled& one) { return model::declarations_json(one.fleet()); };
  const std::string once = json(Compiled({{"around.fleet", std::string(kAround)}, {"x/a.fleet", a}, {"y/b.fleet", b}}, 1));
  EXPECT_EQ(once, json(Compiled({{"zz.fleet", std::string(kAround)}, {"a.fleet", b + a}}, 4)));
}

TEST(Tree, KeepsConstantsOfAFileWithEntitiesToThatFile) {
  const std::string use = "service a : std.web { env = { X = GREETING } }\n";
  EXPECT_EQ(
      Compiled({{"around.fleet", std::string(kAround)}, {"a.fleet", use}, {"b.fleet", "const GREETING = \"hi\"\nservice b : std.web {}\n"}},
               1)
          .codes(),
      Strings({"F0301"}));
  EXPECT_EQ(Compiled({{"around.fleet", std::string(kAround)}, {"a.fleet", use}, {"b.fleet", "const GREETING = \"hi\"\n"}}, 1).codes(),
            Strings());
}

// ---- ★6: references and edges ----

TEST(Edges, ComeFromNeedsFromBothArmsOfAnIfFromParamsAndFromFunctions) {
  const Compiled fleet(R"(
fn pick(a: string, b: string) -> string = a
kind uses for service extends std.web { param db: ref(std.web), env += { DB = db.url } }
service a : std.web { needs = [n], env = { X = if service.replicas > 1 then l.url else r.url, Y = pick(f.url, g.url) } }
service u : uses { db = n }
service n : std.web {}
service l : std.web {}
service r : std.web {}
service f : std.web {}
service g : std.web {}
)");
  EXPECT_EQ(fleet.codes(), Strings()) << fleet.text();
  EXPECT_EQ(fleet.edges("a"), Strings({"f (read)", "g (read)", "l (read)", "n", "r (read)"}));
  EXPECT_EQ(fleet.edges("u"), Strings({"n (read)"}));
}

TEST(Edges, DoNotComeFromLinksNorFromValuesThatAreShadowed) {
  const Compiled fleet(R"(
kind follows for service extends std.web { param peer: link(std.web)? = none }
service a : follows { env = { X = link(b).url }, peer = b }
service b : std.web { env = { Y = a.url }, in production { env = { Z = "z" } } }
)");
  EXPECT_EQ(fleet.codes(), Strings()) << fleet.text();
  EXPECT_EQ(fleet.edges("a"), Strings());
  EXPECT_EQ(fleet.edges("b"), Strings()) << "production's own value hides the read";
  EXPECT_EQ(fleet.edges("b", "staging"), Strings({"a (read)"}));
}

TEST(Edges, AreOfTheReadersEnvironmentUnlessTheyNameAnother) {
  const Compiled fleet(R"(
service idp : std.web { only = [production] }
service a : std.web { env = { IDP = idp@production.url } }
)");
  EXPECT_EQ(fleet.codes(), Strings()) << fleet.text();
  EXPECT_EQ(fleet.edges("a", "staging"), Strings({"idp (read)@production"}));
  EXPECT_EQ(fleet.field("a", "IDP", "staging"), "\"http://idp.shop.svc:8080\"");
}

TEST(Edges, ReachKindsAsEdges) {
  const Compiled fleet(R"(
kind counting for service extends std.web { env += { PEERS = [for p in edges: p.name].join(",") } }
service a : counting { needs = [c, b] }
service b : std.web {}
service c : std.web { object_name = "see" }
)");
  EXPECT_EQ(fleet.field("a", "PEERS"), "\"b,see\"") << fleet.text();
}

TEST(Edges, OfACircleWithLinkAreNoneButACircleOfValuesStaysOne) {
  const std::string kind =
      "kind node for service extends std.web { param next: link(node)? = none, output trail: string = if next != none then next.trail else "
      "name }\n";
  EXPECT_EQ(Compiled(kind + "service a : node { next = b }\nservice b : node { next = a }\n").codes(), Strings({"F0306"}));
}

TEST(Edges, CycleIsPrintedWholeWhereverItIsEntered) {
  const Compiled fleet(
      "service z : std.web { needs = [m] }\nservice m : std.web { needs = [a] }\nservice a : std.web { needs = [z] }\nservice outside : "
      "std.web { needs = [a] }\n");
  ASSERT_EQ(fleet.codes(), Strings({"F0304"}));
  EXPECT_EQ(fleet.compilation.diagnostics().all().front().secondary.size(), 2U);
  EXPECT_EQ(fleet.held().size(), 6U) << "the three of the circle, in both environments";
}

TEST(Edges, AreNotWhatNeedsIsComputedFrom) {
  EXPECT_EQ(Compiled("kind k for service extends std.web { needs += [for p in edges: p] }\nservice s : k {}\n").codes(),
            Strings({"F0306"}));
}

TEST(Names, OfNewServicesNeverChangeWhatAnotherFileMeans) {
  const std::string text = "const search = \"elastic\"\nservice a : std.web { env = { ENGINE = search } }\n";
  const Compiled before(text);
  const Compiled after({{"main.fleet", text}, {"around.fleet", std::string(kAround)}, {"new.fleet", "service search : std.web {}\n"}}, 1);
  EXPECT_EQ(before.field("a", "ENGINE"), after.field("a", "ENGINE"));
  EXPECT_EQ(after.codes(), Strings());
}

// ---- ★7: containment ----

TEST(Containment, HoldsTheServiceInErrorAndWhatReadsItAndNobodyElse) {
  const Compiled fleet(R"(
service broken : std.web { port = 99999 }
service reader : std.web { env = { B = broken.url } }
service fine : std.web { replicas = 2 }
)");
  EXPECT_EQ(fleet.codes(), Strings({"F0408"})) << "poison is quiet";
  EXPECT_EQ(fleet.held(), Strings({"broken@production", "reader@production", "broken@staging", "reader@staging"}));
  EXPECT_NE(fleet.instance("fine"), nullptr);
  EXPECT_FALSE(fleet.fleet().whole);
  EXPECT_FALSE(fleet.fleet().barrier);
}

TEST(Containment, HoldsOnlyTheEnvironmentThatAnErrorReaches) {
  const Compiled fleet("service s : std.web { in production { replcas = 2 } }\n");
  EXPECT_EQ(fleet.held(), Strings({"s@production"}));
}

TEST(Containment, MakesBarriersOfErrorsInWhatEverybodyStandsOn) {
  EXPECT_TRUE(Compiled("service s : std.web {\n").fleet().barrier) << "a syntax error";
  EXPECT_TRUE(Compiled("environment more { branch = 5, target = here }\n").fleet().barrier);
  EXPECT_TRUE(Compiled("group more { members = [nowhere] }\n").fleet().barrier);
  EXPECT_TRUE(Compiled("target more : directory { pth = \"x\" }\n").fleet().barrier);
  EXPECT_TRUE(Compiled("team more { contct = \"x\" }\n").fleet().barrier);
  EXPECT_TRUE(Compiled("freeze f { applies_to = production, every = weekly(sat) }\n").fleet().barrier) << "a time zone is mandatory";
  EXPECT_TRUE(Compiled("defaults service { labls = {} }\n").fleet().barrier);
  EXPECT_TRUE(Compiled("rule r { require true else \"x\" }\n").fleet().barrier);
}

TEST(Containment, LetsErrorsInDefaultsOfAKindReachThatKindOnly) {
  const Compiled fleet("defaults service : std.web { replcas = 1 }\nservice w : std.web {}\nservice j : std.job {}\n");
  EXPECT_FALSE(fleet.fleet().barrier);
  EXPECT_EQ(fleet.held(), Strings({"w@production", "w@staging"}));
}

TEST(Containment, HoldsTheServicesOfAKindInError) {
  const Compiled fleet("kind bad for service extends std.web { replcas = 1 }\nservice b : bad {}\nservice g : std.web {}\n");
  EXPECT_EQ(fleet.codes(), Strings({"F0201"}));
  EXPECT_EQ(fleet.held(), Strings({"b@production", "b@staging"}));
}

// ---- ★8: total and budgeted ----

TEST(Budget, IsTheSameForAnyNumberOfThreadsAndNamesTheValue) {
  std::string text =
      "fn grow(n: int) -> list(int) = [for a in range(n): a]\nkind busy for service { param n: int = 20000, let work = grow(n), output "
      "total: int = work.size() }\n";
  for (int i = 0; i < 40; ++i) text += "service s" + std::to_string(i) + " : busy {}\n";
  const auto said = [&](unsigned jobs) {
    Options options = Compiled::options(jobs);
    options.step_budget = 500'000;
    const Compilation compilation = compile({{"main.fleet", text}, {"around.fleet", std::string(kAround)}}, options);
    EXPECT_TRUE(compilation.fleet().barrier);
    return diag::render_terminal(compilation.diagnostics(), compilation.sources());
  };
  const std::string one = said(1);
  EXPECT_NE(one.find("F0601"), std::string::npos) << one;
  EXPECT_EQ(one, said(2));
  EXPECT_EQ(one, said(8));
}

// ---- ★9, ★10: units, text ----

TEST(Units, MeanWhatTheExpectedTypeSays) {
  const Compiled fleet("service s : std.web { cpu = 0.5, memory = 1.5Gi }\nservice t : std.web { cpu = 1500m, memory = 500MB }\n");
  EXPECT_EQ(fleet.field("s", "cpu"), "\"500m\"");
  EXPECT_EQ(fleet.field("s", "memory"), "\"1536Mi\"");
  EXPECT_EQ(fleet.field("t", "memory"), "\"500000000\"");
}

TEST(Text, IsInterpolatedWithBackslashAndParenthesesAlone) {
  const Compiled fleet(R"~(service s : std.web { env = { A = "\(service.port) $(X) ${Y} {{ z }} %d", B = r"\(raw)" } }
)~");
  EXPECT_EQ(fleet.field("s", "A"), R"~("8080 $(X) ${Y} {{ z }} %d")~");
  EXPECT_EQ(fleet.field("s", "B"), R"~("\\(raw)")~");
}

// ---- ★11: secrets ----

TEST(Secrets, AreReferencesEverywhere) {
  EXPECT_EQ(Compiled("service s : std.web { secrets = { A = secret(\"env:TOKEN\") } }\n").codes(), Strings({"F0702"}));
  EXPECT_EQ(Compiled("service s : std.web { secrets = { A = secret(\"noslash\") } }\n").codes(), Strings({"F0702"}));
  EXPECT_EQ(Compiled("forge f { match = \"h/*\", auth = token(secret(\"name/key\")) }\n").codes(), Strings({"F0702"}));
  EXPECT_EQ(Compiled("kind k for service extends std.web { param s: secret = secret(\"a/b\"), object ConfigMap { apiVersion = \"v1\", data "
                     "= { s = s } } }\nservice s : k {}\n")
                .codes(),
            Strings({"F0701"}));
  const Compiled fleet(
      "kind db for service { output password: secret = secret(\"pg/password\") }\nservice pg : db {}\nservice s : std.web { secrets = { P "
      "= pg.password } }\n");
  EXPECT_EQ(fleet.field("s", "secrets"), R"({"P":{"secret":"pg/password"}})") << fleet.text();
}

// ---- late values ----

TEST(LateValues, MayEnterEnvAndAnnotationsAndObjectsOnly) {
  const Compiled fleet("service s : std.web { image = \"x/y:1\", env = { I = \"running \\(pinned_image(\"main\"))\" } }\n");
  EXPECT_EQ(fleet.codes(), Strings()) << fleet.text();
  EXPECT_EQ(Compiled("service s : std.web { image = \"x/y:1\", labels = { i = pinned_image(\"main\") } }\n").codes(), Strings({"F0704"}));
  EXPECT_EQ(Compiled("service s : std.web { image = \"x/y:1\", replicas = if pinned_image(\"main\") == \"x\" then 1 else 2 }\n").codes(),
            Strings({"F0704"}));
  EXPECT_EQ(
      Compiled("kind k for service extends std.web { output i: string = pinned_image(\"main\") }\nservice s : k { image = \"x/y:1\" }\n")
          .codes(),
      Strings({"F0704"}));
}

// ---- types ----

TEST(Types, NarrowWhatAConditionShowsToBeThere) {
  const std::string kind = "kind k for service extends std.web { output h: string = ";
  EXPECT_EQ(Compiled(kind + "if zone == none then \"\" else zone }\nservice s : k {}\n").codes(), Strings());
  EXPECT_EQ(Compiled(kind + "if zone != none and replicas > 1 then zone else \"\" }\nservice s : k {}\n").codes(), Strings());
  EXPECT_EQ(Compiled(kind + "if zone != none or replicas > 1 then zone else \"\" }\nservice s : k {}\n").codes(), Strings({"F0407"}));
  EXPECT_EQ(Compiled(kind + "zone ?? \"\" }\nservice s : k {}\n").codes(), Strings());
}

TEST(Types, HoldRefinementsAgainstComputedValues) {
  const std::string kind =
      "type Port = int where it >= 1 and it <= 65535\nkind k for service { param first: int = 65000, output second: Port = first + 1000 "
      "}\n";
  EXPECT_EQ(Compiled(kind + "service s : k {}\n").codes(), Strings({"F0408"}));
  EXPECT_EQ(Compiled(kind + "service s : k { first = 1 }\n").codes(), Strings());
}

TEST(Types, OfUnionsAreChosenByWhatIsWritten) {
  const Compiled fleet(R"(
enum Off { off }
type Fixed { size: int }
type Range { least: int, most: int }
kind k for service { param scale: Off | Fixed | Range = off }
service a : k { scale = { size = 3 } }
service b : k { scale = { least = 1, most = 9 } }
service c : k { scale = off }
)");
  EXPECT_EQ(fleet.codes(), Strings()) << fleet.text();
  EXPECT_EQ(fleet.field("b", "scale"), R"({"least":1,"most":9})");
}

// ---- where a release comes from ----

constexpr std::string_view kChain = R"(fleet shop { language = "1.0" }
target here : directory { path = "out" }
environment staging { branch = "main", target = here, namespace = "a" }
environment europe { from = staging, target = here, namespace = "b" }
environment america { from = europe, target = here, namespace = "c" }
)";

TEST(Sources, FollowTheNearestEnvironmentThatHasTheService) {
  const Compiled fleet(
      "service a : std.web { repo = \"github.com/x/a\" }\nservice b : std.web { repo = \"github.com/x/b\", except = [europe] }\nservice c "
      ": std.web { repo = \"github.com/x/c\", only = [america], branches = { america = \"main\" } }\n",
      1, kChain);
  EXPECT_EQ(fleet.codes(), Strings()) << fleet.text();
  EXPECT_EQ(fleet.instance("a", "staging")->source->branch, "main");
  EXPECT_EQ(fleet.instance("a", "america")->follows, "europe");
  EXPECT_EQ(fleet.instance("a", "america")->source->branch, "");
  EXPECT_EQ(fleet.instance("b", "america")->follows, "staging");
  EXPECT_EQ(fleet.instance("c", "america")->follows, "");
  EXPECT_EQ(fleet.instance("c", "america")->source->branch, "main");
}

TEST(Sources, AreHttpsOrAnyUrlOrAPathFromTheFileThatSaysIt) {
  const Compiled fleet(
      {{"teams/a/a.fleet",
        "service a : std.web { repo = \"../../apps/a\" }\nservice b : std.web { repo = \"git@forge.example:x/b.git\" }\nservice c : "
        "std.web { repo = shared }\nrepository shared { url = \"./c\", auth = basic(\"u\", secret(\"env:P\")) }\n"},
       {"around.fleet", std::string(kAround)}},
      1);
  EXPECT_EQ(fleet.codes(), Strings()) << fleet.text();
  EXPECT_EQ(fleet.instance("a")->source->repository.url, "file:///srv/fleet/apps/a");
  EXPECT_TRUE(fleet.instance("a")->source->repository.local);
  EXPECT_EQ(fleet.instance("b")->source->repository.url, "ssh://git@forge.example/x/b.git");
  EXPECT_EQ(fleet.instance("c")->source->repository.url, "file:///srv/fleet/teams/a/c");
  EXPECT_EQ(fleet.instance("c")->source->repository.auth.user, "u");
}

TEST(Sources, TakeTheCredentialsOfTheMostExactForge) {
  const Compiled fleet(
      "forge wide { match = \"github.com/*\", auth = token(secret(\"env:WIDE\")) }\nforge exact { match = \"github.com/shop/*\", auth = "
      "token(secret(\"env:EXACT\")) }\nservice a : std.web { repo = \"github.com/shop/a\" }\nservice b : std.web { repo = "
      "\"https://github.com/other/b.git\" }\n");
  EXPECT_EQ(fleet.instance("a")->source->repository.auth.secret->reference, "env:EXACT");
  EXPECT_EQ(fleet.instance("b")->source->repository.auth.secret->reference, "env:WIDE");
}

TEST(Services, BoundTogetherAreBoundAllWithAll) {
  const Compiled fleet(
      "service a : std.web { together = [b] }\nservice b : std.web {}\nservice c : std.web { together = [b] }\nservice d : std.web {}\n");
  EXPECT_EQ(fleet.instance("a")->together, Strings({"b", "c"}));
  EXPECT_EQ(fleet.instance("b")->together, Strings({"a", "c"}));
  EXPECT_EQ(fleet.instance("d")->together, Strings());
  EXPECT_EQ(fleet.edges("a"), Strings()) << "together orders nothing";
}

TEST(Services, KeepTheNamesOfTheirObjectsWhenTheyAreRenamed) {
  const Compiled fleet(
      "service ledger-api : std.web { renamed_from = [ledger] }\nservice b : std.web { renamed_from = [x], object_name = \"y\" }\nservice "
      "r : std.web { env = { A = ledger-api.url, B = b.name } }\n");
  EXPECT_EQ(fleet.field("r", "A"), "\"http://ledger.shop.svc:8080\"") << fleet.text();
  EXPECT_EQ(fleet.field("r", "B"), "\"y\"");
}

TEST(Gates, OfServicesAddToThoseOfTheEnvironment) {
  const Compiled fleet(
      "service s : std.web { owner = pay, in production { gate { soak = { staging = 24h }, approval { from = [owner, pay] } } } }\n");
  EXPECT_EQ(fleet.codes(), Strings()) << fleet.text();
  const auto& gates = fleet.instance("s")->gates;
  ASSERT_EQ(gates.size(), 1U);
  EXPECT_EQ(to_canonical_json(model::to_value(gates.front())),
            R"({"approvals":[{"count":1,"from":["pay","pay"]}],"soak":{"staging":"1d"}})");
  EXPECT_TRUE(fleet.instance("s", "staging")->gates.empty());
}

// ---- declarations ----

TEST(Declarations, DoNotMoveByWhatOnlyGovernsRecords) {
  const auto digest = [](const std::string& body) {
    return Compiled("service b : std.web {}\nservice s : std.web { " + body + " }\n").instance("s")->declaration_digest;
  };
  const Digest plain = digest("");
  EXPECT_EQ(plain, digest("owner = pay"));
  EXPECT_EQ(plain, digest("gate { soak = { staging = 1h } }"));
  EXPECT_EQ(plain, digest("together = [b]"));
  EXPECT_EQ(plain, digest("image = \"x/y:1\""));
  EXPECT_EQ(plain, digest("repo = \"github.com/x/y\""));
  EXPECT_NE(plain, digest("needs = [b]"));
  EXPECT_NE(plain, digest("memory = 1Gi"));
  EXPECT_NE(plain, digest("env = { A = \"b\" }"));
}

TEST(Declarations, MoveWhenWhatTheyReadOfOthersMoves) {
  const auto digest = [](const std::string& port) {
    return Compiled("service b : std.web { port = " + port + " }\nservice s : std.web { env = { B = b.url } }\n")
        .instance("s")
        ->declaration_digest;
  };
  EXPECT_NE(digest("80"), digest("81"));
}

TEST(Declarations, MoveWhenAKindOfTheFleetEmitsOtherObjects) {
  const auto digest = [](const std::string& data) {
    return Compiled("kind k for service { object ConfigMap { apiVersion = \"v1\", data = { a = \"" + data + "\" } } }\nservice s : k {}\n")
        .instance("s")
        ->declaration_digest;
  };
  EXPECT_NE(digest("1"), digest("2"));
  EXPECT_EQ(digest("1"), digest("1"));
}

// ---- eval ----

TEST(Eval, SeesAnEnvironmentAsTheBodyOfAnEntityDoes) {
  const Compiled fleet("service cart : std.web { port = 9000 }\n");
  const auto eval = [&](std::string_view expression, std::string_view environment) {
    diag::Diagnostics out;
    diag::Sources sources;
    const auto value = fleet.compilation.eval(expression, environment, out, sources);
    return value ? to_canonical_json(*value) : diag::render_terminal(out, sources);
  };
  EXPECT_EQ(eval("cart.url", "staging"), "\"http://cart.shop-staging.svc:9000\"");
  EXPECT_EQ(eval("[for i in range(3): i * 2]", ""), "[0,2,4]");
  EXPECT_EQ(eval("environment.name", "production"), "\"production\"");
  EXPECT_NE(eval("crt.url", "production").find("fix: `cart`"), std::string::npos) << eval("crt.url", "production");
  EXPECT_NE(eval("cart.url", "nowhere").find("F0301"), std::string::npos);
}

}  // namespace
}  // namespace muster::lang

#include "registry/tokens.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "muster/base/text.hpp"
#include "muster/manifest/yaml.hpp"
#include "registry/hosts.hpp"

namespace muster::registry {
namespace {

constexpr std::size_t kAnswerBytes = std::size_t{256} << 10U;
constexpr std::size_t kTokens = 10'000;
constexpr Duration kShortestLife = std::chrono::seconds(60);  ///< What the specification says of a token that says nothing.
constexpr Duration kLongestLife = std::chrono::hours(1);      ///< A token that is withdrawn is noticed within this time at the latest.
constexpr Duration kPatience = std::chrono::seconds(5);

std::string escaped(std::string_view text) {
  static constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string out;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  return out;
}

std::string scope_of(const Asking& asking) { return fmt::format("repository:{}:pull", asking.repository.repository); }

Result<void> check_realm(const Asking& asking, const Challenge& challenge) {
  const std::string shown = escape_for_terminal(challenge.realm.substr(0, 200));
  const auto origin = http::origin_of(challenge.realm);
  if (!origin)
    return stalled(Reason::corrupt, fmt::format("{} names '{}' to get tokens from, which is no URL", asking.repository.host, shown));
  if (asking.origin.starts_with("https:") && !origin->starts_with("https:")) {
    return stalled(Reason::denied, fmt::format("{} wants its credentials sent to '{}', without TLS", asking.repository.host, shown));
  }
  const std::string realm = name_of(*origin);
  const std::string registry = name_of(asking.origin);
  if (is_realm_of(realm, registry) || (!asking.access.realm.empty() && realm == name_of(asking.access.realm))) return {};
  return stalled(Reason::denied, fmt::format("{0} wants its credentials sent to {1}, which is not known to belong to it; if it does, "
                                             "say `realm = \"{1}\"` in the `registry` of the fleet",
                                             asking.repository.host, escape_for_terminal(realm)));
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

http::Request token_request(const Asking& asking, const Challenge& challenge, const Login& login, std::string& body) {
  http::Request out;
  out.limits = asking.limits;
  out.limits.answer_bytes = kAnswerBytes;
  out.limits.redirects = 1;
  // A redirected POST would carry the identity token along.
  out.may_follow = [host = asking.repository.host](std::string_view) -> Result<void> {
    return stalled(Reason::denied, fmt::format("the realm of {} redirects, which is not followed with credentials", host));
  };
  out.tls.ca_file = asking.access.ca_file;
  out.url = challenge.realm;
  const std::string question = fmt::format("service={}&scope={}", escaped(challenge.service), escaped(scope_of(asking)));
  if (login.kind == Login::Kind::identity) {
    out.method = "POST";
    out.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
    body = fmt::format("grant_type=refresh_token&client_id=muster&{}&refresh_token={}", question, escaped(login.secret));
    out.body = body;
    return out;
  }
  out.url = out.url.substr(0, out.url.find('#'));
  out.url += (out.url.find('?') == std::string::npos ? "?" : "&") + question;
  if (login.kind == Login::Kind::basic) out.credentials = {http::Credentials::Kind::basic, login.user, login.secret};
  return out;
}

std::string way_out(const Asking& asking, const Login& login) {
  if (login.kind != Login::Kind::none) return "the credentials are refused, or may not read it";
  if (asking.access.auth.method == model::Credentials::Method::docker_config) return "docker's credentials have none for this host";
  return "it wants credentials: give the `registry` of the fleet an `auth`";
}

Failure refused(const Asking& asking, const Login& login) {
  return stalled(Reason::denied, fmt::format("{} does not let us read {}: {}", asking.repository.host, asking.repository.repository,
                                             way_out(asking, login)));
}

}  // namespace

std::string Asking::identity() const {
  return fmt::format("{}|{}|{}", static_cast<int>(access.auth.method), access.auth.user,
                     access.auth.secret ? access.auth.secret->reference : "");
}

Result<http::Credentials> Tokens::credentials(const Asking& asking) {
  std::optional<Challenge> challenge;
  {
    const std::lock_guard lock(mutex_);
    const auto known = challenges_.find(asking.origin + "|" + asking.identity());
    if (known != challenges_.end()) challenge = known->second;
  }
  if (!challenge) return http::Credentials{};
  auto answer = answer_to(asking, *challenge);
  // What one repository is refused another may be given without: the registry says it itself.
  if (!answer.ok() && answer.failure().reason == Reason::denied && challenge->scheme == Challenge::Scheme::basic)
    return http::Credentials{};
  return answer;
}

Result<http::Credentials> Tokens::credentials_after(const Asking& asking, const http::Answer& refusal) {
  const auto challenges = challenges_of(refusal.headers);
  if (challenges.empty()) {
    return stalled(Reason::denied, fmt::format("{} refuses without saying what it wants (no Basic, no Bearer)", asking.repository.host));
  }
  // A registry that offers both gets no password: it could be asked for the token alone.
  const auto bearer =
      std::find_if(challenges.begin(), challenges.end(), [](const Challenge& c) { return c.scheme == Challenge::Scheme::bearer; });
  const Challenge& challenge = bearer != challenges.end() ? *bearer : challenges.front();
  {
    const std::lock_guard lock(mutex_);
    const std::string key = asking.origin + "|" + asking.identity();
    tokens_.erase(key + "|" + asking.repository.repository);
    challenges_[key] = challenge;
  }
  return answer_to(asking, challenge);
}

Result<http::Credentials> Tokens::answer_to(const Asking& asking, const Challenge& challenge) {
  MUSTER_TRY(const Login login, logins_.login_for(asking.access.auth, asking.repository, asking.stop));
  using Kind = http::Credentials::Kind;
  if (login.kind == Login::Kind::bearer) return http::Credentials{Kind::bearer, {}, login.secret};
  if (challenge.scheme == Challenge::Scheme::basic) {
    if (login.kind != Login::Kind::basic) return refused(asking, login);
    return http::Credentials{Kind::basic, login.user, login.secret};
  }
  if (challenge.realm.empty()) {
    // It takes tokens and gives none: what the fleet calls a token is one.
    if (asking.access.auth.method != model::Credentials::Method::token) return refused(asking, login);
    return http::Credentials{Kind::bearer, {}, login.secret};
  }
  MUSTER_TRY(std::string token, token_for(asking, challenge, login));
  return http::Credentials{Kind::bearer, {}, std::move(token)};
}

Result<std::string> Tokens::token_for(const Asking& asking, const Challenge& challenge, const Login& login) {
  const std::string key = fmt::format("{}|{}|{}", asking.origin, asking.identity(), asking.repository.repository);
  {
    const std::lock_guard lock(mutex_);
    const auto kept = tokens_.find(key);
    if (kept != tokens_.end() && wire_.now() < kept->second.good_until) return kept->second.text;
  }
  MUSTER_CHECK(check_realm(asking, challenge));
  MUSTER_TRY(const Token token, new_token(asking, challenge, login));
  keep(key, token);
  return token.text;
}

void Tokens::keep(const std::string& key, const Token& token) {
  const std::lock_guard lock(mutex_);
  const Duration now = wire_.now();
  if (tokens_.size() >= kTokens) std::erase_if(tokens_, [&](const auto& entry) { return entry.second.good_until <= now; });
  if (tokens_.size() >= kTokens) tokens_.clear();
  tokens_[key] = token;
}

Result<Tokens::Token> Tokens::new_token(const Asking& asking, const Challenge& challenge, const Login& login) {
  std::string body;
  const http::Request request = token_request(asking, challenge, login, body);
  MUSTER_TRY(const http::Answer answer, wire_.send(request, {0, kPatience}, asking.stop));
  if (answer.status == 400 || answer.status == 401 || answer.status == 403) {
    logins_.forget(asking.repository);
    return refused(asking, login);
  }
  if (answer.status != 200) return wire_.failure_of(answer).with_context("a token");
  return token_in(answer);
}

Result<Tokens::Token> Tokens::token_in(const http::Answer& answer) const {
  const auto said = manifest::parse_json(answer.body, "answer");
  if (!said.ok()) return stalled(Reason::corrupt, "the realm's answer is no JSON");
  const std::string_view token = said->string_at("token", said->string_at("access_token"));
  if (!is_token(token)) return stalled(Reason::corrupt, "the realm's answer has no token");
  Duration life = kShortestLife;
  const Value* seconds = said->find("expires_in");
  if (const std::int64_t* number = seconds == nullptr ? nullptr : seconds->if_int())
    life =
        std::chrono::seconds(std::clamp<std::int64_t>(*number, 0, std::chrono::duration_cast<std::chrono::seconds>(kLongestLife).count()));
  // A request under way must not outlive its token.
  return Token{std::string(token), wire_.now() + life - std::min<Duration>(life / 2, std::chrono::seconds(15))};
}

}  // namespace muster::registry

// What must hold of the images in records. Written from the rules alone, like the rest of the oracle; it chooses tags with
// its own few lines.
#include <fmt/format.h>

#include <algorithm>

#include "muster/manifest/yaml.hpp"
#include "sim/oracle.hpp"

namespace muster::sim {
namespace {

constexpr const char* kImage = "image.main";

std::vector<std::uint64_t> numbers_in(const std::string& text) {
  std::vector<std::uint64_t> out;
  for (std::size_t i = 0; i < text.size();) {
    if (std::isdigit(static_cast<unsigned char>(text[i])) == 0) {
      ++i;
      continue;
    }
    out.push_back(0);
    for (; i < text.size() && std::isdigit(static_cast<unsigned char>(text[i])) != 0; ++i)
      out.back() = out.back() * 10 + static_cast<std::uint64_t>(text[i] - '0');
  }
  return out;
}

bool is_version(const std::string& tag) {
  return tag.find_first_not_of("0123456789.") == std::string::npos && std::count(tag.begin(), tag.end(), '.') == 2;
}

std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

bool takes(const std::string& rule, const std::string& tag) {
  using Numbers = std::vector<std::uint64_t>;
  if (const std::size_t brace = rule.find('{'); brace != std::string::npos) {
    const std::string prefix = rule.substr(0, brace);
    return tag.size() > prefix.size() && tag.starts_with(prefix) && tag.find_first_not_of("0123456789", prefix.size()) == std::string::npos;
  }
  if (rule.find_first_of("0123456789") == std::string::npos) return tag == rule;
  if (!is_version(tag)) return false;
  static const std::map<std::string, std::vector<std::pair<Numbers, Numbers>>> kRanges = {
      {"^1", {{{1, 0, 0}, {2, 0, 0}}}},
      {"~1.4", {{{1, 4, 0}, {1, 5, 0}}}},
      {">=1.4 <3", {{{1, 4, 0}, {3, 0, 0}}}},
      {"^1.5 || ^2", {{{1, 5, 0}, {2, 0, 0}}, {{2, 0, 0}, {3, 0, 0}}}},
  };
  const Numbers version = numbers_in(tag);
  const auto& ranges = kRanges.at(rule);
  return std::any_of(ranges.begin(), ranges.end(), [&](const auto& range) { return version >= range.first && version < range.second; });
}

bool is_lower(const std::string& a, const std::string& b) { return numbers_in(a) < numbers_in(b); }

ListedImage read_image(const std::string& value) {
  ListedImage out;
  std::size_t at = 0;
  for (bool first = true; at <= value.size(); first = false) {
    const std::size_t end = std::min(value.find(';', at), value.size());
    const std::string part = value.substr(at, end - at);
    at = end + 1;
    const std::size_t equals = part.find('=');
    const std::string key = equals == std::string::npos ? part : part.substr(0, equals);
    const std::string text = equals == std::string::npos ? std::string() : unescaped(part.substr(equals + 1));
    if (first) out.reference = unescaped(part);
    if (key == "digest") out.digest = text;
    if (key == "tag") out.tag = text;
    if (key == "rule") out.rule = text;
    if (key == "commit") out.commit = text;
    if (key == "literal") out.literal = true;
  }
  if (out.tag.empty() && out.digest.empty() && out.reference.rfind(':') != std::string::npos)
    out.tag = out.reference.substr(out.reference.rfind(':') + 1);
  return out;
}

/// Everything of one image that a record lists.
struct Oracle::ImageCase {
  std::string where;
  std::string environment;
  std::string service;
  const Entry& entry;
  ListedImage now;
  std::optional<ListedImage> last;  ///< That was recorded before; nullopt: none, or it was removed.
  bool spoke = false;               ///< A person resumed the service.
  bool stood = false;               ///< It stood before this record; else it returns whole.
};

void Oracle::judge_images(const std::string& environment, const Entry& entry, const Entry* before) {
  if (images_ == nullptr) return;
  for (const auto& [service, listed] : entry.services) {
    const auto folder = entry.folders.find(service);
    if (listed.removed || folder == entry.folders.end()) {
      taken_back_.erase({environment, service});
      continue;
    }
    const std::string where = fmt::format("{} {}: {}", environment, entry.commit.short_text(), service);
    const bool spoke = resumed_.contains({environment, service});
    const auto image = listed.inputs.find(kImage);
    if (image != listed.inputs.end()) {
      ImageCase one{where,
                    environment,
                    service,
                    entry,
                    read_image(image->second),
                    std::nullopt,
                    spoke,
                    before != nullptr && before->folders.contains(service)};
      const auto& ledger = ledgers_[environment][service];
      const auto last = ledger.find(kImage);
      if (last != ledger.end() && last->second != "absent") one.last = read_image(last->second);
      judge_image(one);
    }
    judge_standing_image(where, service, folder->second, image == listed.inputs.end() ? nullptr : &image->second);
    if (service == "shop" && (image != listed.inputs.end() || listed.inputs.contains("source") || listed.inputs.contains("from")))
      judge_build(where, folder->second);
    judge_taken_back(where, environment, service, entry, before, image != listed.inputs.end(), spoke);
  }
}

void Oracle::judge_image(const ImageCase& one) {
  const ListedImage& now = one.now;
  if (!now.digest.empty() && !images_->had(one.service, now.tag, now.digest))
    violated(
        fmt::format("P22 {} names {}, which was never in the registry under the tag `{}`", one.where, now.digest.substr(0, 17), now.tag));
  const Declared* declared = fleets_.declared(one.entry.fleet_revision);
  if (declared == nullptr || !declared->services.contains(one.service)) return;
  const Declared::Service& service = declared->services.at(one.service);
  const bool handed_in = handed_in_.contains({one.service, now.tag});
  // A text stays one where it is recorded once more, as by a resume: resolving it later is no move.
  const bool as_before = one.last && one.last->digest.empty() && one.last->tag == now.tag;
  if (now.digest.empty() && (declared->registry || !now.rule.empty()) && !as_before)
    violated(fmt::format("P22 {} is recorded without a digest ({})", one.where, now.reference));
  if (!service.rule.empty()) {
    if (now.literal || !takes(service.rule, now.tag))
      violated(fmt::format("P22 {} takes `{}`, which the rule `{}` does not", one.where, now.tag, service.rule));
  } else if (!service.image.empty()) {
    if (!now.literal || now.tag != service.image)
      violated(fmt::format("P23 {} takes `{}`, and the fleet names `{}`", one.where, now.tag, service.image));
  } else if (one.service == "ci" && !handed_in) {
    violated(fmt::format("P23 {} takes `{}`, which nobody handed in", one.where, now.tag));
  }
  if (!one.last || one.spoke) return;
  const ListedImage& last = *one.last;
  if (now.literal && last.literal && now.tag == last.tag && (one.stood || now.digest != last.digest))
    violated(fmt::format("P23 {} moves its literal image, and the fleet names `{}` as before", one.where, now.tag));
  if (!service.rule.empty() && now.rule == last.rule && is_lower(now.tag, last.tag))
    violated(fmt::format("P22 {} goes from `{}` down to `{}` under the rule `{}`", one.where, last.tag, now.tag, now.rule));
  const auto from = git::Oid::parse(last.commit);
  const auto to = git::Oid::parse(now.commit);
  if (one.service == "ci" && from && to && from != to && network_.pool()->is_ancestor(*to, *from))
    violated(fmt::format("P23 {} takes the image of {}, which is older than {}", one.where, to->short_text(), from->short_text()));
}

namespace {

std::string member_of(const std::string& json, const std::string& key) {
  const Result<Value> value = manifest::parse_json(json, "input");
  return value.ok() ? std::string(value->string_at(key)) : std::string();
}

}  // namespace

void Oracle::judge_standing_image(const std::string& where, const std::string& service, const git::Oid& folder, const std::string* listed) {
  const Inputs& is = standing_inputs(folder);
  const auto image = is.find(kImage);
  if (image == is.end()) return;
  const std::string reference = member_of(image->second, "reference");
  if (listed != nullptr && read_image(*listed).reference != reference)
    violated(fmt::format("P23 {} lists {} and stands at {}", where, *listed, reference));
  if (!has_image(service)) return;
  for (const auto& [id, content] : objects(folder)) {
    if (id.kind != "PodTemplate") continue;
    if (!content.string_at("template").ends_with(" " + reference))
      violated(fmt::format("P4 {} runs {}, and its release says {}", where, content.string_at("template"), reference));
  }
}

void Oracle::judge_build(const std::string& where, const git::Oid& folder) {
  const Inputs& is = standing_inputs(folder);
  if (!is.contains("source") || !is.contains(kImage)) return;
  const std::string tree = member_of(is.at("source"), "tree");
  const std::string tag = member_of(is.at(kImage), "tag");
  const ImageServer::Repository* repository = images_->find("shop");
  const auto built = repository->builds.find(tag);
  if (built == repository->builds.end() || !built->second.contains(tree))
    violated(fmt::format("P4 {} stands at the tree {} with an image that was not built from it ({})", where, tree.substr(0, 10), tag));
}

std::string Oracle::standing_digest(const Entry* entry, const std::string& service) {
  if (entry == nullptr) return "";
  const auto folder = entry->folders.find(service);
  if (folder == entry->folders.end()) return "";
  const Inputs& is = standing_inputs(folder->second);
  const auto image = is.find(kImage);
  return image == is.end() ? std::string() : member_of(image->second, "digest");
}

/// A digest that plain git took back stays away until something else was recorded.
void Oracle::judge_taken_back(const std::string& where, const std::string& environment, const std::string& service, const Entry& entry,
                              const Entry* before, bool listed, bool spoke) {
  const auto taken = taken_back_.find({environment, service});
  if (taken == taken_back_.end()) return;
  const std::string was = standing_digest(before, service);
  const std::string is = standing_digest(&entry, service);
  if (was.empty() || spoke || (listed && is != taken->second)) {
    taken_back_.erase(taken);
  } else if (is == taken->second && was != is) {
    violated(fmt::format("P23 {} stands again at {}, which was taken back", where, is.substr(0, 17)));
  }
}

/// Somebody's own commit may take an image back.
void Oracle::see_taken_back(const std::string& environment, const Entry& entry, const Entry* before) {
  if (images_ == nullptr || entry.verb || before == nullptr || environment == "production") return;
  for (const char* service : kImageServices) {
    const std::string was = standing_digest(before, service);
    const std::string is = standing_digest(&entry, service);
    if (was.empty() || is.empty() || was == is) continue;
    const auto& ledger = ledgers_[environment][service];
    const auto last = ledger.find(kImage);
    if (last != ledger.end() && read_image(last->second).digest == was) taken_back_[{environment, service}] = was;
    const auto taken = taken_back_.find({environment, service});
    if (taken != taken_back_.end() && taken->second == is) taken_back_.erase(taken);  // Brought back by hand.
  }
}

std::optional<ListedImage> Oracle::recorded_image(const std::string& environment, const std::string& service) const {
  const auto ledgers = ledgers_.find(environment);
  if (ledgers == ledgers_.end() || !ledgers->second.contains(service)) return std::nullopt;
  const auto& ledger = ledgers->second.at(service);
  const auto image = ledger.find(kImage);
  return image == ledger.end() || image->second == "absent" ? std::nullopt : std::optional(read_image(image->second));
}

bool Oracle::same_image(const std::string& a, const std::string& b) {
  const ListedImage x = read_image(a);
  const ListedImage y = read_image(b);
  if (!x.digest.empty() && !y.digest.empty()) return x.digest == y.digest;
  return x.tag == y.tag && x.literal == y.literal;  // Resolving a tag later is no move by itself.
}

}  // namespace muster::sim

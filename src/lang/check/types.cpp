#include "lang/check/types.hpp"

#include <algorithm>

namespace muster::lang {
namespace {

struct SimpleType {
  std::string_view name;
  Type type;
};

constexpr SimpleType kNamed[] = {
    {"bool", kBool},
    {"int", kInt},
    {"decimal", simple(TypeTag::decimal)},
    {"percent", simple(TypeTag::percent)},
    {"duration", simple(TypeTag::duration)},
    {"bytes", simple(TypeTag::bytes)},
    {"cpu", simple(TypeTag::cpu)},
    {"string", kString},
    {"date", simple(TypeTag::date)},
    {"instant", simple(TypeTag::instant)},
    {"semver", simple(TypeTag::semver)},
    {"versions", simple(TypeTag::versions)},
    {"glob", simple(TypeTag::glob)},
    {"url", simple(TypeTag::url)},
    {"path", simple(TypeTag::path)},
    {"name", simple(TypeTag::name)},
    {"secret", kSecret},
    {"json", kJson},
};

std::string_view simple_name(TypeTag tag) {
  for (const SimpleType& one : kNamed) {
    if (one.type == simple(tag)) return one.name;
  }
  return tag == TypeTag::none ? "none" : "?";
}

}  // namespace

const RecordField* RecordType::field(std::string_view wanted) const {
  for (const RecordField& one : fields) {
    if (one.name == wanted) return &one;
  }
  return nullptr;
}

int EnumType::member(std::string_view wanted) const {
  const auto found = std::find(members.begin(), members.end(), wanted);
  return found == members.end() ? -1 : static_cast<int>(found - members.begin());
}

TypeTable::TypeTable() : owner_(std::make_unique<std::array<std::atomic<TypeInfo*>, kChunks>>()), chunks_(owner_->data()) {
  for (std::size_t i = 0; i < kSimpleTypes; ++i) append(TypeInfo{static_cast<TypeTag>(i), 0, 0, {}});
}

TypeTable::~TypeTable() {
  for (std::size_t i = 0; i < kChunks; ++i) delete[] chunks_[i].load();
}

Type TypeTable::append(TypeInfo info) {
  const std::uint32_t at = count_++;
  std::atomic<TypeInfo*>& chunk = chunks_[at / kChunk];
  if (chunk.load() == nullptr) chunk.store(new TypeInfo[kChunk], std::memory_order_release);
  chunk.load()[at % kChunk] = std::move(info);
  return Type{at};
}

Type TypeTable::make(TypeTag tag, std::uint32_t a, std::uint32_t b) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t key = (static_cast<std::uint64_t>(tag) << 56U) | (static_cast<std::uint64_t>(a) << 28U) | b;
  const auto [found, fresh] = made_.try_emplace(key, kPoison);
  if (fresh) found->second = append(TypeInfo{tag, a, b, {}});
  return found->second;
}

Type TypeTable::optional(Type inner) {
  if (inner == kPoison || is_optional(inner)) return inner;
  return make(TypeTag::optional, static_cast<std::uint32_t>(inner));
}

Type TypeTable::one_of(std::vector<Type> members) {
  if (members.size() == 1) return members.front();
  const std::lock_guard lock(mutex_);
  return append(TypeInfo{TypeTag::one_of, 0, 0, std::move(members)});
}

Type TypeTable::declare_record(RecordType type) {
  records_.push_back(std::move(type));
  return append(TypeInfo{TypeTag::record, static_cast<std::uint32_t>(records_.size() - 1), 0, {}});
}

Type TypeTable::declare_enum(EnumType type) {
  enums_.push_back(std::move(type));
  return append(TypeInfo{TypeTag::enumeration, static_cast<std::uint32_t>(enums_.size() - 1), 0, {}});
}

Type TypeTable::declare_refinement(RefinementType type) {
  refinements_.push_back(std::move(type));
  return append(TypeInfo{TypeTag::refinement, static_cast<std::uint32_t>(refinements_.size() - 1), 0, {}});
}

Type TypeTable::strip_late(Type type) const {
  while (tag(type) == TypeTag::late) type = Type{info(type).a};
  return type;
}

Type TypeTable::base(Type type) const {
  for (;;) {
    const TypeInfo& one = info(type);
    if (one.tag == TypeTag::late) {
      type = Type{one.a};
    } else if (one.tag == TypeTag::refinement) {
      type = refinements_[one.a].base;
    } else {
      return type;
    }
  }
}

Type TypeTable::without_none(Type type) const {
  type = strip_late(type);
  return tag(type) == TypeTag::optional ? strip_late(Type{info(type).a}) : type;
}

bool TypeTable::is_optional(Type type) const {
  type = strip_late(type);
  return tag(type) == TypeTag::optional || type == kNone;
}

bool TypeTable::admits_late(Type type) const {
  const TypeInfo& one = info(type);
  switch (one.tag) {
    case TypeTag::late: return true;
    case TypeTag::optional:
    case TypeTag::list:
    case TypeTag::set: return admits_late(Type{one.a});
    case TypeTag::map: return admits_late(Type{one.b});
    case TypeTag::record: {
      const auto& fields = records_[one.a].fields;
      return std::any_of(fields.begin(), fields.end(), [&](const RecordField& field) { return admits_late(field.type); });
    }
    default: return false;
  }
}

bool TypeTable::holds_secret(Type type) const {
  const TypeInfo& one = info(type);
  switch (one.tag) {
    case TypeTag::secret: return true;
    case TypeTag::late:
    case TypeTag::optional:
    case TypeTag::list:
    case TypeTag::set: return holds_secret(Type{one.a});
    case TypeTag::map: return holds_secret(Type{one.a}) || holds_secret(Type{one.b});
    case TypeTag::record: {
      const auto& fields = records_[one.a].fields;
      return std::any_of(fields.begin(), fields.end(), [&](const RecordField& field) { return holds_secret(field.type); });
    }
    case TypeTag::one_of: return std::any_of(one.members.begin(), one.members.end(), [&](Type member) { return holds_secret(member); });
    default: return false;
  }
}

std::string TypeTable::text(Type type) const {
  const TypeInfo& one = info(type);
  const auto inner = [&](std::uint32_t part) { return text(Type{part}); };
  switch (one.tag) {
    case TypeTag::list: return "list(" + inner(one.a) + ")";
    case TypeTag::set: return "set(" + inner(one.a) + ")";
    case TypeTag::map: return "map(" + inner(one.a) + ", " + inner(one.b) + ")";
    case TypeTag::optional: return inner(one.a) + "?";
    case TypeTag::late: return inner(one.a);
    case TypeTag::record: return std::string(records_[one.a].name);
    case TypeTag::enumeration: return std::string(enums_[one.a].name);
    case TypeTag::refinement: return std::string(refinements_[one.a].name);
    case TypeTag::ref:
    case TypeTag::link: {
      const std::string of = one.b == 0 ? std::string(to_string(static_cast<syntax::EntityWord>(one.a))) : kind_names[one.b - 1];
      return (one.tag == TypeTag::ref ? "ref(" : "link(") + of + ")";
    }
    case TypeTag::one_of: {
      std::string out;
      for (const Type member : one.members) out += (out.empty() ? "" : " | ") + text(member);
      return out;
    }
    default: return std::string(simple_name(one.tag));
  }
}

const Type* find_simple_type(std::string_view name) {
  for (const SimpleType& one : kNamed) {
    if (one.name == name) return &one.type;
  }
  return nullptr;
}

std::span<const std::string_view> simple_type_names() {
  static const std::vector<std::string_view> kNames = [] {
    std::vector<std::string_view> names;
    for (const SimpleType& one : kNamed) names.push_back(one.name);
    return names;
  }();
  return kNames;
}

}  // namespace muster::lang

// Reading evaluated values by name: the few fields that the rooms below act on.
#pragma once

#include <string>
#include <string_view>

#include "lang/program.hpp"

namespace muster::lang {

/// An entity that lives in no environment and was evaluated.
class EntityFields {
 public:
  EntityFields(const Program& program, const Entity& entity) : program_(program), entity_(entity) {}

  /// absent where there is no such slot ("gate.soak" for one in a record).
  [[nodiscard]] Datum operator[](std::string_view path) const {
    const SlotId slot = program_.kind_of(entity_).shape.find_path(path);
    return slot == kNoSlot || entity_.values.empty() ? Datum() : entity_.values[number(slot)];
  }
  [[nodiscard]] std::string text(std::string_view path) const {
    const Datum value = (*this)[path];
    return value.is(Tag::text) ? std::string(value.text()) : std::string();
  }
  /// Where its body says it; else its name.
  [[nodiscard]] diag::Span place(std::string_view path) const {
    const SlotId slot = program_.kind_of(entity_).shape.find_path(path);
    for (const Assignment& one : entity_.body.assignments) {
      if (one.slot == slot && one.value != nullptr) return one.value->span;
    }
    return entity_.span;
  }

 private:
  const Program& program_;
  const Entity& entity_;
};

/// A record.
class RecordFields {
 public:
  RecordFields(const Program& program, const Datum& record) : type_(program.types.record_at(record.small)), record_(record) {}
  [[nodiscard]] Datum operator[](std::string_view name) const {
    const RecordField* field = type_.field(name);
    return field == nullptr ? Datum() : record_.items()[static_cast<std::size_t>(field - type_.fields.data())];
  }

 private:
  const RecordType& type_;
  const Datum record_;
};

}  // namespace muster::lang

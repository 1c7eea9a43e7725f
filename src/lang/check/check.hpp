// The stages of checking, in the order in which they run. Each adds to the Program and says all that is wrong.
//
// Thread-safety: from one thread, but for check_service_body. Failure: what is in error is poisoned, and reaches what
// uses it.
#pragma once

#include <vector>

#include "lang/program.hpp"

namespace muster::lang {

// ---- collect.cpp ----
/// Parses all texts and the standard library, files every declaration under its name.
void collect(Program& program, std::vector<diag::FleetText> texts, diag::Diagnostics& out);

/// Entities in which an error stops everything (2-language ★7).
[[nodiscard]] bool is_barrier_word(EntityWord word);
/// The edition of the language that this version speaks: "1.0".
[[nodiscard]] std::string_view edition();

// ---- check_types.cpp ----
/// Records, enums, refinements; without the expressions in them.
void check_types(Program& program, diag::Diagnostics& out);
/// A refinement or alias by its number, when it is first used.
Type resolve_alias(Program& program, std::size_t at, diag::Diagnostics& out, diag::Span use);
/// Defaults of fields, conditions of refinements.
void check_type_expressions(Program& program, diag::Diagnostics& out);

// ---- check_kinds.cpp ----
/// Bases, before anything else needs kinds.
void link_kinds(Program& program, diag::Diagnostics& out);
/// Params, outputs, lets: the shapes; then the bodies.
void check_kinds(Program& program, diag::Diagnostics& out);
/// `environment.x`: what environments have, by name.
void gather_environment_fields(Program& program);

// ---- check_entities.cpp ----
/// Which kind each entity has; owners; what `defaults` reach.
void resolve_entities(Program& program, diag::Diagnostics& out);
/// Bodies of all entities but services, and of `defaults`.
void check_entities(Program& program, diag::Diagnostics& out);
/// The body of one service; from any thread.
void check_service_body(Program& program, Entity& service, Arena& arena, diag::Diagnostics& out);

// ---- place.cpp ----
/// Groups, and where each service exists.
void place_services(Program& program, diag::Diagnostics& out);

// ---- edges.cpp ----
/// Needs and reads of every instance; services named where they do not exist; circles.
void find_edges(Program& program, const class Ladders& ladders, diag::Diagnostics& out);
/// Instances in an order in which what is read comes first.
std::vector<std::uint32_t> evaluation_order(const Program& program);

}  // namespace muster::lang

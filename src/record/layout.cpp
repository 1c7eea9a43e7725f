#include "muster/record/layout.hpp"

namespace muster::record {

std::string branch_ref(std::string_view environment) { return std::string(kHeads) + std::string(environment); }
std::string notes_ref(std::string_view environment) { return std::string(kNotes) + std::string(environment); }
std::string release_path(std::string_view service) { return std::string(service) + "/" + std::string(kReleaseFile); }
std::string hold_path(std::string_view service) { return std::string(kHoldsFolder) + "/" + std::string(service) + ".yaml"; }
bool is_service_name(std::string_view entry) { return !entry.empty() && entry.front() != '.'; }

}  // namespace muster::record

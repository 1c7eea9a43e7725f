// Repositories: what authors write (`host/owner/name`, git URLs, `./` paths) to URLs, with the credentials of the forge
// that matches. Pure. Failure: what is no repository gets a diagnostic and an empty URL.
#pragma once

#include <string>
#include <string_view>

#include "lang/program.hpp"
#include "muster/model/fleet.hpp"

namespace muster::lang {

class EntityFields;

/// What is wrong with a text as a repository, or "" and the URL: "https://github.com/shop/cart", "ssh://git@host/path",
/// "file:///srv/fleet/app". `folder` is that of the file that says it, relative to `root`.
std::string normalise_repository(std::string_view text, std::string_view root, std::string_view folder, std::string& url, bool& local);
/// "github.com/shop/cart" of any of these: what forges match.
std::string host_and_path(std::string_view url);

/// A `repo` field: a text, or a `repository` entity. `wrong` is the message of what is wrong with it, or empty.
model::Repository lower_repository(const Program& program, const Datum& value, diag::Span at, diag::Diagnostics& out, std::string& wrong);
/// A field that names a file of this machine: absolute, or beside the file that says it; empty: it is not there.
std::string file_named(const Program& program, const EntityFields& fields, std::string_view field);
model::Credentials lower_credentials(const Program& program, const Datum& auth, diag::Span at);
/// `forge` entities without what is in error, sorted by name.
std::vector<model::Forge> lower_forges(const Program& program);

}  // namespace muster::lang

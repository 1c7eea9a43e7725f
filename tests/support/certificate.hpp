// A private authority and a certificate of a server on loopback, made with openssl's own program.
#pragma once

#include <filesystem>

namespace muster::test {

/// Writes ca.pem, ca.key, and server.pem, server.key for 127.0.0.1 and localhost. Throws where openssl fails.
void make_certificate(const std::filesystem::path& folder);

}  // namespace muster::test

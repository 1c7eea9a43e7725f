// Signatures by public key, as images are signed with: ECDSA over SHA-256 (curves P-256, P-384, P-521), Ed25519, and RSA of
// 2048 bits and more (PKCS #1 v1.5 over SHA-256).
// Thread-safety: all functions are pure. Failures: Reason::invalid, a key that cannot be read or is of another kind.
#pragma once

#include <string_view>

#include "muster/base/result.hpp"

namespace muster {

/// Whether `signature` was made over `bytes` with the private half of `public_key` (PEM, "BEGIN PUBLIC KEY"). ECDSA's is in DER.
Result<bool> is_signed_with(std::string_view public_key, std::string_view bytes, std::string_view signature);

}  // namespace muster

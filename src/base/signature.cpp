#include "muster/base/signature.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <iterator>
#include <memory>

namespace muster {
namespace {

constexpr std::size_t kKeyBytes = std::size_t{64} << 10U;

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;

struct Kind {
  std::string_view name;  ///< OpenSSL's.
  int least_bits;
  bool is_hashed;  ///< SHA-256 comes before the signature; Ed25519 hashes by itself.
};
constexpr Kind kKinds[] = {{"EC", 256, true}, {"ED25519", 0, false}, {"RSA", 2048, true}};
constexpr std::string_view kCurves[] = {"prime256v1", "secp384r1", "secp521r1"};

/// A key may be large without being strong: only these curves are what signers use.
bool is_known_curve(const Key& key) {
  char name[64] = {};
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(key.get(), name, sizeof(name), &size) != 1) return false;
  return std::find(std::begin(kCurves), std::end(kCurves), std::string_view(name, size)) != std::end(kCurves);
}

const Kind* kind_of(const Key& key) {
  const auto found = std::find_if(std::begin(kKinds), std::end(kKinds), [&](const Kind& kind) {
    return EVP_PKEY_is_a(key.get(), kind.name.data()) == 1 && EVP_PKEY_get_bits(key.get()) >= kind.least_bits;
  });
  if (found == std::end(kKinds) || (found->name == "EC" && !is_known_curve(key))) return nullptr;
  return found;
}

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

Result<bool> is_signed_with(std::string_view public_key, std::string_view bytes, std::string_view signature) {
  if (public_key.size() > kKeyBytes) return stalled(Reason::invalid, "a public key is too large to be one");
  const std::unique_ptr<BIO, Free> input(BIO_new_mem_buf(public_key.data(), static_cast<int>(public_key.size())));
  // Without a callback of ours, OpenSSL would ask the terminal for the passphrase of an encrypted key.
  const Key key(PEM_read_bio_PUBKEY(
      input.get(), nullptr, [](char*, int, int, void*) { return -1; }, nullptr));
  const Kind* kind = key ? kind_of(key) : nullptr;
  if (kind == nullptr) {
    ERR_clear_error();
    return stalled(Reason::invalid,
                   "a public key is not PEM (BEGIN PUBLIC KEY) of ECDSA P-256 to P-521, Ed25519, or RSA of 2048 bits or more");
  }
  const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  const bool is_ready = EVP_DigestVerifyInit(context.get(), nullptr, kind->is_hashed ? EVP_sha256() : nullptr, nullptr, key.get()) == 1;
  const bool is_good =
      is_ready && EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(bytes), bytes.size()) == 1;
  ERR_clear_error();  // Of a signature that is none; it would be reported to whoever asks OpenSSL next.
  return is_good;
}

}  // namespace muster

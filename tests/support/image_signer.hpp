// Signs images in cosign's published layout with a key of its own, made by openssl: cosign itself is no Debian package.
// SIGNATURE_SPEC.md of cosign, "Storage" and "Payloads".
#pragma once

#include <string>

#include "support/registry_server.hpp"
#include "support/temporary.hpp"

namespace muster::test {

class ImageSigner {
 public:
  ImageSigner();
  [[nodiscard]] const std::string& public_key() const { return public_; }
  /// What is signed of an image.
  static std::string payload(const std::string& digest, const std::string& type = "cosign container image signature");
  /// `payload` with its signature.
  [[nodiscard]] RegistryServer::Layer signature_of(const std::string& payload) const;
  static RegistryServer::Layer layer(const std::string& payload, const std::string& signature);
  static std::string tag_of(const std::string& digest) { return "sha256-" + digest.substr(7) + ".sig"; }
  /// Signs an image that is there, and pushes the signature.
  void sign(RegistryServer& server, const std::string& repository, const std::string& digest) const;

 private:
  TemporaryFolder folder_;
  std::string public_;
};

}  // namespace muster::test

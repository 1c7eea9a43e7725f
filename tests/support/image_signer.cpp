#include "support/image_signer.hpp"

#include <fmt/core.h>

#include "support/git_repository.hpp"

namespace muster::test {

ImageSigner::ImageSigner() {
  const std::string file = (folder_.path() / "key").string();
  run_program({"openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-out", file});
  public_ = run_program({"openssl", "pkey", "-in", file, "-pubout"});
}

std::string ImageSigner::payload(const std::string& digest, const std::string& type) {
  return fmt::format(
      R"({{"critical":{{"identity":{{"docker-reference":""}},"image":{{"docker-manifest-digest":"{}"}},"type":"{}"}},"optional":null}})",
      digest, type);
}

RegistryServer::Layer ImageSigner::signature_of(const std::string& payload) const {
  const std::string signature = run_program({"openssl", "dgst", "-sha256", "-sign", (folder_.path() / "key").string()}, payload);
  return layer(payload, run_program({"openssl", "base64", "-A"}, signature));
}

RegistryServer::Layer ImageSigner::layer(const std::string& payload, const std::string& signature) {
  return {payload, "application/vnd.dev.cosign.simplesigning.v1+json", {{"dev.cosignproject.cosign/signature", signature}}};
}

void ImageSigner::sign(RegistryServer& server, const std::string& repository, const std::string& digest) const {
  server.push_layers(repository, tag_of(digest), {signature_of(payload(digest))});
}

}  // namespace muster::test

// A real registry on loopback: Debian's docker-registry on a free port, with a folder of its own or a shared one, and what
// pushes images to it: over HTTP, as the distribution specification has it, so that no builder is needed.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/http/client.hpp"
#include "support/server_process.hpp"
#include "support/temporary.hpp"

namespace muster::test {

class RegistryServer {
 public:
  struct Options {
    std::filesystem::path root = {};  ///< Where its contents are; empty: a folder of its own. Several servers may share one.
    bool tls = false;                 ///< With a certificate of a private authority (ca_file()), for 127.0.0.1 and localhost.
    std::string user = {};            ///< Basic authentication, if not empty.
    std::string password = {};
    std::string realm = {};  ///< Tokens of this URL, if not empty; they are made by token().
  };
  struct Layer {
    std::string bytes;
    std::string media_type = "application/vnd.oci.image.layer.v1.tar";
    std::map<std::string, std::string> annotations = {};
  };

  RegistryServer() : RegistryServer(Options{}) {}
  explicit RegistryServer(Options options);

  /// What is missing on this machine, as a sentence; nullopt where everything is there.
  static std::optional<std::string> missing();

  [[nodiscard]] int port() const { return port_; }
  /// "127.0.0.1:5000", as an image names it.
  [[nodiscard]] std::string host() const;
  [[nodiscard]] std::string url(std::string_view path) const;
  [[nodiscard]] const std::filesystem::path& root() const { return options_.root; }
  [[nodiscard]] std::filesystem::path ca_file() const { return folder_.path() / "ca.pem"; }
  /// One line a request, as web servers write them.
  [[nodiscard]] std::string log() const { return folder_.read("registry.log"); }
  /// How many requests begin so: "GET /v2/shop/cart/tags/list".
  [[nodiscard]] int requests(std::string_view beginning) const;
  /// A token for one repository that this server accepts.
  [[nodiscard]] std::string token(std::string_view repository, int seconds = 300) const;

  /// Pushes an image that has `content` in it; its digest. Equal contents are equal images.
  std::string push(const std::string& repository, const std::string& tag, std::string_view content);
  /// The same, of these layers.
  std::string push_layers(const std::string& repository, const std::string& tag, const std::vector<Layer>& layers);
  /// Pushes an index of manifests that are there; its digest.
  std::string push_index(const std::string& repository, const std::string& tag, const std::map<std::string, std::string>& by_architecture);
  /// Removes a manifest, and with it the tags that name it.
  void remove(const std::string& repository, const std::string& digest);
  void stop();
  /// On the same port, with the same contents.
  void start_again();

 private:
  bool start();
  void make_signer();
  std::string push_blob(const std::string& repository, std::string_view bytes);
  std::string push_manifest(const std::string& repository, const std::string& tag, std::string_view media_type, std::string_view bytes);
  http::Answer send(const std::string& method, const std::string& url, std::string_view type, std::string_view body, int expected);

  Options options_;
  TemporaryFolder folder_;
  int port_ = 0;
  std::optional<ServerProcess> server_;
};

}  // namespace muster::test

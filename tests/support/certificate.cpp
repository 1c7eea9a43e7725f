#include "support/certificate.hpp"

#include <fstream>
#include <string>

#include "support/git_repository.hpp"

namespace muster::test {

void make_certificate(const std::filesystem::path& folder) {
  const auto path = [&](const char* name) { return (folder / name).string(); };
  const std::string openssl = find_program("openssl").value().string();
  run_program({openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
               "/CN=test authority", "-addext", "basicConstraints=critical,CA:TRUE", "-keyout", path("ca.key"), "-out", path("ca.pem")});
  run_program({openssl, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=127.0.0.1", "-keyout",
               path("server.key"), "-out", path("server.csr")});
  std::ofstream(folder / "extensions") << "subjectAltName=IP:127.0.0.1,DNS:localhost\n";
  run_program({openssl, "x509", "-req", "-in", path("server.csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key"), "-CAcreateserial",
               "-days", "2", "-extfile", path("extensions"), "-out", path("server.pem")});
}

}  // namespace muster::test

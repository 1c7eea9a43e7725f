// Kubernetes' own YAML reader as a child process: tests/manifest/oracle, built with Go into a cache folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::manifest::test {

struct OracleAnswer {
  bool ok = false;
  std::string text;  ///< JSON, or Go's error.
};

enum class OracleMode { document, stream };

class Oracle {
 public:
  /// Builds it where needed; nullptr with a reason in `why_not` where Go or its modules cannot be had.
  static const Oracle* get(std::string& why_not);

  /// One answer an input, in order.
  [[nodiscard]] std::vector<OracleAnswer> read(OracleMode mode, const std::vector<std::string>& inputs) const;

 private:
  std::string program_;
};

}  // namespace muster::manifest::test

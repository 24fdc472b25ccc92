// Where a measurement takes place: a temporary folder, and the recipe with a transport of its own,
// so that it disturbs no run.
#pragma once

#include <filesystem>
#include <string>

#include "config/options.h"

namespace millrace::tools {

class BenchEnv {
 public:
  /// `keep_uri`: somebody gave queue.uri for this measurement, so it is used as it is. Else a
  /// recipe's folder or socket is replaced by one in the temporary folder, and its tcp:// port by
  /// one that is free on this machine. Throws config::UsageError for an uri that cannot be read.
  BenchEnv(const config::Options& options, bool keep_uri);

  [[nodiscard]] const config::Options& options() const { return options_; }
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const {
    return folder_.path / name;
  }
  /// Writes `options` where programs can read them; the recipe's path.
  [[nodiscard]] std::string write_recipe(const std::string& name,
                                         const config::Options& options) const;

 private:
  /// Goes with all that is in it.
  struct TemporaryFolder {
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    std::filesystem::path path;
  };

  TemporaryFolder folder_;
  config::Options options_;
};

}  // namespace millrace::tools

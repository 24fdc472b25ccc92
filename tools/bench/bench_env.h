// The environment of a measurement: a temporary folder, and the recipe with a transport of its own,
// so that it disturbs no run.
#pragma once

#include <filesystem>
#include <string>

#include "config/options.h"

namespace millrace::tools {

class BenchEnv {
 public:
  /// `keep_uri`: use queue.uri unchanged, because the user gave it for this measurement. Otherwise
  /// the recipe's folder or socket is replaced by one in the temporary folder, and its tcp:// port
  /// by a free one of this machine. Throws config::UsageError for an invalid uri.
  BenchEnv(const config::Options& options, bool keep_uri);

  [[nodiscard]] const config::Options& options() const { return options_; }
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const {
    return folder_.path / name;
  }
  /// Writes `options` as a recipe for other programs. Returns its path.
  [[nodiscard]] std::string write_recipe(const std::string& name,
                                         const config::Options& options) const;

 private:
  /// Removed with its contents.
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

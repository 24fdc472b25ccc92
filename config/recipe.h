// Reads a recipe (TOML, with includes) and overrides into Options, and writes Options back as a
// recipe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/options.h"

namespace millrace::config {

/// One `--key=value` of a command line; the key is `section.key`, or its last part where that is
/// unique.
struct Override {
  std::string key;
  std::string value;
};

/// Reads the recipe at `path`, its includes (relative to the including file; tables merge, arrays
/// are replaced), then the overrides. Throws UsageError for a file that is missing or not TOML, an
/// unknown key (naming file, line and the nearest known key), a wrong type or a value out of range.
[[nodiscard]] Options load_recipe(const std::string& path,
                                  const std::vector<Override>& overrides = {});

/// The defaults with overrides; no file.
[[nodiscard]] Options default_options(const std::vector<Override>& overrides = {});

/// The whole of `options` as a recipe that load_recipe reads back to equal options.
[[nodiscard]] std::string to_toml(const Options& options);

/// What a key shapes: a resumed run may change kRun keys and no others.
enum class Shapes { kStream, kModel, kOptimizer, kRun };
[[nodiscard]] std::string_view to_string(Shapes shapes);

/// A key in which two recipes differ, its values written as in TOML.
struct KeyDifference {
  std::string key;  ///< "section.key"
  Shapes shapes;
  std::string here;
  std::string there;
};
[[nodiscard]] std::vector<KeyDifference> differences(const Options& here, const Options& there);

/// Checks what needs more than one key (e.g. n_embd divisible by n_head, batch limits, stages for
/// schedule "mix"). Throws UsageError. load_recipe and default_options call it.
void check(const Options& options);

/// All keys with type, default, range and description, one a line: for --help-keys.
[[nodiscard]] std::string key_reference();

}  // namespace millrace::config

// The command line that all programs share: --help, --version, --json, a recipe and its overrides.
//
//     prepare CONFIG [--section.key=value …] [--samples N]
//
// A program names its own flags; every other --key=value is an override of the recipe. Boost splits
// the line; names, types, ranges and nearest-name hints are the key table's.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/options.h"
#include "config/recipe.h"

namespace millrace::config {

/// A flag of one program.
struct Flag {
  std::string name;         ///< without the dashes
  std::string placeholder;  ///< of its value, e.g. "N"; empty: a switch without value
  std::string help;
  /// --resume and --resume=DIR are both right; never takes the next word.
  bool value_optional = false;
};

struct Program {
  std::string name;
  std::string usage;  ///< what follows the name, e.g. "CONFIG [overrides] [--samples N]"
  std::string about;  ///< one or two sentences
  std::vector<Flag> flags;
  std::size_t min_positional = 1;
  std::size_t max_positional = 1;
  bool overrides = true;  ///< takes recipe keys
};

/// A parsed line.
class Arguments {
 public:
  std::vector<std::string> positional;
  std::vector<Override> overrides;
  /// Those given; the value where there was one.
  std::map<std::string, std::optional<std::string>> flags;
  bool json = false;

  [[nodiscard]] bool has(const std::string& flag) const { return flags.contains(flag); }
  /// The value of a flag that was given with one; empty otherwise.
  [[nodiscard]] std::optional<std::string> value(const std::string& flag) const;
  /// The value as a whole number within [least, most]; throws UsageError naming the flag.
  [[nodiscard]] std::optional<std::uint64_t> number(const std::string& flag, std::uint64_t least,
                                                    std::uint64_t most) const;
};

/// Throws UsageError. --help, --help-keys and --version are handled by run_program.
[[nodiscard]] Arguments parse(const Program& program, int argc, const char* const* argv);

/// Runs a program's body as `main` should: answers --help and --version, sets up logging to stderr,
/// turns an exception into one line on stderr ("error: …") and the exit status: 0 done, 1 failed, 2
/// wrong usage.
int run_program(const Program& program, int argc, const char* const* argv,
                const std::function<int(const Arguments&)>& body);

}  // namespace millrace::config

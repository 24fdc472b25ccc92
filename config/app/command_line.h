// The command line that all programs share: a recipe and its overrides, --help, --version, --json,
// and each program's own flags.
//
//     prepare CONFIG [--section.key=value …] [--samples N]
//
// A program lists its flags, each with the kind of its value; every other --key=value overrides a
// key of the recipe. Boost splits the line; the key table has the keys and the hints at the nearest
// name.
#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "config/keys.h"
#include "config/options.h"
#include "config/recipe.h"

namespace millrace::config {

struct Text {};
struct Path {};  ///< a text that is not empty; a leading "~/" is the home folder, as in a key
using WholeNumber = IntKind;
using RealNumber = FloatKind;
struct OneOf {
  std::vector<std::string> words;
};
/// The kinds of value that a flag may take; numbers have the ranges of the key table's kinds. parse
/// refuses any other value.
using FlagKind = std::variant<Text, Path, WholeNumber, RealNumber, OneOf>;

/// A flag of one program.
struct Flag {
  std::string name;         ///< without the dashes
  std::string placeholder;  ///< shown for the value, such as "N"; empty: a switch, without a value
  std::string help;
  /// The value may be left out: --resume or --resume=DIR, never --resume DIR.
  bool value_optional = false;
  FlagKind kind = Text{};
};

struct Program {
  std::string name;
  std::string usage;  ///< the rest of the usage line, such as "CONFIG [overrides] [--samples N]"
  std::string about;  ///< one or two sentences
  std::vector<Flag> flags;
  std::size_t min_positional = 1;
  std::size_t max_positional = 1;
  bool overrides = true;  ///< takes recipe keys
};

/// A parsed command line.
class Arguments {
 public:
  std::vector<std::string> positional;
  std::vector<Override> overrides;
  /// The flags that were given, each with its value where it has one.
  std::map<std::string, std::optional<std::string>> flags;
  bool json = false;

  [[nodiscard]] bool has(const std::string& flag) const { return flags.contains(flag); }
  /// The value of a flag; empty where the flag was not given, or given without a value.
  [[nodiscard]] std::optional<std::string> value(const std::string& flag) const;
  /// The same of a flag whose kind is WholeNumber.
  [[nodiscard]] std::optional<std::uint64_t> number(const std::string& flag) const;
  /// The same of a flag whose kind is RealNumber.
  [[nodiscard]] std::optional<double> real(const std::string& flag) const;
  /// A whole number whose range only the caller knows. Throws UsageError for one outside
  /// [least, most].
  [[nodiscard]] std::optional<std::uint64_t> number(const std::string& flag, std::uint64_t least,
                                                    std::uint64_t most) const;
  /// Throws UsageError for the first of these flags that was given: they do not go with `choice`,
  /// which says what it does, as in "--iters, which tells the loss as train does".
  void refuse(std::initializer_list<const char*> unwanted, const std::string& choice) const;
};

/// Throws UsageError for a flag that is neither the program's nor a key, for a value that is not of
/// its flag's kind, and for too few or too many words. run_program answers --help, --help-keys and
/// --version.
[[nodiscard]] Arguments parse(const Program& program, int argc, const char* const* argv);

/// The frame of every `main`: answers --help and --version, sets up logging to stderr, runs the
/// body, and turns an exception into one line on stderr ("error: …"). Returns the exit status: 0
/// done, 1 failed, 2 wrong usage.
int run_program(const Program& program, int argc, const char* const* argv,
                const std::function<int(const Arguments&)>& body);

}  // namespace millrace::config

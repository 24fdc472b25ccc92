// Splitting a command line, and checking each flag's value against its kind (command_line.h).
#include "config/app/command_line.h"

#include <algorithm>
#include <boost/program_options.hpp>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include "base/text.h"
#include "config/errors.h"
#include "config/home.h"
#include "config/nearest.h"
#include "config/settings.h"

namespace millrace::config {
namespace {

namespace po = boost::program_options;

// Long options only, spelt out: no -x, no guessing of what an abbreviation means.
constexpr int kStyle = po::command_line_style::allow_long |
                       po::command_line_style::long_allow_adjacent |
                       po::command_line_style::long_allow_next;

// The one key that may be written like a flag: --dataset NAME.
constexpr const char* kWordKey = "dataset";

// --NAME= sets the empty text, which Boost takes for a mistake.
std::vector<po::option> empty_value(std::vector<std::string>& words) {
  const std::string& word = words.front();
  if (word.size() < 4 || !word.starts_with("--") || word.find('=') != word.size() - 1) return {};
  po::option option(word.substr(2, word.size() - 3), {std::string()});
  option.original_tokens = {word};
  words.erase(words.begin());
  return {option};
}

// Boost knows switches and the flags that need a value. A flag whose value is optional stays
// unknown to it, like an override, and so takes what follows "=" and never the next word.
po::options_description described(const Program& program) {
  po::options_description description;
  for (const Flag& flag : program.flags) {
    if (flag.value_optional) continue;
    if (flag.placeholder.empty()) {
      description.add_options()(flag.name.c_str(), "");
    } else {
      description.add_options()(flag.name.c_str(), po::value<std::string>(), "");
    }
  }
  return description;
}

const Flag* find_flag(const Program& program, const std::string& name) {
  const auto found = std::ranges::find(program.flags, name, &Flag::name);
  return found == program.flags.end() ? nullptr : &*found;
}

std::string see_help(const Program& program) { return "; see " + program.name + " --help"; }

// The nearest flag, or the nearest key where the program takes keys.
std::string hint(const Program& program, const std::string& name) {
  std::vector<std::string> names;
  for (const Flag& flag : program.flags) names.push_back(flag.name);
  const std::string flag_hint = did_you_mean(name, names);
  if (!flag_hint.empty()) return flag_hint;
  const std::string of_key = program.overrides ? key_hint(name) : std::string();
  return of_key.empty() ? see_help(program) : of_key;
}

bool is_key(const std::string& name) {
  return !setting_name(name).empty() || std::ranges::any_of(keys(), [&](const Key& key) {
    return key.full_name() == name || key.name == name;
  });
}

void take_override(const Program& program, const po::option& option, Arguments& arguments) {
  const std::string& name = option.string_key;
  if (!program.overrides || !is_key(name)) {
    throw UsageError(
        "--" + name + ": " +
        (program.overrides ? "neither a flag of " + program.name + " nor a key" : "unknown flag") +
        hint(program, name));
  }
  if (option.value.empty()) {
    throw UsageError("--" + name + ": a key takes its value after '=': --" + name + "=VALUE");
  }
  arguments.overrides.push_back({name, option.value.front()});
}

// A flag with its value as messages show it.
std::string said(const std::string& flag, const std::string& value) {
  return "--" + flag + (value.empty() ? "=" : " ") + value;
}

// A flag's value, if it is of the kind; else UsageError.

std::string checked(const std::string& /*flag*/, const std::string& value, const Text& /*kind*/) {
  return value;
}

std::string checked(const std::string& flag, const std::string& value, const Path& /*kind*/) {
  if (value.empty()) throw UsageError(said(flag, value) + ": expected a path that is not empty");
  try {
    return expand_home(value, Names::kPath);
  } catch (const UsageError& error) {
    throw UsageError(said(flag, value) + ": " + error.what());
  }
}

std::uint64_t checked(const std::string& flag, const std::string& value, const WholeNumber& kind) {
  const auto number = base::parse_number<std::uint64_t>(value);
  if (number && allows(kind, *number)) return *number;
  throw UsageError("--" + flag + "=" + value + ": expected " + expectation(kind));
}

double checked(const std::string& flag, const std::string& value, const RealNumber& kind) {
  const auto number = base::parse_number<double>(value);
  if (number && allows(kind, *number)) return *number;
  throw UsageError(said(flag, value) + " is not " + expectation(kind));
}

std::string checked(const std::string& flag, const std::string& value, const OneOf& kind) {
  if (std::ranges::find(kind.words, value) != kind.words.end()) return value;
  throw UsageError(said(flag, value) + " is unknown; known: " + base::joined(kind.words));
}

void take_flag(const Flag& flag, const po::option& option, Arguments& arguments) {
  std::optional<std::string>& value = arguments.flags[flag.name];
  value.reset();
  if (option.value.empty()) return;
  value = option.value.front();
  const auto take_checked = [&](const auto& kind) {
    auto taken = checked(flag.name, *value, kind);
    if constexpr (std::is_same_v<decltype(taken), std::string>) value = std::move(taken);
  };
  std::visit(take_checked, flag.kind);
}

void take(const Program& program, const po::option& option, Arguments& arguments) {
  if (option.position_key >= 0) {
    const std::string& word = option.value.front();
    if (word.size() > 1 && word.front() == '-') {
      throw UsageError(word + ": unknown flag" + see_help(program));
    }
    arguments.positional.push_back(word);
  } else if (option.string_key == "json") {
    arguments.json = true;
  } else if (const Flag* const flag = find_flag(program, option.string_key)) {
    take_flag(*flag, option, arguments);
  } else {
    take_override(program, option, arguments);
  }
}

void check_count(const Program& program, const Arguments& arguments) {
  const std::size_t count = arguments.positional.size();
  if (count < program.min_positional) {
    throw UsageError("something is missing; usage: " + program.name + " " + program.usage);
  }
  if (count > program.max_positional) {
    throw UsageError("'" + arguments.positional[program.max_positional] +
                     "' is one argument too many; usage: " + program.name + " " + program.usage);
  }
}

std::vector<po::option> split(const Program& program, int argc, const char* const* argv) {
  po::options_description description = described(program);
  description.add_options()("json", "");
  if (program.overrides) description.add_options()(kWordKey, po::value<std::string>(), "");
  try {
    return po::command_line_parser(argc, argv)
        .options(description)
        .style(kStyle)
        .extra_style_parser(empty_value)
        .allow_unregistered()
        .run()
        .options;
  } catch (const po::error& error) {
    throw UsageError(error.what() + see_help(program));
  }
}

}  // namespace

std::optional<std::string> Arguments::value(const std::string& flag) const {
  const auto found = flags.find(flag);
  return found == flags.end() ? std::nullopt : found->second;
}

std::optional<std::uint64_t> Arguments::number(const std::string& flag, std::uint64_t least,
                                               std::uint64_t most) const {
  const std::optional<std::string> text = value(flag);
  return text ? std::optional(checked(flag, *text, WholeNumber{least, most})) : std::nullopt;
}

std::optional<std::uint64_t> Arguments::number(const std::string& flag) const {
  return number(flag, 0, std::numeric_limits<std::uint64_t>::max());
}

std::optional<double> Arguments::real(const std::string& flag) const {
  const std::optional<std::string> text = value(flag);
  if (!text) return std::nullopt;
  const auto number = base::parse_number<double>(*text);
  if (number && std::isfinite(*number)) return number;
  throw UsageError(said(flag, *text) + " is not a number that is finite");
}

void Arguments::refuse(std::initializer_list<const char*> unwanted,
                       const std::string& choice) const {
  for (const char* const flag : unwanted) {
    if (has(flag)) {
      throw UsageError(std::string("--") + flag + " does not go with " + choice +
                       "; leave one of them out");
    }
  }
}

Arguments parse(const Program& program, int argc, const char* const* argv) {
  Arguments arguments;
  for (const po::option& option : split(program, argc, argv)) take(program, option, arguments);
  check_count(program, arguments);
  return arguments;
}

}  // namespace millrace::config

// The frame around a program's body: help, version, logging, exit status.
#include <sys/resource.h>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>
#include <memory>
#include <new>
#include <stdexcept>
#include <system_error>

#include "config/app/command_line.h"
#include "config/app/standard_streams.h"
#include "config/app/terminal_text.h"
#include "config/app/version.h"
#include "config/errors.h"

namespace millrace::config {
namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

// What every program has beside its own flags; --json is parse's.
Program with_common_flags(Program program) {
  program.flags.push_back({"log-level", "LEVEL", "debug, info (the default), warn or error"});
  program.flags.push_back({"help", "", "this text"});
  if (program.overrides) program.flags.push_back({"help-keys", "", "all keys of a recipe"});
  program.flags.push_back({"version", "", "name and version"});
  return program;
}

std::string shown(const Flag& flag) {
  if (flag.placeholder.empty()) return "--" + flag.name;
  return "--" + flag.name +
         (flag.value_optional ? "[=" + flag.placeholder + "]" : " " + flag.placeholder);
}

void print_help(const Program& program) {
  constexpr std::size_t kColumn = 26;
  std::cout << "usage: " << program.name << " " << program.usage << "\n\n"
            << program.about << "\n\n";
  for (const Flag& flag : program.flags) {
    std::string left = "  " + shown(flag);
    left.resize(std::max(kColumn, left.size() + 2), ' ');
    std::cout << left << flag.help << "\n";
  }
  std::cout << "  --json                  results as JSON lines on stdout\n";
  if (program.overrides) {
    std::cout
        << "\nAn override is --section.key=value, or --key=value where the last part is unique.\n"
           "The keys stand in docs/reference/recipes.md and in --help-keys.\n";
  }
}

// Answers a question that needs nothing else of the line to be right.
bool answered(const Program& program, int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--help" || word == "-h") return print_help(program), true;
    if (word == "--version") return std::cout << program.name << " " << version() << "\n", true;
    if (word == "--help-keys" && program.overrides) return std::cout << key_reference(), true;
  }
  return false;
}

/// %* in a pattern: the message, with nothing in it that a terminal would obey.
class Message final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
              spdlog::memory_buf_t& out) override {
    const std::string text = for_terminal({message.payload.data(), message.payload.size()});
    out.append(text.data(), text.data() + text.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<Message>();
  }
};

/// Lets the process open as many files and connections as it may (`ulimit -Hn`). Often it starts
/// with 1024 only, for the sake of programs that use select().
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

void set_up_logging(const Arguments& arguments) {
  const std::string level = arguments.value("log-level").value_or("info");
  constexpr std::string_view kLevels[] = {"debug", "info", "warn", "error"};
  if (std::ranges::find(kLevels, level) == std::end(kLevels)) {
    throw UsageError("--log-level=" + level + ": expected debug, info, warn or error");
  }
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(
      "", std::make_shared<spdlog::sinks::stderr_color_sink_mt>()));
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<Message>('*').set_pattern("%H:%M:%S %^%l%$ %*");
  spdlog::set_formatter(std::move(formatter));
  spdlog::set_level(spdlog::level::from_str(level));
}

/// An error's text on one line. LibTorch's errors end with the place in its sources and a stack,
/// which say nothing to whoever runs a program.
std::string one_line(std::string text) {
  text.resize(std::min(text.size(), text.find("\nException raised from ")));
  std::ranges::replace(text, '\n', ' ');
  return for_terminal(text);
}

int report(const std::exception& error, int status) {
  std::fprintf(stderr, "error: %s\n", one_line(error.what()).c_str());
  return status;
}

/// Runs a part of a program. An exception becomes a line on stderr and an exit status.
int guarded(const std::function<int()>& part) {
  try {
    return part();
  } catch (const UsageError& error) {
    return report(error, kWrongUsage);
  } catch (const StdoutError& error) {
    if (error.has_no_reader()) die_of_broken_pipe();
    return report(error, kFailed);
  } catch (const std::bad_alloc&) {
    return report(std::runtime_error("out of memory"), kFailed);
  } catch (const std::system_error& error) {
    // That of std::thread has no words but its code's.
    const bool of_thread = error.code() == std::errc::resource_unavailable_try_again &&
                           error.what() == error.code().message();
    if (!of_thread) return report(error, kFailed);
    return report(std::runtime_error("cannot start a thread: this user or container has as many "
                                     "processes and threads as it may; raise ulimit -u, or the "
                                     "container's limit of process ids"),
                  kFailed);
  } catch (const std::exception& error) {
    return report(error, kFailed);
  }
}

}  // namespace

int run_program(const Program& bare, int argc, const char* const* argv,
                const std::function<int(const Arguments&)>& body) {
  set_up_standard_streams();
  raise_descriptor_limit();
  const Program program = with_common_flags(bare);
  const int status = guarded([&] {
    if (answered(program, argc, argv)) return kDone;
    const Arguments arguments = parse(program, argc, argv);
    set_up_logging(arguments);
    return body(arguments);
  });
  if (status != kDone && stdout_failed()) return status;  // reported already
  const int written = guarded([] { return finish_stdout(), kDone; });
  return status != kDone ? status : written;
}

}  // namespace millrace::config

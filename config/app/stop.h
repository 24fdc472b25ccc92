// What signals ask of a program: to stop, and to save.
//
// SIGTERM, SIGHUP  stop: finish what is under way, save and end; more of them change nothing, since
//                  schedulers and torchrun send several
// SIGINT           the same; another one kImpatientAfter or more after the first ends the process
//                  at once: a person at a terminal waits no longer
// SIGUSR1          save a checkpoint and go on (train; other programs ignore it)
//
// SIGHUP and SIGINT that are ignored from the start, as under nohup and behind & in a script, stay
// ignored.
#pragma once

#include <chrono>
#include <stdexcept>

namespace millrace::config {

/// The time between two SIGINT after which the second one ends the process.
inline constexpr std::chrono::seconds kImpatientAfter{2};

/// Installs the handlers.
void catch_stop_signals();
/// Whether the process was asked to stop. Any thread.
[[nodiscard]] bool stop_requested();
/// Sets the flag, as a signal does.
void request_stop();
/// Thrown where work ends without its result because a stop was asked for. Exit status 1.
class Stopped : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
/// Throws Stopped with these words if the process was asked to stop.
void check_stop(const char* words = "stopped before there was a result");

/// Whether a save was asked for since the last call. Any thread.
[[nodiscard]] bool take_save_request();

}  // namespace millrace::config

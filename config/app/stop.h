// A flag that SIGINT and SIGTERM set and loops check.
#pragma once

namespace millrace::config {

/// Installs handlers: SIGINT and SIGTERM set the flag, and a second one ends the process at once.
void catch_stop_signals();
/// Whether the process was asked to stop. Any thread.
[[nodiscard]] bool stop_requested();
/// Sets the flag, as a signal does.
void request_stop();

}  // namespace millrace::config

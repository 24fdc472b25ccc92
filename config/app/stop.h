// SIGINT and SIGTERM as a flag that loops look at.
#pragma once

namespace millrace::config {

/// From now on SIGINT and SIGTERM set the flag; a second one ends the process at once.
void catch_stop_signals();
/// Whether the process was asked to stop.
[[nodiscard]] bool stop_requested();
/// Sets the flag, as a signal would.
void request_stop();

}  // namespace millrace::config

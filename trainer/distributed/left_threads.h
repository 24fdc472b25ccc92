// Threads that wait in a library's call for what may never come, and so are left to themselves.
#pragma once

namespace millrace::trainer {

/// To be called where a thread is left behind: the process will exit without the destructors of the
/// static objects that exist by now, which that thread may still use.
void leave_thread_at_exit();

}  // namespace millrace::trainer

// LibTorch's errors in words of ours: its own name its source files and a stack. Free of LibTorch's
// headers.
#pragma once

#include <functional>

#include "config/app/command_line.h"

namespace millrace::trainer {

using ProgramBody = std::function<int(const config::Arguments&)>;

/// The body of a program that uses LibTorch. Where LibTorch throws, it throws std::runtime_error:
/// "out of memory: …; lower train.batch_size, …" or "LibTorch: …", each one line.
[[nodiscard]] ProgramBody with_plain_errors(ProgramBody body);

}  // namespace millrace::trainer

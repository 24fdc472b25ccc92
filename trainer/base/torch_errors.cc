// Catches LibTorch's exceptions (torch_errors.h).
#include "trainer/base/torch_errors.h"

#include <c10/util/Exception.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace millrace::trainer {
namespace {

constexpr std::string_view kNoCpuMemory = "can't allocate memory: ";

/// The first line, without the place in LibTorch's sources: "[enforce fail at alloc_cpu.cpp:127] ".
std::string first_line(const c10::Error& error) {
  std::string line = error.what_without_backtrace();
  line.resize(std::min(line.size(), line.find('\n')));
  if (const auto end = line.find("] "); line.starts_with('[') && end != std::string::npos) {
    line.erase(0, end + 2);
  }
  if (const auto at = line.find(kNoCpuMemory); at != std::string::npos) {
    line.erase(0, at + kNoCpuMemory.size());
  }
  return line;
}

/// CUDA's allocator has a class of its own; the CPU's says it in words alone.
bool is_out_of_memory(const c10::Error& error) {
  return dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
         std::string_view(error.what_without_backtrace()).find(kNoCpuMemory) !=
             std::string_view::npos;
}

std::runtime_error in_our_words(const c10::Error& error) {
  if (is_out_of_memory(error)) {
    return std::runtime_error("out of memory: " + first_line(error) +
                              "; lower train.batch_size, provider.block_size or the model's size");
  }
  return std::runtime_error("LibTorch: " + first_line(error));
}

}  // namespace

ProgramBody with_plain_errors(ProgramBody body) {
  return [body = std::move(body)](const config::Arguments& arguments) {
    try {
      return body(arguments);
    } catch (const c10::Error& error) {
      throw in_our_words(error);
    }
  };
}

}  // namespace millrace::trainer

// An input as a script: numbers and bytes, read one after the other; what is missing is 0.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::fuzz {

class Script {
 public:
  explicit Script(std::string_view input) : rest_(input) {}

  [[nodiscard]] bool done() const { return rest_.empty(); }

  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto first = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return first;
  }
  /// From 0 to below `end`, which is at most 256.
  std::uint32_t below(std::uint32_t end) { return byte() % end; }
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = value << 8 | byte();
    return value;
  }
  /// A byte says how many.
  std::string bytes() {
    const std::size_t wanted = byte();
    const std::size_t size = std::min(wanted, rest_.size());
    const std::string taken(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return taken;
  }

 private:
  std::string_view rest_;
};

}  // namespace millrace::fuzz

// Which streams a consumer accepts: those with the settings of its recipe; and once one was
// accepted, or a checkpoint is resumed, that very stream.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "proto/meta.h"

namespace millrace::queue {

/// What a recipe says of its stream. The trainer has no dataset: it learns the rest from the first
/// stream that it accepts.
struct Expectation {
  std::string provider;
  std::uint64_t data_seed = 0;
  std::map<std::string, std::string> settings;
  std::optional<proto::StreamMeta> pinned{};  ///< of the checkpoint that is resumed
  /// The name of the recipe's dataset, where it has one; empty: any.
  std::string dataset{};
};

class Admission {
 public:
  explicit Admission(Expectation expected) : expected_(std::move(expected)) {}

  /// Empty: accepted. Else the reason: which setting differs, both values, what to do.
  [[nodiscard]] std::optional<std::string> mismatch(const proto::StreamMeta& offered) const;

  /// From now on only this stream is accepted.
  void pin(const proto::StreamMeta& accepted) { expected_.pinned = accepted; }

 private:
  Expectation expected_;
};

}  // namespace millrace::queue

// The streams that a consumer accepts: those with the settings of its recipe. Once it has accepted
// a stream, or resumes from a checkpoint, it accepts this very stream and no other.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "proto/meta.h"

namespace millrace::queue {

/// The stream of a recipe, as far as the trainer knows it. It has no dataset, so it learns the rest
/// from the first stream that it accepts.
struct Expectation {
  std::string provider;
  std::uint64_t data_seed = 0;
  std::map<std::string, std::string> settings;
  std::optional<proto::StreamMeta> pinned{};  ///< the stream of the checkpoint that is resumed
  std::string dataset{};                      ///< the name of the recipe's dataset; empty: any
};

class Admission {
 public:
  explicit Admission(Expectation expected) : expected_(std::move(expected)) {}

  /// Why the stream is not accepted: which setting differs, both values, and what to do. Empty: it
  /// is accepted.
  [[nodiscard]] std::optional<std::string> mismatch(const proto::StreamMeta& offered) const;

  /// From now on only this stream is accepted.
  void pin(const proto::StreamMeta& accepted) { expected_.pinned = accepted; }

 private:
  Expectation expected_;
};

}  // namespace millrace::queue

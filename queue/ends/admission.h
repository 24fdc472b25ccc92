// The streams that a consumer accepts: those with the settings of its recipe. Once it has accepted
// a stream, or resumes from a checkpoint, it accepts this very stream and no other.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "proto/meta.h"

namespace millrace::queue {

/// The stream of a recipe, as far as the trainer knows it. It needs no dataset, so it learns the
/// rest from the first stream that it accepts.
struct Expectation {
  std::string provider;
  std::uint64_t data_seed = 0;
  std::map<std::string, std::string> settings;
  std::optional<proto::StreamMeta> pinned{};  ///< the stream of the checkpoint that is resumed
  std::string dataset{};                      ///< the name of the recipe's dataset; empty: any
  /// StreamMeta::dataset_hash of the recipe's dataset, which then decides, whatever the names;
  /// empty: not known here.
  std::string dataset_hash{};
  /// Whether the recipe's tokens are those of a byte-level BPE; empty: it does not say.
  std::optional<bool> byte_level{};
};

/// The data of a stream that are not those of the recipe, with both names: "dataset is new.txt for
/// train and old.txt for prepare". Empty: they are, or the recipe does not say.
[[nodiscard]] std::string other_data(const Expectation& expected, const proto::StreamMeta& offered,
                                     const std::string& here = "for train",
                                     const std::string& there = "for prepare");

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

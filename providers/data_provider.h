// The plug-in interface: describe yourself, fill a range. Threads, leases and queues are somebody
// else's.
//
// A provider is a pure function of (settings, data, seed, index): the same range gives the same
// bytes on every machine, in every thread, in any order. It never sees a rank, a batch size or a
// transport. Libraries are built against this file: a change of it raises kPluginVersion
// (providers/plugin.h).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "proto/batch.h"
#include "proto/meta.h"
#include "proto/types.h"

namespace millrace::providers {

class DataProvider {
 public:
  virtual ~DataProvider() = default;

  /// Schema, vocabulary, settings, sizes and fingerprint; the same object for the provider's whole
  /// life. (The producer adds the probe.)
  [[nodiscard]] virtual const proto::StreamMeta& meta() const = 0;

  /// Writes samples [range.first, range.end()) of range.split into `out`, whose columns have the
  /// schema's sizes for range.count samples. Pure and thread-safe. Throws std::out_of_range where
  /// the split is shorter than range.end().
  virtual void fill(const proto::Range& range, proto::BatchView out) const = 0;

  /// Whether the trainer names the stage of every train range (schedules that follow its steps or
  /// its losses). A train range without a stage is then a std::logic_error; val and test ranges
  /// never need one.
  [[nodiscard]] virtual bool trainer_names_stages() const { return false; }

  /// False for a source that cannot be computed again (a live feed): it is refused, for now.
  [[nodiscard]] virtual bool replayable() const { return true; }
};

/// The base for those who would rather write one sample into one row: implement fill_row, and leave
/// fill alone.
class RowProvider : public DataProvider {
 public:
  void fill(const proto::Range& range, proto::BatchView out) const final;

 protected:
  /// Writes sample `index` into `row`, whose columns hold one sample. `stage` is the one the
  /// trainer named, if it did.
  virtual void fill_row(proto::Split split, std::uint64_t index, std::optional<std::uint8_t> stage,
                        const proto::BatchView& row) const = 0;
};

/// Throws std::out_of_range, saying how many samples the split has, where it is shorter than
/// range.end(). For those who implement fill themselves.
void check_range(const proto::StreamMeta& meta, const proto::Range& range);

/// A filled batch of our own memory.
[[nodiscard]] proto::Batch fill_batch(const DataProvider& provider, const proto::Range& range);

/// The digest of the first proto::kProbeSamples samples of each split (of all there are, where they
/// are fewer), for StreamMeta::probe: xxh64 over their wire bytes, sample by sample, fields in
/// schema order. Empty for a split without samples. Where the trainer names the stage of train
/// samples, stage 0 is taken.
[[nodiscard]] std::array<std::string, proto::kSplitCount> probe(const DataProvider& provider);

}  // namespace millrace::providers

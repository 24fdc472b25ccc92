// The interface of a provider: it describes its stream and fills ranges of samples. Threads, leases
// and queues are handled elsewhere.
//
// A provider is a pure function of (settings, data, seed, index): the same range gives the same
// bytes on every machine, in every thread, in any order. It never sees a rank, a batch size or a
// transport. Shared libraries are built against this file: a change to it raises kPluginVersion
// (providers/plugin.h).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include "proto/batch.h"
#include "proto/meta.h"
#include "proto/types.h"

namespace millrace::providers {

class DataProvider {
 public:
  virtual ~DataProvider() = default;

  /// Schema, vocabulary, settings, sizes and fingerprint; the same object for the provider's
  /// lifetime. (The producer adds the probe.)
  [[nodiscard]] virtual const proto::StreamMeta& meta() const = 0;

  /// Writes samples [range.first, range.end()) of range.split into `out`, whose columns have the
  /// schema's sizes for range.count samples. Pure and thread-safe. Throws std::out_of_range if the
  /// split is shorter than range.end().
  virtual void fill(const proto::Range& range, proto::BatchView out) const = 0;

  /// Whether the trainer names the stage of every train range, as for schedules that follow its
  /// steps or losses. A train range without a stage is then a std::logic_error; val and test ranges
  /// never need one.
  [[nodiscard]] virtual bool trainer_names_stages() const { return false; }

  /// False for a source that cannot be computed again, such as a live feed. It is refused.
  [[nodiscard]] virtual bool replayable() const { return true; }
};

/// A base class for providers that write one sample at a time: implement fill_row instead of fill.
class RowProvider : public DataProvider {
 public:
  void fill(const proto::Range& range, proto::BatchView out) const final;

 protected:
  /// Writes sample `index` into `row`, whose columns hold one sample. `stage`: the one that the
  /// trainer named, if any.
  virtual void fill_row(proto::Split split, std::uint64_t index, std::optional<std::uint8_t> stage,
                        const proto::BatchView& row) const = 0;
};

/// Throws std::out_of_range, with the number of samples, if the split is shorter than range.end().
/// For providers that implement fill themselves.
void check_range(const proto::StreamMeta& meta, const proto::Range& range);

/// A file that the provider reads was written since it was opened, so that no range can be filled
/// any more.
class StreamChanged : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A filled batch in newly allocated memory. Throws StreamChanged where a mapped file of datasets/
/// that was read for it is no longer as it was (datasets/io/mapped_file.h); else as fill.
[[nodiscard]] proto::Batch fill_batch(const DataProvider& provider, const proto::Range& range);

/// The digest of the first proto::kProbeSamples samples of each split (all, if there are fewer),
/// for StreamMeta::probe: xxh64 over their wire bytes, sample by sample, fields in schema order.
/// Empty for a split without samples. Uses stage 0 if the trainer names the stages of train.
[[nodiscard]] std::array<std::string, proto::kSplitCount> probe(const DataProvider& provider);

}  // namespace millrace::providers

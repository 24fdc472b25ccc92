// The probe of a stream: the digest of the first samples of each split. A producer names it with
// its meta, and is held to it by the first range that it is asked for.
#pragma once

#include <optional>
#include <string>

#include "proto/batch.h"
#include "proto/meta.h"

namespace millrace::proto {

/// The range that the probe of a split covers: its first kProbeSamples samples (all, if there are
/// fewer), of train at stage 0 where the trainer names the stages. Empty for a split without
/// samples.
[[nodiscard]] std::optional<Range> probe_range(const StreamMeta& meta, Split split,
                                               bool trainer_names_stages);

/// The xxh64 over the wire bytes of a batch, sample after sample, fields in schema order, in hex:
/// of the probe's range, the probe. The batch must be one of the schema (proto::fits).
[[nodiscard]] std::string probe_digest(const Schema& schema, const Batch& batch);

}  // namespace millrace::proto

// Probes of streams (probe.h).
#include "proto/probe.h"

#include <algorithm>

#include "proto/digest.h"

namespace millrace::proto {

std::optional<Range> probe_range(const StreamMeta& meta, Split split, bool trainer_names_stages) {
  const auto count =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(meta.size(split), kProbeSamples));
  if (count == 0) return std::nullopt;
  Range range{split, 0, count, std::nullopt};
  if (split == Split::kTrain && trainer_names_stages) range.stage = 0;
  return range;
}

std::string probe_digest(const Schema& schema, const Batch& batch) {
  Digest digest;
  for (std::uint32_t row = 0; row < batch.range.count; ++row) {
    for (std::size_t i = 0; i < schema.fields.size(); ++i) {
      const std::size_t bytes = schema.fields[i].bytes_per_sample();
      digest.update(batch.columns[i].bytes.subspan(row * bytes, bytes));
    }
  }
  return hex16(digest.value());
}

}  // namespace millrace::proto

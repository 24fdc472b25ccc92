// Filling by rows, batches in new memory, and the probe.
#include "providers/data_provider.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "proto/digest.h"

namespace millrace::providers {
namespace {

std::string probe(const DataProvider& provider, proto::Split split) {
  const proto::StreamMeta& meta = provider.meta();
  const auto count =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(meta.size(split), proto::kProbeSamples));
  if (count == 0) return {};
  proto::Range range{split, 0, count, std::nullopt};
  if (split == proto::Split::kTrain && provider.trainer_names_stages()) range.stage = 0;
  const proto::Batch batch = fill_batch(provider, range);
  proto::Digest digest;
  for (std::uint32_t row = 0; row < count; ++row) {
    for (std::size_t i = 0; i < meta.schema.fields.size(); ++i) {
      const std::size_t bytes = meta.schema.fields[i].bytes_per_sample();
      digest.update(batch.columns[i].bytes.subspan(row * bytes, bytes));
    }
  }
  return proto::hex16(digest.value());
}

}  // namespace

void check_range(const proto::StreamMeta& meta, const proto::Range& range) {
  const std::uint64_t size = meta.size(range.split);
  if (range.count <= size && range.first <= size - range.count) return;
  const std::string split(proto::to_string(range.split));
  if (size == 0) throw std::out_of_range("this dataset has no " + split + " split");
  throw std::out_of_range("the " + split + " split has " + std::to_string(size) + " samples; " +
                          std::to_string(range.count) + " from index " +
                          std::to_string(range.first) + " on were asked for");
}

void RowProvider::fill(const proto::Range& range, proto::BatchView out) const {
  check_range(meta(), range);
  const std::vector<proto::Field>& fields = meta().schema.fields;
  proto::BatchView row;
  row.columns.resize(fields.size());
  for (std::uint32_t r = 0; r < range.count; ++r) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const std::size_t bytes = fields[i].bytes_per_sample();
      row.columns[i] = out.columns[i].subspan(r * bytes, bytes);
    }
    fill_row(range.split, range.first + r, range.stage, row);
  }
}

proto::Batch fill_batch(const DataProvider& provider, const proto::Range& range) {
  check_range(provider.meta(), range);  // before memory is taken for it
  const proto::BatchBuffer buffer = proto::make_batch(provider.meta().schema, range);
  provider.fill(range, buffer.view);
  return buffer.batch;
}

std::array<std::string, proto::kSplitCount> probe(const DataProvider& provider) {
  std::array<std::string, proto::kSplitCount> digests;
  for (const proto::Split split : proto::kSplits) {
    digests[static_cast<std::size_t>(split)] = probe(provider, split);
  }
  return digests;
}

}  // namespace millrace::providers

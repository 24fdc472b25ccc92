// Filling by rows, batches in new memory, and the probe.
#include "providers/data_provider.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "datasets/io/mapped_file.h"
#include "proto/probe.h"

namespace millrace::providers {
namespace {

std::string probe(const DataProvider& provider, proto::Split split) {
  const proto::StreamMeta& meta = provider.meta();
  const auto range = proto::probe_range(meta, split, provider.trainer_names_stages());
  return range ? proto::probe_digest(meta.schema, fill_batch(provider, *range)) : std::string();
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
  const datasets::FilesRead files;
  const auto check = [&files] {
    if (const auto changed = files.changed()) throw StreamChanged(*changed);
  };
  try {
    provider.fill(range, buffer.view);
  } catch (...) {
    check();  // bytes that are no text, for one
    throw;
  }
  check();
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

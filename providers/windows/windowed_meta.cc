// Makes a meta of a recipe and its windows (windowed_meta.h).
#include "providers/windows/windowed_meta.h"

#include "config/stream_keys.h"
#include "config/stream_settings.h"

namespace millrace::providers {
namespace {

void describe_datasets(const datasets::Datasets& datasets, MaskToken mask,
                       proto::StreamMeta& meta) {
  meta.dataset_name = datasets.name;
  meta.dataset_hash = datasets.hash;
  meta.vocabulary = datasets.vocabulary.tokens;
  meta.byte_level = datasets.vocabulary.byte_level;
  meta.vocab_size = datasets.vocabulary.size;
  if (mask == MaskToken::kNone) return;
  meta.mask_token_id = meta.vocab_size++;
  if (!meta.vocabulary.empty()) meta.vocabulary.emplace_back("[MASK]");
}

}  // namespace

proto::StreamMeta windowed_meta(std::uint32_t format_version, const config::Options& options,
                                const Windows& windows, MaskToken mask) {
  proto::StreamMeta meta;
  meta.provider = config::provider_name(options);
  meta.format_version = format_version;
  meta.settings = config::stream_settings(options);
  meta.data_seed = options.data.data_seed;
  meta.block_size = options.provider.block_size;
  describe_datasets(windows.datasets(), mask, meta);
  for (const proto::Split split : proto::kSplits) {
    meta.sizes[static_cast<std::size_t>(split)] = windows.size(split);
  }
  meta.epoch_samples = windows.epoch_samples();
  return meta;
}

}  // namespace millrace::providers

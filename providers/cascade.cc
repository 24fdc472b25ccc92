// Maps an index to a chunk, its stage's tokens and a time, and noises the tokens.
#include "providers/cascade.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "annotation/shard_folder.h"
#include "config/dataset_keys.h"
#include "config/errors.h"
#include "config/stream_keys.h"
#include "config/stream_settings.h"
#include "datasets/bpe/bpe_files.h"
#include "datasets/sources/source_files.h"
#include "providers/diffusion/diffusion_times.h"
#include "providers/diffusion/noise.h"
#include "providers/windows/item_order.h"
#include "providers/windows/open_datasets.h"
#include "providers/windows/token_columns.h"

namespace millrace::providers {
namespace {

constexpr std::uint32_t kFormatVersion = 1;

/// The lengths of a stage's fields.
struct Lengths {
  std::uint32_t prefix;  ///< 0: none
  std::uint32_t target;
};

Lengths lengths_of(const config::ProviderOptions& options) {
  switch (options.cascade_stage) {
    case 1: return {0, options.stage1_length};
    case 2: return {options.stage1_length, options.stage2_length};
    default: return {options.stage2_length, options.stage3_length};
  }
}

void refuse(const std::string& folder, const std::string& key, const std::string& recipe,
            const std::string& shards) {
  throw config::UsageError(key + " is " + recipe + " in the recipe, and the shards in " + folder +
                           " were made with " + shards +
                           "; change the recipe, or run annotate into another --data.shards");
}

void check_made_for(const config::Options& options, const annotation::ShardHeader& header) {
  const std::string& folder = options.data.shards;
  if (options.annotate.selection != annotation::to_string(header.selection)) {
    refuse(folder, "annotate.selection", options.annotate.selection,
           std::string(annotation::to_string(header.selection)));
  }
  if (options.provider.stage3_length != header.chunk_length) {
    refuse(folder, "provider.stage3_length", std::to_string(options.provider.stage3_length),
           std::to_string(header.chunk_length));
  }
  for (const datasets::NamedSpec& named : named_datasets(options.data)) {
    const std::string name = datasets::name_of_dataset(named.spec.path);
    if (name != header.dataset_name) refuse(folder, "data.path", name, header.dataset_name);
  }
  if (options.data.tokenizer.empty()) return;
  const std::string hash = datasets::load_bpe(options.data.tokenizer)->hash();
  if (hash != header.tokenizer_hash) {
    refuse(folder, "data.tokenizer = " + options.data.tokenizer, "the tokenizer " + hash,
           header.tokenizer_hash);
  }
}

void check_one_dataset(const config::DataOptions& data) {
  const auto several = config::selected_datasets(data);
  if (several.size() < 2) return;
  throw config::UsageError(
      "the provider cascade streams the shards of one dataset, and data.datasets has " +
      std::to_string(several.size()) + "; name one with --data.dataset=" + several.front().name);
}

proto::Schema make_schema(std::uint32_t vocab_size, const Lengths& lengths) {
  using proto::LogicalType;
  using proto::Role;
  const proto::WireType wire = proto::narrowest(vocab_size, false);
  proto::Schema schema;
  if (lengths.prefix > 0) {
    schema.fields.push_back(
        {"prefix", wire, LogicalType::kI64, {lengths.prefix}, Role::kPrefix, false});
  }
  schema.fields.push_back({"x", wire, LogicalType::kI64, {lengths.target}, Role::kInput, false});
  schema.fields.push_back({"y", wire, LogicalType::kI64, {lengths.target}, Role::kTarget, false});
  schema.fields.push_back({"t", proto::WireType::kF32, LogicalType::kF32, {}, Role::kTime, false});
  proto::check(schema);
  return schema;
}

class Cascade final : public RowProvider {
 public:
  explicit Cascade(const config::Options& options)
      : seed_(options.data.data_seed),
        sampling_eps_(options.provider.sampling_eps),
        lengths_(lengths_of(options.provider)),
        folder_(options.data.shards),
        filling_(folder_, options.provider.stage1_length, options.provider.stage2_length),
        order_(options.data, filling_.count()),
        times_(options.data.data_seed, options.provider.t_group),
        noise_(options.provider) {
    check_made_for(options, folder_.header());
    count_chunks(options.provider);
    meta_ = describe(options);
  }

  [[nodiscard]] const proto::StreamMeta& meta() const override { return meta_; }

 protected:
  void fill_row(proto::Split split, std::uint64_t index, std::optional<std::uint8_t> /*stage*/,
                const proto::BatchView& row) const override {
    by_type(meta_.schema.fields.front().wire,
            [&]<class X>(X) { fill_tokens<X>(split, index, row); });
  }

 private:
  void count_chunks(const config::ProviderOptions& options) const {
    const std::uint64_t dropped = folder_.chunks() - filling_.count();
    const std::string sizes = folder_.header().dataset_name + ": " + std::to_string(dropped) +
                              " of " + std::to_string(folder_.chunks()) +
                              " chunks cannot fill stages of " +
                              std::to_string(options.stage1_length) + " and " +
                              std::to_string(options.stage2_length) + " tokens and are dropped";
    if (order_.items(proto::Split::kTrain) == 0) {
      throw std::runtime_error(
          sizes + ", so that train has none; use more text, or a smaller --provider.stage2_length");
    }
    if (dropped > 0) spdlog::info("{}", sizes);
  }

  [[nodiscard]] proto::StreamMeta describe(const config::Options& options) const {
    proto::StreamMeta meta;
    meta.provider = config::provider_name(options);
    meta.format_version = kFormatVersion;
    meta.settings = config::stream_settings(options);
    meta.dataset_name = folder_.header().dataset_name;
    meta.dataset_hash = folder_.hash();
    meta.data_seed = seed_;
    meta.vocabulary = folder_.vocabulary();
    meta.byte_level = !meta.vocabulary.empty();
    if (!meta.vocabulary.empty()) meta.vocabulary.emplace_back("[MASK]");
    meta.mask_token_id = folder_.header().vocab_size;
    meta.vocab_size = folder_.header().vocab_size + 1;
    meta.block_size = lengths_.target;
    meta.schema = make_schema(meta.vocab_size, lengths_);
    meta.train_stages =
        meta.val_stages = {"cascade stage " + std::to_string(options.provider.cascade_stage) +
                           ", absorb, " + noise_.name()};
    meta.sizes = {proto::kEndless, order_.items(proto::Split::kVal),
                  order_.items(proto::Split::kTest)};
    meta.epoch_samples = order_.items(proto::Split::kTrain);
    meta.fingerprint = proto::fingerprint_of(meta);
    return meta;
  }

  /// Reads the chunk's tokens into memory of the calling thread, which its next call overwrites.
  [[nodiscard]] std::span<const std::uint32_t> tokens_of(
      const annotation::ShardFolder::Place& place) const {
    static thread_local std::vector<std::uint32_t> tokens;
    tokens.resize(folder_.header().chunk_length);
    place.shard->read_tokens(place.chunk, tokens);
    const std::uint32_t end = *meta_.mask_token_id;
    std::uint32_t beyond = 0;
    for (const std::uint32_t token : tokens) beyond |= token >= end ? 1 : 0;
    if (beyond != 0) {
      throw std::runtime_error("a token beyond its vocabulary in chunk " +
                               std::to_string(place.chunk) + " of a shard in " +
                               folder_.path().string() +
                               "; run annotate for each shard: it says which is damaged");
    }
    return tokens;
  }

  template <class X>
  void fill_stage(const annotation::ShardFolder::Place& place,
                  std::span<const std::uint32_t> tokens, std::span<X> out) const {
    if (out.size() == tokens.size()) {
      std::ranges::transform(tokens, out.begin(),
                             [](std::uint32_t token) { return static_cast<X>(token); });
      return;
    }
    static thread_local std::vector<std::uint16_t> positions;
    positions.resize(out.size());
    place.shard->read_stage(place.chunk, static_cast<std::uint32_t>(out.size()), positions);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<X>(tokens[positions[i]]);
  }

  template <class X>
  void fill_tokens(proto::Split split, std::uint64_t index, const proto::BatchView& row) const {
    const PhiloxStream draws(seed_, split, 0, index);
    const auto place = filling_.place(order_.item(split, index, draws));
    const std::span<const std::uint32_t> tokens = tokens_of(place);
    std::size_t column = 0;
    if (lengths_.prefix > 0) fill_stage(place, tokens, row.values<X>(column++));
    const std::span<X> x = row.values<X>(column++);
    const std::span<X> y = row.values<X>(column++);
    fill_stage(place, tokens, y);
    const float t = times_.time(split, index, sampling_eps_);
    row.values<float>(column)[0] = t;
    absorb<X>(y, noise_.move_threshold(t), *meta_.mask_token_id, draws, x);
  }

  std::uint64_t seed_;
  double sampling_eps_;
  Lengths lengths_;
  annotation::ShardFolder folder_;
  annotation::ShardFolder::Filling filling_;
  ItemOrder order_;
  DiffusionTimes times_;
  Noise noise_;
  proto::StreamMeta meta_;
};

}  // namespace

std::unique_ptr<DataProvider> make_cascade(const config::Options& options) {
  check_one_dataset(options.data);
  return std::make_unique<Cascade>(options);
}

}  // namespace millrace::providers

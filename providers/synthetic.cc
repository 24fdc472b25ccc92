// Blocks of a Markov process, or uniform symbols.
#include "providers/synthetic.h"

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "config/stream_keys.h"
#include "config/stream_settings.h"
#include "proto/digest.h"
#include "providers/markov/markov_process.h"
#include "providers/markov/markov_text.h"
#include "providers/masking/stage_schedule.h"
#include "providers/random/philox.h"
#include "providers/windows/token_columns.h"

namespace millrace::providers {
namespace {

constexpr std::uint32_t kFormatVersion = 1;
// Samples of val and of test: any number would do.
constexpr std::uint64_t kFiniteSamples = 1 << 16;

/// Columns, in the schema's order.
enum ColumnNumber : std::size_t { kX = 0, kY = 1 };

std::optional<MarkovProcess> process_of(const config::ProviderOptions& options) {
  if (options.source == "random") return std::nullopt;
  return MarkovProcess(options.source_symbols, options.source_order);
}

class Synthetic final : public RowProvider {
 public:
  explicit Synthetic(const config::Options& options)
      : seed_(options.data.data_seed),
        symbols_(options.provider.source_symbols),
        process_(process_of(options.provider)),
        meta_(describe(options)) {}

  [[nodiscard]] const proto::StreamMeta& meta() const override { return meta_; }

 protected:
  void fill_row(proto::Split split, std::uint64_t index, std::optional<std::uint8_t> /*stage*/,
                const proto::BatchView& row) const override {
    by_type(meta_.schema.fields[kX].wire, [&]<class X>(X) { fill_symbols<X>(split, index, row); });
  }

 private:
  [[nodiscard]] proto::StreamMeta describe(const config::Options& options) const {
    using proto::LogicalType;
    using proto::Role;
    const std::uint32_t length = options.provider.block_size;
    const proto::WireType wire = proto::narrowest(symbols_, false);
    const datasets::Vocabulary vocabulary = letters(symbols_);
    proto::StreamMeta meta;
    meta.provider = config::provider_name(options);
    meta.format_version = kFormatVersion;
    meta.settings = config::stream_settings(options);
    meta.data_seed = seed_;
    meta.dataset_name = process_ ? process_->name() : "random-" + std::to_string(symbols_);
    meta.dataset_hash = proto::hex16(proto::xxh64(meta.dataset_name));
    meta.schema.fields = {
        {"x", wire, LogicalType::kI64, {length}, Role::kInput, false},
        {"y", wire, LogicalType::kI64, {length}, Role::kTarget, false},
    };
    proto::check(meta.schema);
    meta.vocabulary = vocabulary.tokens;
    meta.vocab_size = vocabulary.size;
    meta.block_size = length;
    meta.train_stages = meta.val_stages = {meta.dataset_name};
    meta.sizes = {proto::kEndless, kFiniteSamples, kFiniteSamples};
    meta.fingerprint = proto::fingerprint_of(meta);
    return meta;
  }

  template <class X>
  void fill_symbols(proto::Split split, std::uint64_t index, const proto::BatchView& row) const {
    const PhiloxStream draws(seed_, split, 0, index);
    const std::span<X> x = row.values<X>(kX);
    const std::span<X> y = row.values<X>(kY);
    if (process_) {
      static thread_local std::vector<X> block;
      block.resize(x.size() + 1);
      process_->generate(draws.words(Purpose::kText, 0, block.size()), std::span(block));
      std::copy(block.begin(), block.end() - 1, x.begin());
      std::copy(block.begin() + 1, block.end(), y.begin());
    } else {
      fill_random(draws.words(Purpose::kText, 0, x.size()), x);
      fill_random(draws.words(Purpose::kText, x.size(), y.size()), y);
    }
  }

  template <class X>
  void fill_random(std::span<const std::uint32_t> words, std::span<X> out) const {
    for (std::size_t j = 0; j < out.size(); ++j) {
      out[j] = static_cast<X>(uniform_below(words[j], symbols_));
    }
  }

  std::uint64_t seed_;
  std::uint32_t symbols_;
  std::optional<MarkovProcess> process_;
  proto::StreamMeta meta_;
};

}  // namespace

std::unique_ptr<DataProvider> make_synthetic(const config::Options& options) {
  refuse_schedule(options.provider);
  return std::make_unique<Synthetic>(options);
}

}  // namespace millrace::providers

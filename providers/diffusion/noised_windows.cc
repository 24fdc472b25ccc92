// Windows of tokens, noised to a time by absorb() or redraw().
#include "providers/diffusion/noised_windows.h"

#include <span>
#include <utility>

#include "providers/diffusion/noise.h"
#include "providers/masking/stage_schedule.h"
#include "providers/random/philox.h"
#include "providers/windows/open_datasets.h"
#include "providers/windows/token_columns.h"
#include "providers/windows/windowed_meta.h"
#include "providers/windows/windows.h"

namespace millrace::providers {
namespace {

/// Columns, in the schema's order.
enum ColumnNumber : std::size_t { kX = 0, kY = 1, kT = 2 };

/// x and y have the same type, wide enough for all states, so that tokens are copied unchanged.
proto::Schema make_schema(std::uint32_t states, std::uint32_t block_size, const proto::Field& t) {
  using proto::LogicalType;
  using proto::Role;
  const proto::WireType wire = proto::narrowest(states, false);
  proto::Schema schema;
  schema.fields = {
      {"x", wire, LogicalType::kI64, {block_size}, Role::kInput, false},
      {"y", wire, LogicalType::kI64, {block_size}, Role::kTarget, false},
      t,
  };
  proto::check(schema);
  return schema;
}

class NoisedWindows final : public RowProvider {
 public:
  NoisedWindows(const config::Options& options, std::unique_ptr<const Diffusion> diffusion,
                Windows windows)
      : seed_(options.data.data_seed),
        diffusion_(std::move(diffusion)),
        graph_(diffusion_->graph()),
        windows_(std::move(windows)),
        meta_(describe(options)) {}

  [[nodiscard]] const proto::StreamMeta& meta() const override { return meta_; }

 protected:
  void fill_row(proto::Split split, std::uint64_t index, std::optional<std::uint8_t> /*stage*/,
                const proto::BatchView& row) const override {
    by_type(meta_.schema.fields[kX].wire, [&]<class X>(X) { fill_text<X>(split, index, row); });
  }

 private:
  [[nodiscard]] proto::StreamMeta describe(const config::Options& options) const {
    const MaskToken mask = graph_ == Graph::kAbsorb ? MaskToken::kAdded : MaskToken::kNone;
    proto::StreamMeta meta = windowed_meta(diffusion_->format_version(), options, windows_, mask);
    meta.schema = make_schema(meta.vocab_size, meta.block_size, diffusion_->time_field());
    meta.train_stages = meta.val_stages = {diffusion_->name()};
    meta.fingerprint = proto::fingerprint_of(meta);
    return meta;
  }

  template <class X>
  void fill_text(proto::Split split, std::uint64_t index, const proto::BatchView& row) const {
    const PhiloxStream draws(seed_, split, 0, index);
    const std::span<X> x = row.values<X>(kX);
    const std::span<X> y = row.values<X>(kY);
    windows_.read(split, index, draws, y);
    const std::uint64_t threshold = diffusion_->draw_time(split, index, row.columns[kT]);
    if (graph_ == Graph::kAbsorb) {
      absorb<X>(y, threshold, *meta_.mask_token_id, draws, x);
    } else {
      redraw<X>(y, threshold, meta_.vocab_size, draws, x);
    }
  }

  std::uint64_t seed_;
  std::unique_ptr<const Diffusion> diffusion_;
  Graph graph_;
  Windows windows_;
  proto::StreamMeta meta_;
};

}  // namespace

std::unique_ptr<DataProvider> make_noised_windows(const config::Options& options,
                                                  std::unique_ptr<const Diffusion> diffusion) {
  refuse_schedule(options.provider);
  return std::make_unique<NoisedWindows>(
      options, std::move(diffusion),
      Windows(open_datasets(options), options, options.provider.block_size));
}

}  // namespace millrace::providers

// Selects positions by default masking and replaces them by weights. Every decision is made for a
// single sample, so that it is a function of the sample's index.
#include "providers/char_random_replacement.h"

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "providers/masking/corruption.h"
#include "providers/masking/default_masking.h"
#include "providers/masking/replacement.h"
#include "providers/masking/stage_schedule.h"
#include "providers/random/philox.h"
#include "providers/windows/open_datasets.h"
#include "providers/windows/token_columns.h"
#include "providers/windows/windowed_meta.h"
#include "providers/windows/windows.h"

namespace millrace::providers {
namespace {

using proto::Split;

constexpr std::uint32_t kFormatVersion = 1;

/// Columns, in the schema's order.
enum ColumnNumber : std::size_t { kX = 0, kY = 1 };

class CharRandomReplacement final : public RowProvider {
 public:
  CharRandomReplacement(const config::Options& options, Windows windows)
      : block_size_(options.provider.block_size),
        partial_targets_(options.provider.partial_targets),
        windows_(std::move(windows)),
        masking_(make_default_masking(options.provider.mask_probability)),
        in_train_(options.provider, windows_.datasets().vocabulary.size),
        in_val_(in_train_.random_only()),
        meta_(describe(options)) {}

  [[nodiscard]] const proto::StreamMeta& meta() const override { return meta_; }

 protected:
  void fill_row(Split split, std::uint64_t index, std::optional<std::uint8_t> /*stage*/,
                const proto::BatchView& row) const override {
    by_type(meta_.schema.fields[kX].wire, [&]<class X>(X) {
      fill_text<X>(split, PhiloxStream(meta_.data_seed, split, 0, index), index, row);
    });
  }

 private:
  [[nodiscard]] proto::StreamMeta describe(const config::Options& options) const;
  template <class X>
  void fill_text(Split split, const PhiloxStream& draws, std::uint64_t index,
                 const proto::BatchView& row) const;
  template <class X>
  [[nodiscard]] std::span<const X> fragment(const WindowRef& window,
                                            std::span<const std::uint8_t> selected,
                                            const PhiloxStream& draws) const;

  std::uint32_t block_size_;
  bool partial_targets_;
  Windows windows_;
  std::unique_ptr<const Masking> masking_;
  Replacement in_train_;
  Replacement in_val_;
  proto::StreamMeta meta_;
};

proto::StreamMeta CharRandomReplacement::describe(const config::Options& options) const {
  proto::StreamMeta meta = windowed_meta(kFormatVersion, options, windows_, MaskToken::kAdded);
  meta.schema.fields = {token_field("x", meta.vocab_size, block_size_, proto::Role::kInput, false),
                        token_field("y", meta.vocab_size, block_size_, proto::Role::kTarget, true)};
  proto::check(meta.schema);
  meta.train_stages = {"random_replacement"};
  meta.val_stages = {"random_replacement"};
  meta.fingerprint = proto::fingerprint_of(meta);
  return meta;
}

/// The window to copy from. Empty if half of the sample or more is selected, because little of its
/// own text would be left, and if the dataset has no other window.
template <class X>
std::span<const X> CharRandomReplacement::fragment(const WindowRef& window,
                                                   std::span<const std::uint8_t> selected,
                                                   const PhiloxStream& draws) const {
  static thread_local std::vector<X> other;
  if (2 * std::ranges::count(selected, 1) >= std::ssize(selected)) return {};
  const std::optional<WindowRef> from = windows_.other_window(window, draws);
  if (!from) return {};
  other.resize(block_size_);
  windows_.read(Split::kTrain, *from, std::span(other));
  return other;
}

template <class X>
void CharRandomReplacement::fill_text(Split split, const PhiloxStream& draws, std::uint64_t index,
                                      const proto::BatchView& row) const {
  static thread_local std::vector<X> original;
  static thread_local std::vector<std::uint8_t> selected;
  original.resize(block_size_);
  selected.resize(block_size_);
  const WindowRef window = windows_.window(split, index, draws);
  windows_.read(split, window, std::span(original));
  masking_->select(draws, selected);

  const bool train = split == Split::kTrain;
  const std::span<const X> copied = train && in_train_.has_fragments()
                                        ? fragment<X>(window, selected, draws)
                                        : std::span<const X>();
  (train ? in_train_ : in_val_)
      .template apply<X>(original, selected, copied, draws, row.values<X>(kX));

  by_type(meta_.schema.fields[kY].wire, [&]<class Y>(Y) {
    const std::span<Y> y = row.values<Y>(kY);
    if (!train || partial_targets_) return partial_targets<X, Y>(original, selected, y);
    std::ranges::copy(original, y.begin());
  });
}

}  // namespace

std::unique_ptr<DataProvider> make_char_random_replacement(const config::Options& options) {
  refuse_schedule(options.provider);
  return std::make_unique<CharRandomReplacement>(
      options, Windows(open_datasets(options), options, options.provider.block_size));
}

}  // namespace millrace::providers

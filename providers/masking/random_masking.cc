// One threshold per sample: r/2^32 · max_masked_ratio, where r is from 1 to 2^32.
#include "providers/masking/random_masking.h"

#include "datasets/io/fixed_point.h"

namespace millrace::providers {
namespace {

class RandomMasking final : public Masking {
 public:
  explicit RandomMasking(double max_masked_ratio)
      : max_threshold_(datasets::threshold_of(max_masked_ratio)) {}

  void select(const PhiloxStream& draws, std::span<std::uint8_t> selected) const override {
    const std::uint64_t r = std::uint64_t{draws.word(Purpose::kRatio, 0)} + 1;
    // max_threshold_ · r overflows only for 2^32 · 2^32.
    const std::uint64_t one = std::uint64_t{1} << 32;
    select_below(draws, max_threshold_ == one ? r : (max_threshold_ * r) >> 32, selected);
  }

 private:
  std::uint64_t max_threshold_;
};

}  // namespace

std::unique_ptr<const Masking> make_random_masking(const config::StageOptions& stage) {
  return std::make_unique<RandomMasking>(stage.max_masked_ratio);
}

}  // namespace millrace::providers

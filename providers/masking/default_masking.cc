// One threshold for all positions of all samples.
#include "providers/masking/default_masking.h"

#include "datasets/io/fixed_point.h"

namespace millrace::providers {
namespace {

class DefaultMasking final : public Masking {
 public:
  explicit DefaultMasking(double mask_probability)
      : threshold_(datasets::threshold_of(mask_probability)) {}

  void select(const PhiloxStream& draws, std::span<std::uint8_t> selected) const override {
    select_below(draws, threshold_, selected);
  }

 private:
  std::uint64_t threshold_;
};

}  // namespace

std::unique_ptr<const Masking> make_default_masking(double mask_probability) {
  return std::make_unique<DefaultMasking>(mask_probability);
}

}  // namespace millrace::providers

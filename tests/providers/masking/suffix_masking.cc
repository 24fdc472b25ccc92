// Stage type suffix: masks the end of a sample, so that the model learns to continue a text. The
// length of the suffix is uniform, from one position up to max_ratio of the sample.
#include "tests/providers/masking/suffix_masking.h"

#include <algorithm>

#include "config/errors.h"
#include "config/settings.h"

namespace millrace::providers {
namespace {

class SuffixMasking final : public Masking {
 public:
  explicit SuffixMasking(double max_ratio) : max_ratio_(max_ratio) {}

  void select(const PhiloxStream& draws, std::span<std::uint8_t> selected) const override {
    const auto length = static_cast<double>(selected.size());
    const std::uint32_t longest = std::max(1U, static_cast<std::uint32_t>(max_ratio_ * length));
    const std::uint32_t masked = 1 + uniform_below(draws.word(Purpose::kSelect, 0), longest);
    std::fill(selected.begin(), selected.end() - masked, std::uint8_t{0});
    std::fill(selected.end() - masked, selected.end(), std::uint8_t{1});
  }

  [[nodiscard]] Corruption corruption() const override { return Corruption::kAllMask; }

 private:
  double max_ratio_;
};

}  // namespace

std::unique_ptr<const Masking> make_suffix_masking(const config::StageOptions& stage) {
  config::check_settings(stage, {"max_ratio"});  // refuses any other
  const double max_ratio = config::setting(stage, "max_ratio", 0.5);
  if (!(max_ratio > 0 && max_ratio <= 1)) {
    throw config::UsageError("stage of type suffix: settings.max_ratio = " +
                             std::to_string(max_ratio) + ": expected a number above 0 to 1");
  }
  return std::make_unique<SuffixMasking>(max_ratio);
}

}  // namespace millrace::providers

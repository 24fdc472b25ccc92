// 2·spans_count positions, drawn with replacement and sorted: each two are the ends of a closed
// interval.
#include "providers/masking/span_masking.h"

#include <algorithm>
#include <vector>

namespace millrace::providers {
namespace {

class SpanMasking final : public Masking {
 public:
  explicit SpanMasking(std::uint32_t spans_count) : ends_count_(2 * std::size_t{spans_count}) {}

  void select(const PhiloxStream& draws, std::span<std::uint8_t> selected) const override {
    static thread_local std::vector<std::uint32_t> ends;
    const auto words = draws.words(Purpose::kSelect, 0, ends_count_);
    const auto length = static_cast<std::uint32_t>(selected.size());
    ends.resize(ends_count_);
    std::transform(words.begin(), words.end(), ends.begin(),
                   [length](std::uint32_t word) { return uniform_below(word, length); });
    std::sort(ends.begin(), ends.end());
    std::fill(selected.begin(), selected.end(), std::uint8_t{0});
    for (std::size_t i = 0; i < ends_count_; i += 2) {
      std::fill(selected.begin() + ends[i], selected.begin() + ends[i + 1] + 1, std::uint8_t{1});
    }
  }

  [[nodiscard]] Corruption corruption() const override { return Corruption::kAllMask; }

 private:
  std::size_t ends_count_;
};

}  // namespace

std::unique_ptr<const Masking> make_span_masking(const config::StageOptions& stage) {
  return std::make_unique<SpanMasking>(stage.spans_count);
}

}  // namespace millrace::providers

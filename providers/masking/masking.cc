// The maskings that select positions independently of each other or by spans, and the table of all
// stage types.
#include "providers/masking/masking.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "config/errors.h"
#include "datasets/io/fixed_point.h"
#include "providers/masking/sticky_masking.h"
#include "providers/random/vector_kernels.h"

namespace millrace::providers {
namespace {

using datasets::threshold_of;

/// Position j is selected where word j of kSelect is below the threshold.
void select_below(const PhiloxStream& draws, std::uint64_t threshold,
                  std::span<std::uint8_t> selected) {
  if (threshold == 0) {
    std::fill(selected.begin(), selected.end(), std::uint8_t{0});
    return;
  }
  const auto last = static_cast<std::uint32_t>(threshold - 1);  // 2^32 itself is no 32-bit number
  const auto words = draws.words(Purpose::kSelect, 0, selected.size());
  kernels().select_to(words.data(), selected.size(), last, selected.data());
}

class DefaultMasking final : public Masking {
 public:
  explicit DefaultMasking(double mask_probability) : threshold_(threshold_of(mask_probability)) {}

  void select(const PhiloxStream& draws, std::span<std::uint8_t> selected) const override {
    select_below(draws, threshold_, selected);
  }

 private:
  std::uint64_t threshold_;
};

/// Each sample draws its own ratio r/2^32 · max, r in 1 … 2^32, and selects with it.
class RandomMasking final : public Masking {
 public:
  explicit RandomMasking(double max_masked_ratio)
      : max_threshold_(threshold_of(max_masked_ratio)) {}

  void select(const PhiloxStream& draws, std::span<std::uint8_t> selected) const override {
    const std::uint64_t r = std::uint64_t{draws.word(Purpose::kRatio, 0)} + 1;
    // Max_threshold_ · r would overflow only for one · one.
    const std::uint64_t one = std::uint64_t{1} << 32;
    select_below(draws, max_threshold_ == one ? r : (max_threshold_ * r) >> 32, selected);
  }

 private:
  std::uint64_t max_threshold_;
};

/// 2·spans_count positions, with replacement; sorted, two by two the ends of closed intervals.
class SpanMasking final : public Masking {
 public:
  explicit SpanMasking(std::uint32_t spans_count) : ends_count_(2 * std::size_t{spans_count}) {}

  void select(const PhiloxStream& draws, std::span<std::uint8_t> selected) const override {
    static thread_local std::vector<std::uint32_t> ends;
    const auto words = draws.words(Purpose::kSelect, 0, ends_count_);
    const auto length = static_cast<std::uint32_t>(selected.size());
    ends.resize(ends_count_);
    std::transform(words.begin(), words.end(), ends.begin(),
                   [length](std::uint32_t w) { return uniform_below(w, length); });
    std::sort(ends.begin(), ends.end());
    std::fill(selected.begin(), selected.end(), std::uint8_t{0});
    for (std::size_t i = 0; i < ends_count_; i += 2) {
      std::fill(selected.begin() + ends[i], selected.begin() + ends[i + 1] + 1, std::uint8_t{1});
    }
  }

  Corruption corruption() const override { return Corruption::kAllMask; }

 private:
  std::size_t ends_count_;
};

/// A number of a stage that must lie in [0, 1].
struct Number {
  std::string_view key;
  double value;
};

void check_range(const config::StageOptions& stage, std::initializer_list<Number> numbers) {
  for (const auto& [key, value] : numbers) {
    if (value >= 0 && value <= 1) continue;
    throw config::UsageError("stage of type " + stage.type + ": " + std::string(key) + " = " +
                             std::to_string(value) + " is not in [0, 1]");
  }
}

using Maker = std::unique_ptr<const Masking> (*)(const config::StageOptions&);

std::unique_ptr<const Masking> make_random(const config::StageOptions& stage) {
  check_range(stage, {{"max_masked_ratio", stage.max_masked_ratio}});
  return std::make_unique<RandomMasking>(stage.max_masked_ratio);
}

std::unique_ptr<const Masking> make_sticky(const config::StageOptions& stage) {
  check_range(stage, {{"target_masked_ratio", stage.target_masked_ratio},
                      {"p1_probability", stage.p1_probability},
                      {"p2_probability", stage.p2_probability}});
  return std::make_unique<StickyMasking>(stage.target_masked_ratio, stage.p1_probability,
                                         stage.p2_probability);
}

std::unique_ptr<const Masking> make_span(const config::StageOptions& stage) {
  constexpr std::uint32_t kMost = 1U << 20;
  if (stage.spans_count < 1 || stage.spans_count > kMost) {
    throw config::UsageError(
        "stage of type span: spans_count = " + std::to_string(stage.spans_count) +
        " is not in [1, " + std::to_string(kMost) + "]");
  }
  return std::make_unique<SpanMasking>(stage.spans_count);
}

struct StageType {
  std::string_view name;
  Maker make;
};

/// All stage types. A new one is one line here.
constexpr std::array kStageTypes = {
    StageType{"random", make_random},
    StageType{"sticky", make_sticky},
    StageType{"span", make_span},
};

}  // namespace

std::unique_ptr<const Masking> make_default_masking(double mask_probability) {
  if (!(mask_probability >= 0 && mask_probability <= 1)) {
    throw config::UsageError("provider.mask_probability = " + std::to_string(mask_probability) +
                             " is not in [0, 1]");
  }
  return std::make_unique<DefaultMasking>(mask_probability);
}

std::unique_ptr<const Masking> make_masking(const config::StageOptions& stage) {
  const auto type = std::find_if(kStageTypes.begin(), kStageTypes.end(),
                                 [&](const auto& t) { return t.name == stage.type; });
  if (type != kStageTypes.end()) return type->make(stage);
  std::string known;
  for (const std::string& name : known_stage_types()) known += (known.empty() ? "" : ", ") + name;
  throw config::UsageError("unknown stage type '" + stage.type + "'; the known ones are " + known);
}

std::vector<std::string> known_stage_types() {
  std::vector<std::string> names;
  for (const StageType& type : kStageTypes) names.emplace_back(type.name);
  return names;
}

}  // namespace millrace::providers

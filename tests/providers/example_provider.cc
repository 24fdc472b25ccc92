// Arithmetic progressions modulo 10, such as 3 0 7 4 1 8, in which one digit is masked: sample i is
// drawn from Philox at index i.
#include "tests/providers/example_provider.h"

#include "config/settings.h"
#include "config/stream_settings.h"
#include "providers/random/philox.h"

namespace millrace::providers {
namespace {

constexpr std::uint8_t kMask = 10;
constexpr std::uint8_t kIgnored = 255;  // the sentinel of a u8 field

class Progressions final : public RowProvider {
 public:
  explicit Progressions(const config::Options& options) {
    config::check_settings(options, {});  // it has none of its own: refuse any
    const std::uint32_t length = options.provider.block_size;
    meta_.provider = "progressions";
    meta_.format_version = 1;
    // Everything of the recipe that changes a byte.
    meta_.settings = config::stream_settings(options);
    meta_.dataset_name = "digits";
    meta_.data_seed = options.data.data_seed;
    meta_.schema.fields = {
        {"x", proto::WireType::kU8, proto::LogicalType::kI64, {length}, proto::Role::kInput, false},
        {"y", proto::WireType::kU8, proto::LogicalType::kI64, {length}, proto::Role::kTarget, true},
    };
    meta_.vocabulary = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "[MASK]"};
    meta_.vocab_size = 11;
    meta_.mask_token_id = kMask;
    meta_.block_size = length;
    meta_.train_stages = meta_.val_stages = {"one digit"};
    meta_.sizes = {proto::kEndless, 1000, 0};
    meta_.fingerprint = proto::fingerprint_of(meta_);
  }

  [[nodiscard]] const proto::StreamMeta& meta() const override { return meta_; }

 protected:
  void fill_row(proto::Split split, std::uint64_t index, std::optional<std::uint8_t> /*stage*/,
                const proto::BatchView& row) const override {
    const PhiloxStream draws(meta_.data_seed, split, 0, index);
    const std::uint32_t start = uniform_below(draws.word(Purpose::kStart, 0), 10);
    const std::uint32_t step = 1 + uniform_below(draws.word(Purpose::kStart, 1), 9);
    const std::uint32_t hidden = uniform_below(draws.word(Purpose::kSelect, 0), meta_.block_size);
    const auto x = row.values<std::uint8_t>(0);
    const auto y = row.values<std::uint8_t>(1);
    for (std::uint32_t j = 0; j < meta_.block_size; ++j) {
      const auto digit = static_cast<std::uint8_t>((start + step * j) % 10);
      x[j] = j == hidden ? kMask : digit;
      y[j] = j == hidden ? digit : kIgnored;
    }
  }

 private:
  proto::StreamMeta meta_;
};

}  // namespace

std::unique_ptr<DataProvider> make_progressions(const config::Options& options) {
  return std::make_unique<Progressions>(options);
}

}  // namespace millrace::providers

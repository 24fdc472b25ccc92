// Maps an index to a window of the text and a stage, and masks the window by the stage.
#include "providers/char_diffusion.h"

#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "config/errors.h"
#include "config/stream_settings.h"
#include "config/value_text.h"
#include "providers/masking/corruption.h"
#include "providers/masking/default_masking.h"
#include "providers/masking/stage_schedule.h"
#include "providers/masking/stage_types.h"
#include "providers/random/philox.h"
#include "providers/windows/open_datasets.h"
#include "providers/windows/token_columns.h"
#include "providers/windows/windowed_meta.h"
#include "providers/windows/windows.h"

namespace millrace::providers {
namespace {

constexpr std::uint32_t kFormatVersion = 1;

/// Columns, in the schema's order.
enum ColumnNumber : std::size_t { kX = 0, kY = 1, kStage = 2 };

/// The masking of one split.
struct Plan {
  Schedule schedule = Schedule::kNone;
  std::vector<std::unique_ptr<const Masking>> maskings;  ///< by stage
  std::vector<std::string> names;                        ///< by stage

  [[nodiscard]] std::uint32_t stages() const { return static_cast<std::uint32_t>(maskings.size()); }
};

Plan default_plan(const config::ProviderOptions& options) {
  Plan plan;
  plan.maskings.push_back(make_default_masking(options.mask_probability));
  plan.names.push_back("default(mask_probability=" + config::shortest(options.mask_probability) +
                       ")");
  return plan;
}

Plan staged_plan(Schedule schedule, const std::vector<config::StageOptions>& stages) {
  if (stages.empty() || stages.size() > proto::kMaxStages) {
    throw config::UsageError("provider.stages: a schedule needs 1 to " +
                             std::to_string(proto::kMaxStages) + " stages");
  }
  Plan plan;
  plan.schedule = schedule;
  for (const config::StageOptions& stage : stages) {
    plan.maskings.push_back(make_masking(stage));
    plan.names.push_back(config::describe(stage));
  }
  return plan;
}

Plan train_plan(const config::ProviderOptions& options) {
  const Schedule schedule = schedule_from(options.schedule);
  return schedule == Schedule::kNone ? default_plan(options)
                                     : staged_plan(schedule, options.stages);
}

/// All validation stages equally often, whatever the schedule of train.
Plan val_plan(const config::ProviderOptions& options) {
  return options.validation_stages.empty() ? default_plan(options)
                                           : staged_plan(Schedule::kMix, options.validation_stages);
}

proto::Schema make_schema(std::uint32_t vocab_size, std::uint32_t block_size) {
  proto::Schema schema;
  schema.fields = {
      token_field("x", vocab_size, block_size, proto::Role::kInput, false),
      token_field("y", vocab_size, block_size, proto::Role::kTarget, true),
      {"stage", proto::WireType::kU8, proto::LogicalType::kI64, {}, proto::Role::kStage, false},
  };
  proto::check(schema);
  const proto::Field& y = schema.fields[kY];
  if (vocab_size > proto::largest(y.wire)) {
    throw std::logic_error("the sentinel of y is also a token");
  }
  return schema;
}

class CharDiffusion final : public RowProvider {
 public:
  CharDiffusion(const config::Options& options, Windows windows);

  [[nodiscard]] const proto::StreamMeta& meta() const override { return meta_; }
  [[nodiscard]] bool trainer_names_stages() const override {
    return named_by_trainer(plans_[0].schedule);
  }

 protected:
  void fill_row(proto::Split split, std::uint64_t index, std::optional<std::uint8_t> stage,
                const proto::BatchView& row) const override;

 private:
  [[nodiscard]] proto::StreamMeta describe(const config::Options& options) const;
  template <class X>
  void fill_text(std::span<const X> original, const Masking& masking, const PhiloxStream& draws,
                 const proto::BatchView& row) const;

  std::uint64_t seed_;
  std::uint32_t block_size_;
  bool partial_targets_;
  Windows windows_;
  std::array<Plan, proto::kSplitCount> plans_;  ///< by Split's value; test has val's
  proto::StreamMeta meta_;
};

CharDiffusion::CharDiffusion(const config::Options& options, Windows windows)
    : seed_(options.data.data_seed),
      block_size_(options.provider.block_size),
      partial_targets_(options.provider.partial_targets),
      windows_(std::move(windows)),
      plans_{train_plan(options.provider), val_plan(options.provider), val_plan(options.provider)},
      meta_(describe(options)) {}

proto::StreamMeta CharDiffusion::describe(const config::Options& options) const {
  proto::StreamMeta meta = windowed_meta(kFormatVersion, options, windows_, MaskToken::kAdded);
  meta.schema = make_schema(meta.vocab_size, block_size_);
  meta.train_stages = plans_[0].names;
  meta.val_stages = plans_[1].names;
  for (std::size_t split = 0; split < proto::kSplitCount;
       ++split) {  // each window once in every stage
    if (meta.sizes[split] != proto::kEndless) meta.sizes[split] *= plans_[split].stages();
  }
  meta.fingerprint = proto::fingerprint_of(meta);
  return meta;
}

void CharDiffusion::fill_row(proto::Split split, std::uint64_t index,
                             std::optional<std::uint8_t> named, const proto::BatchView& row) const {
  const Plan& plan = plans_[static_cast<std::size_t>(split)];
  const std::uint8_t stage =
      StageSchedule(plan.schedule, plan.stages(), seed_, split).stage_of(index, named);
  const PhiloxStream draws(seed_, split, stage, index);
  by_type(meta_.schema.fields[kX].wire, [&]<class X>(X) {
    static thread_local std::vector<X> original;
    original.resize(block_size_);
    windows_.read(split, index, draws, std::span(original));
    fill_text<X>(original, *plan.maskings[stage], draws, row);
  });
  row.values<std::uint8_t>(kStage)[0] = stage;
}

template <class X>
void CharDiffusion::fill_text(std::span<const X> original, const Masking& masking,
                              const PhiloxStream& draws, const proto::BatchView& row) const {
  static thread_local std::vector<std::uint8_t> selected;
  selected.resize(block_size_);
  masking.select(draws, selected);
  corrupt<X>(original, selected, masking.corruption(), *meta_.mask_token_id, draws,
             row.values<X>(kX));

  by_type(meta_.schema.fields[kY].wire, [&]<class Y>(Y) {
    const std::span<Y> y = row.values<Y>(kY);
    if (partial_targets_) return partial_targets<X, Y>(original, selected, y);
    std::copy(original.begin(), original.end(), y.begin());
  });
}

}  // namespace

std::unique_ptr<DataProvider> make_char_diffusion(const config::Options& options) {
  return std::make_unique<CharDiffusion>(
      options, Windows(open_datasets(options), options, options.provider.block_size));
}

}  // namespace millrace::providers

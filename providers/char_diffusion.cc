// The provider char_diffusion: from an index to a start in the text, a stage, and the bytes of one sample.
#include "providers/char_diffusion.h"

#include <charconv>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "config/errors.h"
#include "config/stream_settings.h"
#include "providers/corpus.h"
#include "providers/corruption.h"
#include "providers/masking.h"
#include "providers/permutation.h"
#include "providers/philox.h"
#include "providers/stage_schedule.h"

namespace millrace::providers {
namespace {

constexpr std::uint32_t kFormatVersion = 1;
constexpr std::uint32_t kMaxBlockSize = 1U << 20;

/// The columns, in the schema's order.
enum ColumnNumber : std::size_t { kX = 0, kY = 1, kStage = 2 };

/// How the samples of one split are masked.
struct Plan {
  Schedule schedule = Schedule::kNone;
  std::vector<std::unique_ptr<const Masking>> maskings;  ///< by stage
  std::vector<std::string> names;                        ///< by stage

  [[nodiscard]] std::uint32_t stages() const { return static_cast<std::uint32_t>(maskings.size()); }
};

std::string shortest(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

Plan default_plan(const config::ProviderOptions& options) {
  Plan plan;
  plan.maskings.push_back(make_default_masking(options.mask_probability));
  plan.names.push_back("default(mask_probability=" + shortest(options.mask_probability) + ")");
  return plan;
}

Plan staged_plan(Schedule schedule, const std::vector<config::StageOptions>& stages) {
  if (stages.size() > proto::kMaxStages) {
    throw config::UsageError(std::to_string(stages.size()) + " stages are more than the " + std::to_string(proto::kMaxStages) +
                             " that a stage number can name; use fewer");
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
  if (schedule == Schedule::kNone) return default_plan(options);
  if (options.stages.empty()) {
    throw config::UsageError("provider.schedule = \"" + options.schedule +
                             "\" needs at least one entry in provider.stages; add one, or use schedule \"none\"");
  }
  return staged_plan(schedule, options.stages);
}

/// Every validation stage equally often, whatever the schedule of train.
Plan val_plan(const config::ProviderOptions& options) {
  return options.validation_stages.empty() ? default_plan(options) : staged_plan(Schedule::kMix, options.validation_stages);
}

proto::Schema make_schema(std::uint32_t vocab_size, std::uint32_t block_size) {
  using proto::LogicalType;
  using proto::Role;
  proto::Schema schema;
  schema.fields = {
      {"x", proto::narrowest(vocab_size, false), LogicalType::kI64, {block_size}, Role::kInput, false},
      {"y", proto::narrowest(vocab_size, true), LogicalType::kI64, {block_size}, Role::kTarget, true},
      {"stage", proto::WireType::kU8, LogicalType::kI64, {}, Role::kStage, false},
  };
  proto::check(schema);
  const proto::Field& y = schema.fields[kY];
  if (vocab_size > proto::largest(y.wire)) throw std::logic_error("the sentinel of y is also a token");
  return schema;
}

class CharDiffusion final : public RowProvider {
 public:
  CharDiffusion(const config::Options& options, Corpus corpus);

  [[nodiscard]] const proto::StreamMeta& meta() const override { return meta_; }
  [[nodiscard]] bool trainer_names_stages() const override { return named_by_trainer(plans_[0].schedule); }

 protected:
  void fill_row(proto::Split split, std::uint64_t index, std::optional<std::uint8_t> stage,
                const proto::BatchView& row) const override;

 private:
  [[nodiscard]] proto::StreamMeta describe(const config::Options& options) const;
  [[nodiscard]] std::uint32_t start_of(proto::Split split, std::uint64_t index, const Draws& draws) const;
  [[nodiscard]] const std::vector<std::uint32_t>& starts(proto::Split split) const {
    return corpus_.starts[static_cast<std::size_t>(split)];
  }
  template <class X>
  void fill_text(std::span<const X> original, const Masking& masking, const Draws& draws, const proto::BatchView& row) const;

  std::uint64_t seed_;
  std::uint32_t block_size_;
  bool partial_targets_;
  Corpus corpus_;
  std::array<Plan, 2> plans_;  ///< of train and val, by Split's value; there is no test split
  proto::StreamMeta meta_;
};

CharDiffusion::CharDiffusion(const config::Options& options, Corpus corpus)
    : seed_(options.data.data_seed),
      block_size_(options.provider.block_size),
      partial_targets_(options.provider.partial_targets),
      corpus_(std::move(corpus)),
      plans_{train_plan(options.provider), val_plan(options.provider)},
      meta_(describe(options)) {}

proto::StreamMeta CharDiffusion::describe(const config::Options& options) const {
  proto::StreamMeta meta;
  meta.provider = "char_diffusion";
  meta.format_version = kFormatVersion;
  meta.settings = config::stream_settings(options);
  meta.dataset_name = corpus_.name;
  meta.dataset_hash = corpus_.hash;
  meta.data_seed = seed_;
  meta.vocabulary = corpus_.vocabulary;
  meta.vocab_size = static_cast<std::uint32_t>(corpus_.vocabulary.size());
  meta.mask_token_id = corpus_.mask_token_id;
  meta.block_size = block_size_;
  meta.schema = make_schema(meta.vocab_size, block_size_);
  meta.train_stages = plans_[0].names;
  meta.val_stages = plans_[1].names;
  meta.sizes = {proto::kEndless, starts(proto::Split::kVal).size() * plans_[1].stages(), 0};
  meta.fingerprint = proto::fingerprint_of(meta);
  return meta;
}

/// Train: any start, again and again. Val: every start once per pass, in an order of that pass.
std::uint32_t CharDiffusion::start_of(proto::Split split, std::uint64_t index, const Draws& draws) const {
  const std::vector<std::uint32_t>& all = starts(split);
  const auto count = static_cast<std::uint32_t>(all.size());
  if (split == proto::Split::kTrain) {
    return all[uniform_below(draws.word(Purpose::kStart, 0), draws.word(Purpose::kStart, 1), count)];
  }
  const Draws of_pass(seed_, split, 0, index / count);
  return all[permuted(of_pass, Purpose::kOrder, count, static_cast<std::uint32_t>(index % count))];
}

void CharDiffusion::fill_row(proto::Split split, std::uint64_t index, std::optional<std::uint8_t> named,
                             const proto::BatchView& row) const {
  const Plan& plan = plans_[static_cast<std::size_t>(split)];
  const std::uint8_t stage = StageSchedule(plan.schedule, plan.stages(), seed_, split).stage_of(index, named);
  const Draws draws(seed_, split, stage, index);
  const std::uint32_t start = start_of(split, index, draws);
  const auto fill = [&]<class X>(const std::vector<X>& tokens) {
    fill_text(std::span(tokens).subspan(start, block_size_), *plan.maskings[stage], draws, row);
  };
  std::visit(fill, corpus_.tokens);
  row.values<std::uint8_t>(kStage)[0] = stage;
}

template <class X>
void CharDiffusion::fill_text(std::span<const X> original, const Masking& masking, const Draws& draws,
                              const proto::BatchView& row) const {
  static thread_local std::vector<std::uint8_t> selected;
  selected.resize(block_size_);
  masking.select(draws, selected);
  corrupt<X>(original, selected, masking.corruption(), corpus_.mask_token_id, draws, row.values<X>(kX));

  const auto fill_targets = [&]<class Y>(std::span<Y> y) {
    if (partial_targets_) {
      partial_targets<X, Y>(original, selected, y);
    } else {
      std::copy(original.begin(), original.end(), y.begin());
    }
  };
  switch (meta_.schema.fields[kY].wire) {
    case proto::WireType::kU8: return fill_targets(row.values<std::uint8_t>(kY));
    case proto::WireType::kU16: return fill_targets(row.values<std::uint16_t>(kY));
    default: return fill_targets(row.values<std::uint32_t>(kY));
  }
}

}  // namespace

std::unique_ptr<DataProvider> make_char_diffusion(const config::Options& options) {
  const std::uint32_t block_size = options.provider.block_size;
  if (block_size < 1 || block_size > kMaxBlockSize) {
    throw config::UsageError("provider.block_size = " + std::to_string(block_size) + " is not in [1, " +
                             std::to_string(kMaxBlockSize) + "]");
  }
  Corpus corpus = make_corpus(load_text(options.data), options.data.val_fraction, block_size);
  return std::make_unique<CharDiffusion>(options, std::move(corpus));
}

}  // namespace millrace::providers

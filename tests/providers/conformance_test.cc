// The promises of design_document.md for every provider, tested over the whole registry: a sample
// is a function of its index, the meta is complete and true, and the fingerprint changes if and
// only if a byte does. The last also tests the table of config/stream_keys.cc.
//
// A new provider is tested as soon as it is in the registry. If it needs more than a small text,
// add its options to base_options(); further cases of a provider are lines in cases().
#include <algorithm>
#include <atomic>
#include <iterator>
#include <limits>
#include <numeric>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "config/errors.h"
#include "config/keys.h"
#include "config/recipe.h"
#include "config/stream_keys.h"
#include "config/stream_settings.h"
#include "proto/batch_values.h"
#include "proto/digest.h"
#include "providers/registry.h"
#include "tests/providers/example_provider.h"
#include "tests/providers/scored_text.h"
#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

using proto::Batch;
using proto::Range;
using proto::Role;
using proto::Split;

constexpr std::uint64_t kFar = (std::uint64_t{1} << 33) + 5;

struct Case {
  std::string label;
  std::string provider;
  void (*change)(config::Options&) = [](config::Options&) {};
};

void PrintTo(const Case& each, std::ostream* out) { *out << each.label; }

/// Options of a small stream of this provider.
config::Options base_options(const std::string& provider) {
  static const TextFile text(MarkovSource().generate(20'000), "conformance.txt");
  config::Options options;
  options.data.path = text.path();
  options.provider.name = provider;
  options.provider.block_size = 32;
  if (provider == "cascade") take_shards(options);
  return options;
}

std::vector<config::StageOptions> some_stages() {
  std::vector<config::StageOptions> stages{sticky_stage(.4, .15, .3), random_stage(.5),
                                           span_stage(3)};
  for (config::StageOptions& stage : stages) {
    stage.val_loss_stale_count = 2;  // so that the schedule "plateau" can be chosen
  }
  return stages;
}

/// The registry, with the example of docs/how-to/add_a_provider.md as the next line.
const std::vector<ProviderEntry>& registered() {
  static const std::vector<ProviderEntry> all = [] {
    std::vector<ProviderEntry> entries(providers().begin(), providers().end());
    entries.push_back({"progressions", make_progressions});
    return entries;
  }();
  return all;
}

std::unique_ptr<DataProvider> make(const config::Options& options) {
  return make_provider(options, registered());
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const ProviderEntry& entry : registered()) {
    all.push_back({std::string(entry.name), std::string(entry.name)});
  }
  const std::vector<Case> more = {
      {"char_diffusion_mix", "char_diffusion",
       [](config::Options& o) {
         o.provider.schedule = "mix";
         o.provider.stages = some_stages();
         o.provider.validation_stages = {random_stage(.3), span_stage(2)};
       }},
      {"char_diffusion_plateau", "char_diffusion",
       [](config::Options& o) {
         o.provider.schedule = "plateau";
         o.provider.stages = some_stages();
       }},
      {"char_diffusion_shuffle", "char_diffusion",
       [](config::Options& o) { o.data.order = "shuffle"; }},
      {"char_random_replacement_fragments", "char_random_replacement",
       [](config::Options& o) {
         o.provider.fragment_weight = 0.5;
         o.provider.original_token_probability_multiplier = 0.5;
       }},
      {"sedd_uniform_geometric_groups", "sedd",
       [](config::Options& o) {
         o.provider.graph = "uniform";
         o.provider.noise = "geometric";
         o.provider.t_group = 8;
       }},
      {"sedd_at_lines_in_order", "sedd",
       [](config::Options& o) {
         o.data.align = "line";
         o.data.order = "sequential";
       }},
      {"masked_with_test_split", "masked",
       [](config::Options& o) {
         o.data.test_fraction = 0.1;
         o.data.order = "shuffle";
       }},
      {"d3pm_few_steps_in_groups", "d3pm",
       [](config::Options& o) {
         o.provider.timesteps = 4;
         o.provider.t_group = 16;
       }},
      {"cascade_second_stage_in_groups", "cascade",
       [](config::Options& o) {
         o.provider.cascade_stage = 2;
         o.provider.t_group = 4;
       }},
      {"cascade_third_stage_shuffled", "cascade",
       [](config::Options& o) {
         o.provider.cascade_stage = 3;
         o.data.order = "shuffle";
         o.data.test_fraction = 0.1;
       }},
      {"sedd_of_several_datasets", "sedd",
       [](config::Options& o) {
         static const TextFile other(MarkovSource().generate(30'000).substr(20'000), "other.txt");
         config::DatasetOptions first;
         first.name = "first";
         first.path = *o.data.path;
         config::DatasetOptions second;
         second.name = "second";
         second.path = other.path();
         second.weights = {{0, 0.25}, {100, 0.75}};
         o.data.path.reset();
         o.data.datasets = {first, second};
       }},
      {"tokens_in_order", "tokens", [](config::Options& o) { o.data.order = "sequential"; }},
      {"synthetic_second_order", "synthetic",
       [](config::Options& o) { o.provider.source_order = 2; }},
      {"synthetic_random", "synthetic",
       [](config::Options& o) {
         o.provider.source = "random";
         o.provider.source_symbols = 1000;
       }},
  };
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

config::Options options_of(const Case& each) {
  config::Options options = base_options(each.provider);
  each.change(options);
  return options;
}

Batch batch_of(const DataProvider& provider, Split split, std::uint64_t first,
               std::uint32_t count) {
  Range range{split, first, count, {}};
  if (split == Split::kTrain && provider.trainer_names_stages()) range.stage = 1;
  return fill_batch(provider, range);
}

using Digests = std::vector<std::uint64_t>;

Digests digests_of(const DataProvider& provider, Split split, std::uint64_t first,
                   std::uint32_t count) {
  const Batch batch = batch_of(provider, split, first, count);
  Digests digests;
  for (std::uint32_t row = 0; row < count; ++row) {
    digests.push_back(proto::sample_digest(provider.meta().schema, batch, row));
  }
  return digests;
}

/// A range of samples to test.
struct Stretch {
  Split split;
  std::uint64_t first;
  std::uint32_t count;
};

std::vector<Stretch> stretches(const proto::StreamMeta& meta) {
  constexpr std::uint64_t kCount = 60;
  std::vector<Stretch> all{{Split::kTrain, 0, kCount}, {Split::kTrain, kFar, kCount}};
  for (const Split split : {Split::kVal, Split::kTest}) {
    const auto count = static_cast<std::uint32_t>(std::min(kCount, meta.size(split)));
    if (count > 0) all.push_back({split, meta.size(split) - count, count});
  }
  return all;
}

/// The digests of samples that are requested one by one, in order.
Digests one_by_one(const DataProvider& provider, const Stretch& stretch) {
  Digests all;
  for (std::uint32_t i = 0; i < stretch.count; ++i) {
    all.push_back(digests_of(provider, stretch.split, stretch.first + i, 1).front());
  }
  return all;
}

class Conformance : public testing::TestWithParam<Case> {
 protected:
  const config::Options options_ = options_of(GetParam());
  const std::unique_ptr<DataProvider> provider_ = make(options_);
};

TEST_P(Conformance, SamplesDependOnNothingButTheirIndex) {
  for (const Stretch& stretch : stretches(provider_->meta())) {
    const Digests expected = one_by_one(*provider_, stretch);
    EXPECT_EQ(std::count(expected.begin(), expected.end(), expected.front()), 1)
        << "samples are not told apart";

    // Out of order: 7 and 60 have no common divisor.
    for (std::uint32_t i = 0; i < stretch.count; ++i) {
      const std::uint32_t j = (7 * i + 3) % stretch.count;
      ASSERT_EQ(digests_of(*provider_, stretch.split, stretch.first + j, 1).front(), expected[j])
          << j;
    }
    for (const std::uint32_t size : {2U, 7U, 13U, stretch.count}) {  // in ranges of several sizes
      for (std::uint32_t at = 0; at < stretch.count; at += size) {
        const std::uint32_t count = std::min(size, stretch.count - at);
        const Digests some = digests_of(*provider_, stretch.split, stretch.first + at, count);
        ASSERT_TRUE(std::equal(some.begin(), some.end(), expected.begin() + at))
            << at << ", " << count;
      }
    }
  }
}

TEST_P(Conformance, SamplesAreTheSameInEveryThread) {
  for (const Stretch& stretch : stretches(provider_->meta())) {
    const Digests expected = one_by_one(*provider_, stretch);
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (std::uint32_t t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (std::uint32_t i = 0; i < stretch.count; ++i) {
          const std::uint32_t j = t % 2 == 0 ? i : stretch.count - 1 - i;
          if (digests_of(*provider_, stretch.split, stretch.first + j, 1).front() != expected[j]) {
            ++wrong;
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0) << to_string(stretch.split);
  }
}

TEST_P(Conformance, SamplesAreTheSameAfterARestart) {
  const std::unique_ptr<DataProvider> again = make(options_);
  EXPECT_EQ(again->meta(), provider_->meta());
  EXPECT_EQ(probe(*again), probe(*provider_));
  for (const Stretch& stretch : stretches(provider_->meta())) {
    const Digests expected = one_by_one(*provider_, stretch);
    Stretch backwards = stretch;
    backwards.first += stretch.count / 2;
    backwards.count -= stretch.count / 2;
    const Digests half = one_by_one(*again, backwards);  // from the middle on, as a resume does
    EXPECT_TRUE(std::equal(half.begin(), half.end(), expected.begin() + stretch.count / 2));
  }
}

TEST_P(Conformance, ItsMetaIsComplete) {
  const proto::StreamMeta& meta = provider_->meta();
  EXPECT_EQ(meta.provider, GetParam().provider);
  EXPECT_GE(meta.format_version, 1U);
  EXPECT_EQ(meta.settings, config::stream_settings(options_));
  EXPECT_EQ(meta.data_seed, options_.data.data_seed);
  EXPECT_FALSE(meta.dataset_name.empty());
  const bool has_dataset = config::is_built_in(options_);  // the example has none
  EXPECT_EQ(meta.dataset_hash.size(), has_dataset ? 16U : 0U);
  EXPECT_EQ(meta.dataset_hash.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(meta.fingerprint, proto::fingerprint_of(meta));
  EXPECT_FALSE(meta.train_stages.empty());
  EXPECT_FALSE(meta.val_stages.empty());
  EXPECT_EQ(meta.size(Split::kTrain), proto::kEndless);
  EXPECT_GT(meta.size(Split::kVal), 0U);

  EXPECT_GT(meta.vocab_size, 0U);
  if (!meta.vocabulary.empty()) {
    EXPECT_EQ(meta.vocabulary.size(), meta.vocab_size);
  }
  if (meta.mask_token_id) {
    EXPECT_EQ(*meta.mask_token_id, meta.vocab_size - 1);
    if (!meta.vocabulary.empty()) {
      EXPECT_EQ(meta.vocabulary.back(), "[MASK]");
    }
  }
}

bool holds_tokens(const proto::Field& field) {
  return field.role == Role::kInput || field.role == Role::kTarget || field.role == Role::kPrefix;
}

TEST_P(Conformance, ItsSchemaIsTheNarrowestForItsVocabulary) {
  const proto::StreamMeta& meta = provider_->meta();
  EXPECT_NO_THROW(proto::check(meta.schema));
  EXPECT_GE(meta.schema.find(Role::kInput), 0);
  EXPECT_GE(meta.schema.find(Role::kTarget), 0);
  for (const proto::Field& field : meta.schema.fields) {
    if (field.role == Role::kInput || field.role == Role::kTarget) {
      EXPECT_EQ(field.shape, std::vector{meta.block_size}) << field.name;
    }
    if (!holds_tokens(field)) continue;
    EXPECT_EQ(field.wire, proto::narrowest(meta.vocab_size, field.sentinel)) << field.name;
    EXPECT_EQ(field.logical, proto::LogicalType::kI64) << field.name;
  }
}

std::vector<std::uint64_t> whole_values(const Batch& batch, std::size_t column,
                                        proto::WireType wire) {
  const auto widened = [&]<class T>(T) {
    const auto values = batch.values<T>(column);
    return std::vector<std::uint64_t>(values.begin(), values.end());
  };
  if (wire == proto::WireType::kU8) return widened(std::uint8_t{});
  if (wire == proto::WireType::kU16) return widened(std::uint16_t{});
  return widened(std::uint32_t{});
}

TEST_P(Conformance, ItsValuesAreThoseThatTheMetaAllows) {
  const proto::StreamMeta& meta = provider_->meta();
  for (const Stretch& stretch : stretches(meta)) {
    const Batch batch = batch_of(*provider_, stretch.split, stretch.first, stretch.count);
    ASSERT_TRUE(proto::fits(meta.schema, batch));
    ASSERT_EQ(proto::invalid_value(meta, batch), std::nullopt) << "as a trainer sees it";
    for (std::size_t column = 0; column < meta.schema.fields.size(); ++column) {
      const proto::Field& field = meta.schema.fields[column];
      if (field.wire == proto::WireType::kF32) {
        for (const float value : batch.values<float>(column)) {
          ASSERT_TRUE(value > 0 && value <= 1) << field.name << " " << value;
        }
        continue;
      }
      for (const std::uint64_t value : whole_values(batch, column, field.wire)) {
        const bool ignored = field.sentinel && value == proto::largest(field.wire);
        if (holds_tokens(field)) {
          ASSERT_TRUE(ignored || value < meta.vocab_size) << field.name << " " << value;
        }
        if (field.role == Role::kTarget && meta.mask_token_id) {
          ASSERT_NE(value, *meta.mask_token_id) << "[MASK] to be predicted";
        }
        const std::size_t stages =
            stretch.split == Split::kTrain ? meta.train_stages.size() : meta.val_stages.size();
        if (field.role == Role::kStage) {
          ASSERT_LT(value, stages);
        }
      }
    }
  }
}

TEST_P(Conformance, KnowsWhereItsSplitsEnd) {
  const proto::StreamMeta& meta = provider_->meta();
  for (const Split split : {Split::kVal, Split::kTest}) {
    const std::uint64_t size = meta.size(split);
    if (size > 0) {
      EXPECT_NO_THROW((void)batch_of(*provider_, split, size - 1, 1));
    }
    expect_error<std::out_of_range>([&] { (void)batch_of(*provider_, split, size, 1); },
                                    {std::string(to_string(split))});
    expect_error<std::out_of_range>(
        [&] { (void)batch_of(*provider_, split, std::numeric_limits<std::uint64_t>::max(), 2); },
        {});
  }
}

/// Everything that a trainer receives of the first samples: schema and bytes of all splits.
std::string seen(const DataProvider& provider) {
  constexpr std::uint64_t kMost[proto::kSplitCount] = {400, 60, 20};
  std::string text;
  for (const proto::Field& field : provider.meta().schema.fields) {
    text += field.name + ' ' + std::string(to_string(field.wire)) + ' ' +
            std::to_string(field.values_per_sample()) + '\n';
  }
  for (const Split split : proto::kSplits) {
    const auto count =
        std::min(kMost[static_cast<std::size_t>(split)], provider.meta().size(split));
    if (count == 0) continue;
    for (const std::uint64_t digest :
         digests_of(provider, split, 0, static_cast<std::uint32_t>(count))) {
      text += proto::hex16(digest) + '\n';
    }
    text += '\n';
  }
  return text;
}

/// Other values to try for a key: all other choices, or several numbers, of which the first that
/// gives a valid stream is enough.
struct Others {
  std::vector<config::Value> values;
  bool all = false;
};

Others others(const config::Key& key, const config::Value& now) {
  Others found;
  if (const auto* flag = std::get_if<bool>(&now)) found.values = {!*flag};
  if (const auto* whole = std::get_if<std::uint64_t>(&now)) {
    found.values = {2 * *whole, *whole + 1, *whole / 2};
  }
  if (const auto* real = std::get_if<double>(&now)) {
    found.values = {*real / 2, 2 * *real, 0.25};
  }
  if (const auto* kind = std::get_if<config::StringKind>(&key.kind)) {
    for (const std::string_view choice : kind->choices) {
      found.values.emplace_back(std::string(choice));
    }
    found.all = true;
    if (kind->choices.empty() && key.section != "data" && key.section != "provider") {
      found.values = {std::string("elsewhere")};
    }
  }
  if (std::holds_alternative<config::StagesKind>(key.kind)) {
    found.values = {std::vector{span_stage(5), random_stage(0.1)}};
  }
  if (const auto* datasets = std::get_if<std::vector<config::DatasetOptions>>(&now)) {
    for (std::size_t i = 0; i < datasets->size(); ++i) {
      auto lighter = *datasets;
      lighter[i].weights = {{0, 0.125}};
      auto shorter = *datasets;
      shorter[i].max_chars = 5000;
      auto fewer = *datasets;
      fewer[i].enabled = false;
      found.values.insert(found.values.end(), {lighter, shorter, fewer});
    }
    found.all = true;
  }
  // Settings are for providers without keys.
  if (std::holds_alternative<config::SettingsKind>(key.kind)) found.values = {};
  std::erase_if(found.values, [&](const config::Value& value) {
    return value == now || !config::allows(key.kind, value);
  });
  return found;
}

/// The provider with the key changed; nullptr if that recipe is invalid.
std::unique_ptr<DataProvider> with(config::Options options, const config::Key& key,
                                   const config::Value& value) {
  try {
    key.set(options, value);
    config::check(options);
    return make(options);
  } catch (const std::exception&) {
    return nullptr;
  }
}

TEST_P(Conformance, ItsFingerprintChangesWhenAndOnlyWhenAByteDoes) {
  const std::string here = seen(*provider_);
  std::size_t changed = 0;
  std::size_t tried = 0;
  for (const config::Key& key : config::keys()) {
    const Others values = others(key, key.get(options_));
    for (const config::Value& value : values.values) {
      const auto other = with(options_, key, value);
      if (!other) continue;
      const bool differs = other->meta().fingerprint != provider_->meta().fingerprint;
      const bool bytes_differ = seen(*other) != here;
      // The way to read a dataset is part of its hash, even if two ways read the same tokens.
      const bool says_how_to_read = key.section == "data" && key.shapes == config::Shapes::kRun;
      EXPECT_TRUE(differs || !bytes_differ)
          << key.full_name() << " changes bytes, and not the fingerprint";
      EXPECT_TRUE(bytes_differ || !differs || says_how_to_read)
          << key.full_name() << " changes the fingerprint, and no byte";
      EXPECT_TRUE(!differs || says_how_to_read || key.shapes == config::Shapes::kStream)
          << key.full_name() << " is no setting";
      ++tried;
      changed += differs ? 1 : 0;
      if (!values.all) break;
    }
  }
  EXPECT_GE(changed, 2U);  // the data seed and a length at least
  EXPECT_GE(tried, config::keys().size() / 2);
}

INSTANTIATE_TEST_SUITE_P(Providers, Conformance, testing::ValuesIn(cases()),
                         [](const auto& each) { return each.param.label; });

TEST(ConformanceOfWindows, FingerprintIsOfTheDatasetsContentNotOfItsName) {
  const std::string text = MarkovSource().generate(20'000);
  const TextFile same(text, "another-name.txt");
  const TextFile shorter(text.substr(1), "conformance.txt");
  for (const std::string& name : known_providers()) {
    config::Options options = base_options(name);
    if (!config::cuts_windows(options)) continue;
    const std::string fingerprint = make_provider(options)->meta().fingerprint;
    options.data.path = same.path();
    EXPECT_EQ(make_provider(options)->meta().fingerprint, fingerprint) << name;
    options.data.path = shorter.path();
    EXPECT_NE(make_provider(options)->meta().fingerprint, fingerprint) << name;
  }
}

}  // namespace
}  // namespace millrace::providers

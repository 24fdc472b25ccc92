// The table of providers by the keys that shape their streams, and the predicates that follow from
// it.
#include "config/stream_keys.h"

#include <algorithm>
#include <iterator>

#include "config/dataset_keys.h"

namespace millrace::config {
namespace {

/// Groups of keys that count together, as bits.
enum KeyGroup : std::uint32_t {
  kBlockSize = 1U << 0,   ///< block_size
  kDataset = 1U << 1,     ///< splits, order and mixture of datasets
  kWindows = 1U << 2,     ///< align: samples are windows of a dataset
  kAtLines = 1U << 3,     ///< align "auto" is "line"; without this bit it is "any"
  kMasking = 1U << 4,     ///< mask_probability, partial_targets
  kStages = 1U << 5,      ///< schedule, stages, validation_stages
  kReplacing = 1U << 6,   ///< random_weight, mask_weight, fragment_weight, …
  kGraph = 1U << 7,       ///< graph
  kNoise = 1U << 8,       ///< noise and its numbers, sampling_eps: σ(t) at a continuous time t
  kTimes = 1U << 9,       ///< t_group
  kTimesteps = 1U << 10,  ///< timesteps
  kCascade = 1U << 11,    ///< cascade_stage, stage1_length, stage2_length, stage3_length
  kSource = 1U << 12,     ///< source, source_symbols, source_order
  kSettings = 1U << 13,   ///< provider.settings
};

struct BuiltIn {
  std::string_view name;
  std::uint32_t groups;
};

constexpr BuiltIn kBuiltIn[] = {
    {"char_diffusion", kBlockSize | kDataset | kWindows | kAtLines | kMasking | kStages},
    {"char_random_replacement",
     kBlockSize | kDataset | kWindows | kAtLines | kMasking | kReplacing},
    {"sedd", kBlockSize | kDataset | kWindows | kGraph | kNoise | kTimes},
    {"masked", kBlockSize | kDataset | kWindows | kNoise | kTimes},
    {"d3pm", kBlockSize | kDataset | kWindows | kTimes | kTimesteps},
    {"tokens", kBlockSize | kDataset | kWindows},
    {"cascade", kDataset | kNoise | kTimes | kCascade},
    {"synthetic", kBlockSize | kSource},
};
constexpr std::uint32_t kOfOthers = kBlockSize | kSettings;

const BuiltIn* find_built_in(const Options& options) {
  const auto* const found = std::ranges::find(kBuiltIn, options.provider.name, &BuiltIn::name);
  return found == std::end(kBuiltIn) ? nullptr : found;
}

/// Whether the provider's stream is shaped by a group of keys.
bool uses(const Options& options, KeyGroup group) {
  const BuiltIn* const built_in = find_built_in(options);
  return ((built_in == nullptr ? kOfOthers : built_in->groups) & group) != 0;
}

constexpr std::string_view kLibraryPrefix = "lib";
constexpr std::string_view kLibrarySuffix = ".so";

bool is_split_format(std::string_view format) {
  return format == "text8" || format == "token_folder";
}

/// Whether every dataset says itself which part is val and test.
bool has_splits_of_its_own(const Options& options) {
  if (options.data.datasets.empty()) return is_split_format(options.data.format);
  return std::ranges::all_of(selected_datasets(options.data), [](const DatasetOptions& each) {
    return is_split_format(each.format);
  });
}

/// Whether the windows are cut out of generated Markov text.
bool cuts_markov_text(const Options& options) {
  return cuts_windows(options) && options.data.format == "markov";
}

}  // namespace

bool cuts_windows(const Options& options) { return uses(options, kWindows); }
bool is_built_in(const Options& options) { return find_built_in(options) != nullptr; }

bool reads_dataset(const Options& options) {
  return uses(options, kDataset) || !is_built_in(options);
}
bool reads_windows(const Options& options) {
  return cuts_windows(options) || !is_built_in(options);
}
bool splits_by_fractions(const Options& options) {
  return reads_dataset(options) && !has_splits_of_its_own(options);
}
bool may_have_time(const Options& options) {
  return uses(options, kTimes) || !is_built_in(options);
}

std::vector<std::string_view> built_in_providers() {
  std::vector<std::string_view> names;
  for (const BuiltIn& each : kBuiltIn) names.push_back(each.name);
  return names;
}

bool is_library(const Options& options) {
  return options.provider.name.find('/') != std::string::npos ||
         options.provider.name.ends_with(kLibrarySuffix);
}

std::string provider_name(const Options& options) {
  std::string_view name = options.provider.name;
  if (!is_library(options)) return std::string(name);
  name.remove_prefix(name.rfind('/') + 1);  // npos + 1 is 0
  if (name.ends_with(kLibrarySuffix)) name.remove_suffix(kLibrarySuffix.size());
  if (name.starts_with(kLibraryPrefix) && name != kLibraryPrefix) {
    name.remove_prefix(kLibraryPrefix.size());
  }
  return std::string(name);
}

std::string alignment(const Options& options) {
  if (options.data.align != "auto") return options.data.align;
  return uses(options, kAtLines) ? "line" : "any";
}

bool block_size_counts(const Options& options) { return uses(options, kBlockSize); }
bool val_fraction_counts(const Options& options) {
  return uses(options, kDataset) && splits_by_fractions(options);
}
bool test_fraction_counts(const Options& options) {
  return val_fraction_counts(options) && options.data.test_fraction > 0;
}
bool are_mixed(const Options& options) {
  return uses(options, kDataset) && selected_datasets(options.data).size() > 1;
}
bool order_counts(const Options& options) {
  return uses(options, kDataset) && options.data.order != "random";
}
bool align_counts(const Options& options) {
  const bool is_default = (alignment(options) == "line") == uses(options, kAtLines);
  return uses(options, kWindows) && !is_default;
}
bool mask_probability_counts(const Options& options) {
  const bool all_splits_have_stages = uses(options, kStages) &&
                                      options.provider.schedule != "none" &&
                                      !options.provider.validation_stages.empty();
  return uses(options, kMasking) && !all_splits_have_stages;
}
bool partial_targets_counts(const Options& options) { return uses(options, kMasking); }
bool schedule_counts(const Options& options) { return uses(options, kStages); }
bool stages_count(const Options& options) {
  return uses(options, kStages) && options.provider.schedule != "none";
}
bool validation_stages_count(const Options& options) {
  return uses(options, kStages) && !options.provider.validation_stages.empty();
}
bool replacement_counts(const Options& options) { return uses(options, kReplacing); }
bool fragment_weight_counts(const Options& options) {
  return uses(options, kReplacing) && options.provider.fragment_weight > 0;
}
bool graph_counts(const Options& options) { return uses(options, kGraph); }
bool noise_counts(const Options& options) { return uses(options, kNoise); }
bool geometric_counts(const Options& options) {
  return uses(options, kNoise) && options.provider.noise == "geometric";
}
bool loglinear_counts(const Options& options) {
  return uses(options, kNoise) && options.provider.noise == "loglinear";
}
bool t_group_counts(const Options& options) { return uses(options, kTimes); }
bool timesteps_count(const Options& options) { return uses(options, kTimesteps); }
bool cascade_counts(const Options& options) { return uses(options, kCascade); }
bool stage1_length_counts(const Options& options) {
  // Stage 3 does not show stage 1, and with constituency every chunk that fills stage 2 fills
  // stage 1 too; other selections drop chunks by stage 1's length.
  const bool decides_what_is_dropped = options.annotate.selection != "constituency";
  return uses(options, kCascade) && (options.provider.cascade_stage < 3 || decides_what_is_dropped);
}
bool source_counts(const Options& options) { return uses(options, kSource); }
bool source_symbols_count(const Options& options) {
  return uses(options, kSource) || cuts_markov_text(options);
}
bool source_order_counts(const Options& options) {
  return (uses(options, kSource) && options.provider.source == "markov") ||
         cuts_markov_text(options);
}
bool settings_count(const Options& options) { return uses(options, kSettings); }

}  // namespace millrace::config

#include "config/stream_keys.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "config/dataset_keys.h"

namespace millrace::config {
namespace {

constexpr std::array<std::string_view, 8> kBuiltIn = {
    "char_diffusion", "char_random_replacement", "sedd", "masked", "d3pm", "tokens", "cascade",
    "synthetic"};
constexpr std::array<std::string_view, 6> kWindowed = {
    "char_diffusion", "char_random_replacement", "sedd", "masked", "d3pm", "tokens"};

constexpr std::string_view kLibraryPrefix = "lib";
constexpr std::string_view kLibrarySuffix = ".so";

bool is(const Options& options, std::string_view name) { return options.provider.name == name; }

bool is_masking(const Options& options) {
  return is(options, "char_diffusion") || is(options, "char_random_replacement");
}

/// Whether x_t is drawn at a continuous time t by a noise schedule σ(t).
bool has_noise(const Options& options) {
  return is(options, "sedd") || is(options, "masked") || is(options, "cascade");
}

bool is_split_format(std::string_view format) {
  return format == "text8" || format == "token_folder";
}

/// Whether the dataset itself says which part is val and test; of several, whether each does.
bool has_splits_of_its_own(const Options& options) {
  if (options.data.datasets.empty()) return is_split_format(options.data.format);
  return std::ranges::all_of(selected_datasets(options.data), [](const DatasetOptions& each) {
    return is_split_format(each.format);
  });
}

/// Whether the windows are cut out of the Markov source's own text.
bool cuts_markov_text(const Options& options) {
  return cuts_windows(options) && options.data.format == "markov";
}

bool is_staged(const Options& options) {
  return is(options, "char_diffusion") && options.provider.schedule != "none";
}

}  // namespace

bool cuts_windows(const Options& options) {
  return std::ranges::find(kWindowed, options.provider.name) != kWindowed.end();
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

bool is_built_in(const Options& options) {
  return std::ranges::find(kBuiltIn, options.provider.name) != kBuiltIn.end();
}

std::string alignment(const Options& options) {
  if (options.data.align != "auto") return options.data.align;
  return is_masking(options) ? "line" : "any";
}

bool always_counts(const Options&) { return true; }
bool block_size_counts(const Options& options) { return !is(options, "cascade"); }
bool val_fraction_counts(const Options& options) {
  return (cuts_windows(options) || is(options, "cascade")) && !has_splits_of_its_own(options);
}
bool test_fraction_counts(const Options& options) {
  return val_fraction_counts(options) && options.data.test_fraction > 0;
}
bool are_mixed(const Options& options) {
  return (cuts_windows(options) || is(options, "cascade")) &&
         selected_datasets(options.data).size() > 1;
}
bool order_counts(const Options& options) {
  return (cuts_windows(options) || is(options, "cascade")) && options.data.order != "random";
}
bool align_counts(const Options& options) {
  const bool usual = (alignment(options) == "line") == is_masking(options);
  return cuts_windows(options) && !usual;
}
bool mask_probability_counts(const Options& options) {
  const bool some_split_has_no_stages =
      options.provider.schedule == "none" || options.provider.validation_stages.empty();
  return is(options, "char_random_replacement") ||
         (is(options, "char_diffusion") && some_split_has_no_stages);
}
bool partial_targets_counts(const Options& options) { return is_masking(options); }
bool schedule_counts(const Options& options) { return is(options, "char_diffusion"); }
bool stages_count(const Options& options) { return is_staged(options); }
bool validation_stages_count(const Options& options) {
  return is(options, "char_diffusion") && !options.provider.validation_stages.empty();
}
bool replacement_counts(const Options& options) { return is(options, "char_random_replacement"); }
bool fragment_weight_counts(const Options& options) {
  return replacement_counts(options) && options.provider.fragment_weight > 0;
}
bool graph_counts(const Options& options) { return is(options, "sedd"); }
bool noise_counts(const Options& options) { return has_noise(options); }
bool geometric_counts(const Options& options) {
  return has_noise(options) && options.provider.noise == "geometric";
}
bool loglinear_counts(const Options& options) {
  return has_noise(options) && options.provider.noise == "loglinear";
}
bool t_group_counts(const Options& options) { return has_noise(options) || is(options, "d3pm"); }
bool timesteps_count(const Options& options) { return is(options, "d3pm"); }
bool cascade_counts(const Options& options) { return is(options, "cascade"); }
bool stage1_length_counts(const Options& options) {
  // Stage 3 does not show stage 1, and by parts of speech a chunk that fills stage 2 fills stage 1.
  const bool decides_what_is_dropped = options.annotate.selection != "constituency";
  return cascade_counts(options) && (options.provider.cascade_stage < 3 || decides_what_is_dropped);
}
bool source_counts(const Options& options) { return is(options, "synthetic"); }
bool source_symbols_count(const Options& options) {
  return is(options, "synthetic") || cuts_markov_text(options);
}
bool source_order_counts(const Options& options) {
  return (is(options, "synthetic") && options.provider.source == "markov") ||
         cuts_markov_text(options);
}
bool settings_count(const Options& options) { return !is_built_in(options); }

}  // namespace millrace::config

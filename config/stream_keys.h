// Which recipe keys change a byte of which streams: predicates of the key table. A key that a
// provider does not use, or that another key switches off, must not change a fingerprint.
//
// config may not include providers, so what config must know of them stands in one table in
// stream_keys.cc. A provider that is not in it, in the tree or elsewhere, has the keys block_size,
// data_seed and provider.settings, and needs no change here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/options.h"

namespace millrace::config {

/// Whether the provider cuts its samples out of a dataset: windows of text or of tokens.
[[nodiscard]] bool cuts_windows(const Options& options);
/// Whether the provider has keys of its own in recipes; others take provider.settings.
[[nodiscard]] bool is_built_in(const Options& options);
/// The providers that have keys of their own. All of them are in the providers' registry.
[[nodiscard]] std::vector<std::string_view> built_in_providers();

// When the keys of [data] have an effect. A provider that is not built in may read a dataset, and
// its samples may have a time.
[[nodiscard]] bool reads_dataset(const Options& options);
[[nodiscard]] bool reads_windows(const Options& options);
[[nodiscard]] bool splits_by_fractions(const Options& options);
[[nodiscard]] bool may_have_time(const Options& options);

/// The provider's name in the stream's meta: provider.name, or for a shared library
/// (docs/how-to/add_a_provider.md) its file's name without "lib" and ".so".
[[nodiscard]] std::string provider_name(const Options& options);
/// Whether provider.name is the path of a shared library.
[[nodiscard]] bool is_library(const Options& options);

/// data.align with "auto" resolved: "line" or "any".
[[nodiscard]] std::string alignment(const Options& options);

// One predicate for each key, or for keys that count together.
[[nodiscard]] bool block_size_counts(const Options& options);
[[nodiscard]] bool val_fraction_counts(const Options& options);
[[nodiscard]] bool test_fraction_counts(const Options& options);
[[nodiscard]] bool are_mixed(const Options& options);
[[nodiscard]] bool order_counts(const Options& options);
[[nodiscard]] bool align_counts(const Options& options);
[[nodiscard]] bool mask_probability_counts(const Options& options);
[[nodiscard]] bool partial_targets_counts(const Options& options);
[[nodiscard]] bool schedule_counts(const Options& options);
[[nodiscard]] bool stages_count(const Options& options);
[[nodiscard]] bool validation_stages_count(const Options& options);
[[nodiscard]] bool replacement_counts(const Options& options);
[[nodiscard]] bool fragment_weight_counts(const Options& options);
[[nodiscard]] bool graph_counts(const Options& options);
[[nodiscard]] bool noise_counts(const Options& options);
[[nodiscard]] bool geometric_counts(const Options& options);
[[nodiscard]] bool loglinear_counts(const Options& options);
[[nodiscard]] bool t_group_counts(const Options& options);
[[nodiscard]] bool timesteps_count(const Options& options);
[[nodiscard]] bool cascade_counts(const Options& options);
[[nodiscard]] bool stage1_length_counts(const Options& options);
[[nodiscard]] bool source_counts(const Options& options);
[[nodiscard]] bool source_symbols_count(const Options& options);
[[nodiscard]] bool source_order_counts(const Options& options);
[[nodiscard]] bool settings_count(const Options& options);

}  // namespace millrace::config

// Which keys change a byte of which streams: the predicates of the key table. A key that a provider
// does not use, or that another key switches off, must not change a fingerprint.
#pragma once

#include "config/options.h"

namespace millrace::config {

/// Whether the provider cuts its samples out of a dataset: windows of text or of tokens.
[[nodiscard]] bool cuts_windows(const Options& options);
/// Whether the provider is one of ours; others have only their own settings, and block_size.
[[nodiscard]] bool is_built_in(const Options& options);

/// How the stream's meta calls the provider: provider.name, and of a shared library
/// (docs/how-to/adding_a_provider.md) its file's name without "lib" and ".so".
[[nodiscard]] std::string provider_name(const Options& options);
/// Whether provider.name is the path of a shared library.
[[nodiscard]] bool is_library(const Options& options);

/// data.align without "auto": "line" or "any".
[[nodiscard]] std::string alignment(const Options& options);

// One per key, or per keys that count alike.
[[nodiscard]] bool always_counts(const Options& options);
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

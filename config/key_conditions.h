// When keys that shape no byte of the stream have an effect: predicates of the key table, beside
// those of config/stream_keys.h.
//
// config may include neither datasets, queue nor trainer, so what it must know of formats,
// transports, networks and objectives stands in key_conditions.cc, and tests of those rooms
// compare. A network or an objective that is not listed there may read any key of its section.
#pragma once

#include <string_view>
#include <vector>

#include "config/options.h"

namespace millrace::config {

// [data]. A folder, and the file of a provider that is not built in, may be of any format.
[[nodiscard]] bool reads_files(const Options& options);
[[nodiscard]] bool has_vocabulary(const Options& options);
[[nodiscard]] bool may_have_records(const Options& options);
[[nodiscard]] bool may_have_json(const Options& options);
[[nodiscard]] bool may_have_ids(const Options& options);
/// Whether a dataset's records may have a column, as may_have_records() for the recipe's only one.
[[nodiscard]] bool may_have_records(const DatasetOptions& dataset);

// [annotate]
[[nodiscard]] bool has_python_scorer(const Options& options);
[[nodiscard]] bool has_spacy(const Options& options);
[[nodiscard]] bool has_keybert(const Options& options);
[[nodiscard]] bool trains_tokenizer(const Options& options);

// [queue] and [watch]
[[nodiscard]] bool is_tcp(const Options& options);
[[nodiscard]] bool is_zmq(const Options& options);
[[nodiscard]] bool is_watched(const Options& options);

// [model] and [train]
[[nodiscard]] bool may_embed_time(const Options& options);
[[nodiscard]] bool has_time_embedding(const Options& options);
[[nodiscard]] bool has_bias_choice(const Options& options);
[[nodiscard]] bool has_scores(const Options& options);
[[nodiscard]] bool may_scale_by_sigma(const Options& options);
[[nodiscard]] bool has_cross_entropy(const Options& options);
[[nodiscard]] bool has_cosine(const Options& options);
[[nodiscard]] bool has_warmup(const Options& options);

/// The networks and objectives of which it is listed which keys they read.
[[nodiscard]] std::vector<std::string_view> listed_networks();
[[nodiscard]] std::vector<std::string_view> listed_objectives();

}  // namespace millrace::config

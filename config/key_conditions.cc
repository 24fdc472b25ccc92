// The predicates of key_conditions.h, and the tables of endings, networks and objectives that they
// follow from.
#include "config/key_conditions.h"

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include "base/lower_case.h"
#include "config/stream_keys.h"

namespace millrace::config {
namespace {

/// Keys that a network or an objective reads, as bits.
enum Reads : std::uint32_t {
  kTime = 1U << 0,           ///< time_conditioning, and cond_dim where the time is fed
  kTimeEmbedding = 1U << 1,  ///< cond_dim, whether the time is fed or not
  kBias = 1U << 2,           ///< bias
  kScale = 1U << 3,          ///< scale_by_sigma
  kCrossEntropy = 1U << 4,   ///< ce_weight
  kEverything = ~std::uint32_t{0},
};

struct Reader {
  std::string_view name;
  std::uint32_t reads;
};

constexpr Reader kNetworks[] = {
    {"bidirectional", kTime}, {"dit", kTime | kTimeEmbedding}, {"gpt2", kBias}};
constexpr Reader kObjectives[] = {{"ar", 0},  {"cascade", kScale}, {"d3pm_absorb", kCrossEntropy},
                                  {"mlm", 0}, {"mdlm", 0},         {"sedd", kScale}};

bool reads(std::span<const Reader> readers, std::string_view name, std::uint32_t what) {
  const auto found = std::ranges::find(readers, name, &Reader::name);
  return ((found == readers.end() ? kEverything : found->reads) & what) != 0;
}

std::vector<std::string_view> names_of(std::span<const Reader> readers) {
  std::vector<std::string_view> names;
  for (const Reader& each : readers) names.push_back(each.name);
  return names;
}

bool network_reads(const Options& options, std::uint32_t what) {
  return reads(kNetworks, options.model.architecture, what);
}

bool objective_reads(const Options& options, std::uint32_t what) {
  return reads(kObjectives, options.train.objective, what);
}

/// The ending of a file's name in lower case, without that of a compression.
std::string ending_of(std::filesystem::path path) {
  const auto ending = [&] { return base::lower_case(path.extension().string()); };
  if (ending() == ".gz" || ending() == ".zst") path.replace_extension();
  return ending();
}

/// Whether a dataset may have one of the formats, by data.format or by the endings of its name.
bool may_be(const std::string& format, const std::string& path,
            std::initializer_list<std::string_view> formats,
            std::initializer_list<std::string_view> endings) {
  if (format != "auto") return std::ranges::find(formats, format) != formats.end();
  std::error_code ignored;
  return std::ranges::find(endings, ending_of(path)) != endings.end() ||
         std::filesystem::is_directory(path, ignored);
}

bool may_be(const Options& options, std::initializer_list<std::string_view> formats,
            std::initializer_list<std::string_view> endings) {
  const DataOptions& data = options.data;
  if (data.datasets.empty()) {
    return may_be(data.format, data.path.value_or(""), formats, endings);
  }
  return std::ranges::any_of(data.datasets, [&](const DatasetOptions& each) {
    return may_be(each.format, each.path, formats, endings);
  });
}

}  // namespace

bool reads_files(const Options& options) { return options.data.format != "markov"; }
bool has_vocabulary(const Options& options) { return !options.data.vocabulary.empty(); }
bool may_have_records(const Options& options) {
  return may_be(options, {"csv", "jsonl"}, {".csv", ".jsonl", ".ndjson"});
}
bool may_have_records(const DatasetOptions& dataset) {
  return may_be(dataset.format, dataset.path, {"csv", "jsonl"}, {".csv", ".jsonl", ".ndjson"});
}
bool may_have_json(const Options& options) {
  return may_be(options, {"jsonl"}, {".jsonl", ".ndjson"});
}
bool may_have_ids(const Options& options) {
  return options.data.tokenizer.empty() && may_be(options, {"tokens", "token_folder"}, {".bin"});
}

bool has_python_scorer(const Options& options) { return options.annotate.scorer == "python"; }
bool has_spacy(const Options& options) { return options.annotate.selection == "constituency"; }
bool has_keybert(const Options& options) {
  return options.annotate.selection == "keybert_no_stopword";
}
bool trains_tokenizer(const Options& options) { return options.data.tokenizer.empty(); }

bool is_tcp(const Options& options) { return options.queue.uri.starts_with("tcp://"); }
bool is_zmq(const Options& options) {
  return is_tcp(options) || options.queue.uri.starts_with("ipc://");
}
bool is_watched(const Options& options) { return !options.watch.address.empty(); }

bool may_embed_time(const Options& options) {
  return network_reads(options, kTime | kTimeEmbedding);
}
bool has_time_embedding(const Options& options) {
  return network_reads(options, kTimeEmbedding) ||
         (may_have_time(options) && options.model.time_conditioning);
}
bool has_bias_choice(const Options& options) { return network_reads(options, kBias); }
bool has_scores(const Options& options) { return objective_reads(options, kScale); }
bool may_scale_by_sigma(const Options& options) {
  return !graph_counts(options) || options.provider.graph != "uniform";
}
bool has_cross_entropy(const Options& options) { return objective_reads(options, kCrossEntropy); }
bool has_cosine(const Options& options) { return options.train.lr_schedule == "cosine"; }
bool has_warmup(const Options& options) { return options.train.lr_schedule != "constant"; }

std::vector<std::string_view> listed_networks() { return names_of(kNetworks); }
std::vector<std::string_view> listed_objectives() { return names_of(kObjectives); }

}  // namespace millrace::config

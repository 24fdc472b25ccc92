// The key table, and the lookup, validation and description of its keys.
#include "config/keys.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <type_traits>

#include "base/text.h"
#include "config/dataset_keys.h"
#include "config/errors.h"
#include "config/key_conditions.h"
#include "config/nearest.h"
#include "config/settings.h"
#include "config/stream_keys.h"
#include "config/value_text.h"

namespace millrace::config {
namespace {

using enum Shapes;

// Converts a member's value to the table's Value type, and back.
Value to_value(const std::optional<std::string>& member) {
  return member ? Value(*member) : Value();
}
template <class Member>
Value to_value(const Member& member) {
  if constexpr (std::is_same_v<Member, std::uint32_t>) {
    return Value(std::uint64_t{member});
  } else {
    return Value(member);
  }
}

void from_value(const Value& value, std::optional<std::string>& member) {
  member = std::get<std::string>(value);
}
template <class Member>
void from_value(const Value& value, Member& member) {
  if constexpr (std::is_same_v<Member, std::uint32_t>) {
    member = static_cast<std::uint32_t>(std::get<std::uint64_t>(value));
  } else {
    member = std::get<Member>(value);
  }
}

// Binds a key to options.*section.*member.
template <auto kSection, auto kMember>
Key key(std::string_view section, std::string_view name, Kind kind, Shapes shapes,
        std::string_view about, std::vector<Condition> conditions = {},
        bool (*counts)(const Options&) = nullptr) {
  return {
      section,
      name,
      std::move(kind),
      shapes,
      [](const Options& options) { return to_value(options.*kSection.*kMember); },
      [](Options& options, const Value& value) { from_value(value, options.*kSection.*kMember); },
      about,
      std::move(conditions),
      counts};
}
template <auto kMember>
Key data(std::string_view name, Kind kind, Shapes shapes, std::string_view about,
         std::vector<Condition> conditions = {}, bool (*counts)(const Options&) = nullptr) {
  return key<&Options::data, kMember>("data", name, std::move(kind), shapes, about,
                                      std::move(conditions), counts);
}
template <auto kMember>
Key provider(std::string_view name, Kind kind, std::string_view about,
             std::vector<Condition> conditions = {}) {
  bool (*const counts)(const Options&) = conditions.empty() ? nullptr : conditions.back().holds;
  return key<&Options::provider, kMember>("provider", name, std::move(kind), kStream, about,
                                          std::move(conditions), counts);
}
template <auto kMember>
Key provider(std::string_view name, Kind kind, std::string_view about,
             std::vector<Condition> conditions, bool (*counts)(const Options&)) {
  return key<&Options::provider, kMember>("provider", name, std::move(kind), kStream, about,
                                          std::move(conditions), counts);
}
template <auto kMember>
Key annotate(std::string_view name, Kind kind, std::string_view about,
             std::vector<Condition> conditions = {}) {
  return key<&Options::annotate, kMember>("annotate", name, std::move(kind), kRun, about,
                                          std::move(conditions));
}
template <auto kMember>
Key producer(std::string_view name, Kind kind, std::string_view about,
             std::vector<Condition> conditions = {}) {
  return key<&Options::producer, kMember>("producer", name, std::move(kind), kRun, about,
                                          std::move(conditions));
}
template <auto kMember>
Key queue(std::string_view name, Kind kind, std::string_view about,
          std::vector<Condition> conditions = {}) {
  return key<&Options::queue, kMember>("queue", name, std::move(kind), kRun, about,
                                       std::move(conditions));
}
template <auto kMember>
Key watch(std::string_view name, Kind kind, std::string_view about,
          std::vector<Condition> conditions = {}) {
  return key<&Options::watch, kMember>("watch", name, std::move(kind), kRun, about,
                                       std::move(conditions));
}
template <auto kMember>
Key model(std::string_view name, Kind kind, std::string_view about,
          std::vector<Condition> conditions = {}) {
  return key<&Options::model, kMember>("model", name, std::move(kind), kModel, about,
                                       std::move(conditions));
}
template <auto kMember>
Key train(std::string_view name, Kind kind, Shapes shapes, std::string_view about,
          std::vector<Condition> conditions = {}) {
  return key<&Options::train, kMember>("train", name, std::move(kind), shapes, about,
                                       std::move(conditions));
}

// The largest integer of TOML, whose integers are signed.
constexpr std::uint64_t kMaxSeed = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t kMaxWindowBytes = std::uint64_t{1} << 40;
constexpr IntKind kSteps{0, kMaxSteps};
constexpr IntKind kInterval{1, kMaxSteps};
constexpr FloatKind kRate{0, 10};
constexpr FloatKind kBelowOne{.least = 0, .most = 1, .below = true};
constexpr FloatKind kSmall{.least = 0, .most = 0.5, .above = true};
constexpr FloatKind kWeight{0, 1e6};
// Below, no 32-bit word moves a token; above, all do.
constexpr FloatKind kSigma{1e-12, 100};
constexpr IntKind kLength{1, 1 << 20};

std::vector<Key> make_keys() {
  using D = DataOptions;
  using P = ProviderOptions;
  using A = AnnotateOptions;
  using Q = QueueOptions;
  using W = WatchOptions;
  using M = ModelOptions;
  using T = TrainOptions;
  const StringKind maybe_text{.choices = {}, .may_be_empty = true};
  const StringKind path{.choices = {}, .may_be_empty = false, .names = Names::kPath};
  const StringKind maybe_path{.choices = {}, .may_be_empty = true, .names = Names::kPath};
  const StringKind uri{.choices = {}, .may_be_empty = false, .names = Names::kUri};

  const Condition dataset{reads_dataset, "providers that read a dataset", {"provider.name"}};
  const Condition windows{reads_windows, "providers that cut windows", {"provider.name"}};
  const Condition files{reads_files, "datasets in files", {"data.format"}};
  const Condition fractions{splits_by_fractions, "datasets without splits", {"data.format"}};
  const Condition masking{
      partial_targets_counts, "char_diffusion and char_random_replacement", {"provider.name"}};
  const Condition stages{schedule_counts, "char_diffusion", {"provider.name"}};
  const Condition replacing{replacement_counts, "char_random_replacement", {"provider.name"}};
  const Condition noise{noise_counts, "sedd, masked and cascade", {"provider.name"}};
  const Condition geometric{geometric_counts, "geometric noise", {"provider.noise"}};
  const Condition cascade{cascade_counts, "cascade", {"provider.name"}};
  const Condition python{has_python_scorer, "scorer python", {"annotate.scorer"}};
  const Condition spacy{has_spacy, "selection constituency", {"annotate.selection"}};
  const Condition tcp{is_tcp, "tcp", {"queue.uri"}};
  const Condition zmq{is_zmq, "tcp and ipc", {"queue.uri"}};
  const Condition timed{may_embed_time, "bidirectional and dit", {"model.architecture"}};
  const Condition cosine{has_cosine, "lr_schedule cosine", {"train.lr_schedule"}};
  return {
      data<&D::path>("path", path, kRun,
                     "the dataset: a file or a folder; unset: data/tinyshakespeare.txt if it "
                     "exists, else the built-in text",
                     {dataset}),
      data<&D::format>(
          "format",
          StringKind{{"auto", "text", "lines", "csv", "jsonl", "text8", "tokens", "token_folder",
                      "markov"}},
          kRun,
          "file format of path; auto: by the file's name (.csv, .jsonl, .bin, each also .gz or "
          ".zst), else text; markov: generated text of known entropy, without a path",
          {dataset}),
      data<&D::column>(
          "column", maybe_text, kRun, "csv, jsonl: the column or key that holds the text",
          {dataset, {may_have_records, "csv and jsonl", {"data.format", "data.path"}}}),
      data<&D::val_fraction>("val_fraction", kBelowOne, kStream,
                             "share of the dataset for the val split, after train",
                             {dataset, fractions}, val_fraction_counts),
      data<&D::test_fraction>("test_fraction", kBelowOne, kStream,
                              "share of the dataset for the test split, at its end",
                              {dataset, fractions}, test_fraction_counts),
      data<&D::data_seed>("data_seed", IntKind{0, kMaxSeed}, kStream,
                          "seed of all random numbers of the stream"),
      data<&D::order>("order", StringKind{{"random", "shuffle", "sequential"}}, kStream,
                      "order of train windows; random: drawn with replacement; shuffle: each once "
                      "per epoch, in a new order every epoch",
                      {dataset}, order_counts),
      data<&D::align>("align", StringKind{{"auto", "line", "any"}}, kStream,
                      "where windows may start; line: at line starts; auto: line for "
                      "char_diffusion and char_random_replacement, else any",
                      {windows}, align_counts),
      data<&D::tokenizer>("tokenizer", maybe_path, kRun,
                          "byte-level BPE tokenizer: a tokenizer.json, a vocab.bpe, or a folder "
                          "with one; empty: characters are the tokens",
                          {dataset, files}),
      data<&D::vocabulary>("vocabulary", maybe_path, kRun,
                           "characters: a vocab.json; empty: the characters of the dataset",
                           {windows, files}),
      data<&D::unknown>(
          "unknown", StringKind{{"error", "replace", "drop"}}, kRun,
          "characters that are not in the vocabulary: an error, replaced by [UNK], or dropped",
          {windows, files, {has_vocabulary, "texts with a data.vocabulary", {"data.vocabulary"}}}),
      data<&D::missing>("missing", StringKind{{"error", "skip"}}, kRun,
                        "jsonl: records whose text is null or missing: an error, or left out and "
                        "counted",
                        {dataset, {may_have_json, "jsonl", {"data.format", "data.path"}}}),
      data<&D::vocab_size>(
          "vocab_size", IntKind{0, 1U << 31}, kRun,
          "vocabulary size of token files without a tokenizer; 0: the largest id in them + 1",
          {dataset,
           {may_have_ids,
            "token files without a data.tokenizer",
            {"data.format", "data.path", "data.tokenizer"}}}),
      data<&D::cache>("cache", maybe_path, kRun,
                      "folder of dataset indexes; empty: beside the dataset, or the user's cache "
                      "folder if that is not writable",
                      {dataset, files}),
      data<&D::max_decompressed_bytes>(
          "max_decompressed_bytes", IntKind{0, std::uint64_t{1} << 60}, kRun,
          "most bytes that the compressed files of a dataset may become; 0: 1 GiB, or 100 times "
          "their own size where that is more",
          {dataset, files}),
      data<&D::datasets>("datasets", DatasetsKind{}, kRun,
                         "several datasets instead of path, mixed by their weights", {dataset},
                         are_mixed),
      data<&D::dataset>(
          "dataset", maybe_text, kRun,
          "use only the dataset of this name in data.datasets; empty: all enabled ones", {dataset}),
      data<&D::shards>("shards", path, kRun,
                       "cascade: folder of scored token shards, which annotate writes", {cascade}),

      provider<&P::name>("name", path,
                         "the provider, which computes samples from their index; or the path of a "
                         "shared library with one"),
      provider<&P::block_size>(
          "block_size", IntKind{1, 1 << 20},
          "tokens per sample; not for cascade, which has stage lengths",
          {{block_size_counts, "every provider but cascade", {"provider.name"}}}),
      provider<&P::mask_probability>(
          "mask_probability", FloatKind{.least = 0, .most = 1, .above = true},
          "probability of selecting a position, if there are no stages",
          {masking, {mask_probability_counts, "samples without a stage", {"provider.schedule"}}}),
      provider<&P::partial_targets>("partial_targets", BoolKind{},
                                    "targets at selected positions only; false: at all positions",
                                    {masking}),
      provider<&P::schedule>(
          "schedule", StringKind{{"none", "mix", "steps", "plateau"}},
          "how a train sample gets its stage; none: no stages, default masking; mix: all stages "
          "equally often; steps, plateau: the trainer changes it",
          {stages}),
      provider<&P::stages>("stages", StagesKind{}, "the masking stages of train",
                           {stages, {stages_count, "schedules of stages", {"provider.schedule"}}}),
      provider<&P::validation_stages>(
          "validation_stages", StagesKind{},
          "the masking stages of val, all equally often; empty: default masking", {stages},
          validation_stages_count),
      provider<&P::random_weight>(
          "random_weight", kWeight,
          "char_random_replacement: probability weight of replacing by a random token",
          {replacing}),
      provider<&P::mask_weight>(
          "mask_weight", kWeight,
          "char_random_replacement: probability weight of replacing by [MASK]", {replacing}),
      provider<&P::fragment_weight>("fragment_weight", kWeight,
                                    "char_random_replacement: probability weight of copying from a "
                                    "random fragment of the train text",
                                    {replacing}, fragment_weight_counts),
      provider<&P::original_token_probability_multiplier>(
          "original_token_probability_multiplier", kWeight,
          "char_random_replacement: probability weight of drawing the original as the random "
          "token; every other token has 1",
          {replacing}),
      provider<&P::graph>(
          "graph", StringKind{{"absorb", "uniform"}},
          "sedd: noise replaces a token by [MASK] (absorb) or by a random token (uniform)",
          {{graph_counts, "sedd", {"provider.name"}}}),
      provider<&P::noise>("noise", StringKind{{"loglinear", "geometric"}},
                          "sedd, masked, cascade: the noise schedule sigma(t)", {noise}),
      provider<&P::sigma_min>("sigma_min", kSigma, "noise geometric: sigma at t = 0",
                              {noise, geometric}),
      provider<&P::sigma_max>("sigma_max", kSigma, "noise geometric: sigma at t = 1",
                              {noise, geometric}),
      provider<&P::noise_eps>("noise_eps", kSmall,
                              "noise loglinear: share of tokens that stay clean at t = 1",
                              {noise, {loglinear_counts, "loglinear noise", {"provider.noise"}}}),
      provider<&P::sampling_eps>("sampling_eps", kSmall,
                                 "sedd, masked, cascade: times are drawn from (sampling_eps, 1]",
                                 {noise}),
      provider<&P::t_group>(
          "t_group", IntKind{1, 1 << 20},
          "sedd, masked, d3pm, cascade: number of samples whose times are "
          "stratified together; a power of two",
          {{t_group_counts, "sedd, masked, d3pm and cascade", {"provider.name"}}}),
      provider<&P::timesteps>("timesteps", IntKind{2, 1'000'000},
                              "d3pm: number of steps T from data to noise",
                              {{timesteps_count, "d3pm", {"provider.name"}}}),
      provider<&P::cascade_stage>("cascade_stage", IntKind{1, 3},
                                  "cascade: which stage's samples to make (1-3)", {cascade}),
      provider<&P::stage1_length>("stage1_length", kLength, "cascade: tokens of stage 1", {cascade},
                                  stage1_length_counts),
      provider<&P::stage2_length>("stage2_length", kLength, "cascade: tokens of stage 2",
                                  {cascade}),
      provider<&P::stage3_length>("stage3_length", kLength,
                                  "cascade: tokens of stage 3, which are a whole chunk of text",
                                  {cascade}),
      provider<&P::source>("source", StringKind{{"markov", "random"}},
                           "synthetic: text of known entropy, or random tokens for measuring speed",
                           {{source_counts, "synthetic", {"provider.name"}}}),
      provider<&P::source_symbols>("source_symbols", IntKind{2, 1 << 20},
                                   "synthetic, and data.format markov: number of different symbols",
                                   {{source_symbols_count,
                                     "synthetic and data.format markov",
                                     {"provider.name", "data.format"}}}),
      provider<&P::source_order>("source_order", IntKind{1, 4},
                                 "source markov, and data.format markov: number of previous "
                                 "symbols that the next one depends on",
                                 {{source_order_counts,
                                   "markov text",
                                   {"provider.name", "provider.source", "data.format"}}}),
      provider<&P::settings>(
          "settings", SettingsKind{},
          "settings of a provider that has no keys of its own here, such as one "
          "in Python or in a shared library",
          {{settings_count, "providers without keys of their own", {"provider.name"}}}),

      annotate<&A::selection>("selection", StringKind{{"constituency", "keybert_no_stopword"}},
                              "the rule that selects the tokens of the cascade's first two stages",
                              {cascade}),
      annotate<&A::scorer>(
          "scorer", StringKind{{"builtin", "python"}},
          "what scores words; python: spaCy for constituency, KeyBERT for keybert_no_stopword",
          {cascade}),
      annotate<&A::python>("python", path,
                           "scorer python: the interpreter with spaCy or KeyBERT installed",
                           {cascade, python}),
      annotate<&A::spacy_model>("spacy_model", path, "scorer python: name of the spaCy model",
                                {cascade, python, spacy}),
      annotate<&A::keybert_model>(
          "keybert_model", path, "scorer python: name of KeyBERT's sentence-transformers model",
          {cascade,
           python,
           {has_keybert, "selection keybert_no_stopword", {"annotate.selection"}}}),
      annotate<&A::processes>("processes", IntKind{1, 1024},
                              "scorer python: number of spaCy processes", {cascade, python, spacy}),
      annotate<&A::vocab_size>(
          "vocab_size", IntKind{257, 1 << 20},
          "vocabulary size of the tokenizer that is trained if data.tokenizer is empty",
          {cascade, {trains_tokenizer, "recipes without a data.tokenizer", {"data.tokenizer"}}}),
      annotate<&A::save_interval_s>("save_interval_s", FloatKind{0, 86400},
                                    "seconds between saves of an unfinished shard, from which an "
                                    "interrupted annotate continues",
                                    {cascade}),

      producer<&ProducerOptions::threads>("threads", IntKind{1, 1024},
                                          "threads that compute samples, per prepare process"),

      queue<&Q::uri>("uri", uri,
                     "the transport: file://FOLDER, tcp://HOST:PORT, ipc://PATH or inproc://"),
      queue<&Q::advertise>("advertise", maybe_text,
                           "HOST or HOST:PORT at which producers reach this rank, if it differs "
                           "from the address it listens at",
                           {tcp}),
      queue<&Q::rank_hosts>("rank_hosts", maybe_text,
                            "producer without keys: hosts beside that of queue.uri where it may go "
                            "to ranks of the run, names or networks, as host-b, 10.0.0.0/24",
                            {tcp}),
      queue<&Q::insecure>("insecure", BoolKind{},
                          "allow an address that other machines can reach without keys; the "
                          "traffic is then not encrypted",
                          {tcp}),
      queue<&Q::key_file>("key_file", maybe_path,
                          "this process's key pair, made by scripts/keys; empty: no keys", {zmq}),
      queue<&Q::server_key>("server_key", maybe_text,
                            "producer with keys: the trainer's public key", {zmq}),
      queue<&Q::allowed_keys>("allowed_keys", maybe_path,
                              "trainer with keys: file of the producers' public keys, one per line",
                              {zmq}),
      queue<&Q::late_s>("late_s", FloatKind{0.1, 86400},
                        "seconds, at least, before a range counts as late and a second producer is "
                        "asked for it too",
                        {zmq}),
      queue<&Q::audit>("audit", FloatKind{0, 1},
                       "share of ranges that two producers compute, to compare them", {zmq}),
      queue<&Q::window_batches>("window_batches", IntKind{1, 65536},
                                "batches requested ahead of the trainer"),
      queue<&Q::window_bytes>("window_bytes", IntKind{1, kMaxWindowBytes},
                              "upper limit of the window in bytes"),

      watch<&W::address>("address", maybe_text,
                         "HOST:PORT that serves /metrics and /healthz; port 0: any free one; rank "
                         "r of train uses port + r; empty: off"),
      watch<&W::exposed>(
          "exposed", BoolKind{},
          "allow an address that other machines can reach; anyone who connects is answered",
          {{is_watched, "a watch.address", {"watch.address"}}}),

      model<&M::architecture>("architecture", StringKind{},
                              "the network: bidirectional (rotary positions), dit (modulated by "
                              "the time) or gpt2 (causal)"),
      model<&M::n_layer>("n_layer", IntKind{1, 1024}, "number of transformer blocks"),
      model<&M::n_head>("n_head", IntKind{1, 1024}, "attention heads per block"),
      model<&M::n_embd>("n_embd", IntKind{2, 65536}, "embedding width; a multiple of 2 * n_head"),
      model<&M::dropout>("dropout", kBelowOne, "dropout probability"),
      model<&M::cond_dim>("cond_dim", IntKind{1, 65536},
                          "bidirectional, dit: width of the time embedding",
                          {timed,
                           {has_time_embedding,
                            "dit, and bidirectional where it is fed a time",
                            {"model.architecture", "model.time_conditioning", "provider.name"}}}),
      model<&M::time_conditioning>(
          "time_conditioning", BoolKind{},
          "bidirectional, dit: feed the time to the network, if the stream has one",
          {timed, {may_have_time, "streams with a time", {"provider.name"}}}),
      model<&M::bias>("bias", BoolKind{}, "gpt2: biases in linear layers and layer norms",
                      {{has_bias_choice, "gpt2", {"model.architecture"}}}),

      train<&T::objective>("objective", StringKind{}, kOptimizer,
                           "the loss: mlm, sedd, mdlm, d3pm_absorb, cascade or ar"),
      train<&T::scale_by_sigma>(
          "scale_by_sigma", BoolKind{}, kOptimizer,
          "sedd, cascade, with a [MASK]: logits are scores relative to those of a uniform guess",
          {{has_scores, "sedd and cascade", {"train.objective"}},
           {may_scale_by_sigma, "streams with a [MASK]", {"provider.graph"}}}),
      train<&T::ce_weight>("ce_weight", kWeight, kOptimizer,
                           "d3pm_absorb: weight of the cross-entropy added to the bound",
                           {{has_cross_entropy, "d3pm_absorb", {"train.objective"}}}),
      train<&T::seed>("seed", IntKind{0, kMaxSeed}, kOptimizer,
                      "seed of initialisation and dropout"),
      train<&T::device>("device", StringKind{{"auto", "cpu", "cuda"}}, kRun,
                        "auto: cuda if available"),
      train<&T::dtype>("dtype", StringKind{{"auto", "float32", "bfloat16", "float16", "float64"}},
                       kOptimizer,
                       "precision of the computation; auto: half precision where the hardware is "
                       "fast at it; float64: for tests"),
      train<&T::batch_size>("batch_size", IntKind{1, 65536}, kOptimizer, "samples per micro-batch"),
      train<&T::gradient_accumulation_steps>("gradient_accumulation_steps", IntKind{1, 65536},
                                             kOptimizer,
                                             "micro-batches per optimizer step, over all ranks"),
      train<&T::max_iters>("max_iters", kSteps, kRun, "optimizer steps of the whole run"),
      train<&T::max_epochs>("max_epochs", kSteps, kRun,
                            "end the run after this many epochs, if max_iters does not end it "
                            "earlier; 0: by max_iters alone"),
      train<&T::learning_rate>("learning_rate", kRate, kOptimizer, "peak learning rate"),
      train<&T::min_lr>("min_lr", kRate, kOptimizer,
                        "final learning rate of the cosine schedule; unused by the others",
                        {cosine}),
      train<&T::warmup_iters>("warmup_iters", kSteps, kOptimizer,
                              "steps of linear warmup; unused by lr_schedule constant",
                              {{has_warmup, "lr_schedules with a warmup", {"train.lr_schedule"}}}),
      train<&T::lr_decay_iters>("lr_decay_iters", kSteps, kOptimizer,
                                "step at which the cosine schedule ends; does not follow max_iters",
                                {cosine}),
      train<&T::lr_schedule>("lr_schedule", StringKind{{"cosine", "warmup_constant", "constant"}},
                             kOptimizer,
                             "learning rate schedule; cosine: warmup, then down to min_lr; "
                             "warmup_constant: warmup, then constant"),
      train<&T::optimizer>(
          "optimizer", StringKind{{"adamw", "adam"}}, kOptimizer,
          "adamw: decoupled weight decay; adam: weight decay added to the gradient"),
      train<&T::weight_decay>("weight_decay", kRate, kOptimizer, "weight decay, on matrices only"),
      train<&T::beta1>("beta1", kBelowOne, kOptimizer,
                       "decay of the gradient's moving average in the optimizer"),
      train<&T::beta2>("beta2", kBelowOne, kOptimizer,
                       "decay of the squared gradient's moving average in the optimizer"),
      train<&T::grad_clip>("grad_clip", FloatKind{0, 1e6}, kOptimizer,
                           "maximum gradient norm; 0: no clipping"),
      train<&T::ema>(
          "ema", kBelowOne, kOptimizer,
          "decay of the moving average of the parameters, which evaluations use; 0: no average"),
      train<&T::max_bad_steps>(
          "max_bad_steps", kInterval, kRun,
          "end the run after this many steps in a row without a finite loss and gradient"),
      train<&T::eval_interval>("eval_interval", kInterval, kRun, "steps between evaluations"),
      train<&T::epoch_eval_interval>("epoch_eval_interval", kSteps, kRun,
                                     "epochs between additional evaluations; 0: none"),
      train<&T::eval_iters>("eval_iters", IntKind{1, 1'000'000}, kRun,
                            "micro-batches per evaluation, over all ranks and stages"),
      train<&T::log_interval>("log_interval", kInterval, kRun, "steps between lines of metrics"),
      train<&T::checkpoint_interval>("checkpoint_interval", kInterval, kRun,
                                     "steps between checkpoints"),
      train<&T::keep_checkpoints>("keep_checkpoints", IntKind{1, 10000}, kRun,
                                  "number of newest checkpoints to keep"),
      train<&T::epoch_checkpoint_interval>(
          "epoch_checkpoint_interval", kSteps, kRun,
          "epochs between permanent checkpoints, linked as epoch-0005 in out_dir; 0: none"),
      train<&T::out_dir>("out_dir", path, kRun, "folder of metrics and checkpoints"),
      train<&T::threads>("threads", IntKind{0, 1024}, kRun,
                         "CPU threads of LibTorch; 0: LibTorch's default"),
      train<&T::cuda_graphs>(
          "cuda_graphs", BoolKind{}, kRun,
          "capture training passes as CUDA graphs (docs/explanation/performance.md)"),
      train<&T::timeout_s>("timeout_s", IntKind{1, 86400}, kRun,
                           "seconds that a rank waits for the others"),
  };
}

std::string int_expectation(const IntKind& kind) {
  return "a whole number from " + std::to_string(kind.least) + " to " + std::to_string(kind.most);
}

std::string float_expectation(const FloatKind& kind) {
  return "a number " + std::string(kind.above ? "above " : "from ") + shortest(kind.least) +
         (kind.below ? " to below " : " to ") + shortest(kind.most);
}

std::string string_expectation(const StringKind& kind) {
  if (kind.choices.empty()) return kind.may_be_empty ? "a text" : "a text that is not empty";
  return "one of " + base::joined(kind.choices);
}

// NaN fails both comparisons.
bool inside(const FloatKind& kind, double value) {
  const bool low = kind.above ? value > kind.least : value >= kind.least;
  const bool high = kind.below ? value < kind.most : value <= kind.most;
  return low && high;
}

bool inside(const StringKind& kind, const std::string& text) {
  if (kind.choices.empty()) return kind.may_be_empty || !text.empty();
  return std::ranges::find(kind.choices, text) != kind.choices.end();
}

std::string_view last_part(std::string_view name) { return name.substr(name.rfind('.') + 1); }

std::vector<const Key*> with_last_part(std::string_view part) {
  std::vector<const Key*> found;
  for (const Key& each : keys()) {
    if (each.name == part) found.push_back(&each);
  }
  return found;
}

std::string either_of(const std::vector<const Key*>& choices) {
  return base::alternatives(choices, [](const Key* each) { return "'" + each->full_name() + "'"; });
}

}  // namespace

std::string Key::full_name() const { return std::string(section) + "." + std::string(name); }

const Condition* Key::broken_condition(const Options& options) const {
  const auto found = std::ranges::find_if_not(
      conditions, [&](const Condition& each) { return each.holds(options); });
  return found == conditions.end() ? nullptr : &*found;
}

std::span<const Key> keys() {
  static const std::vector<Key> table = make_keys();
  return table;
}

const Key* find_key(std::string_view full_name) {
  const auto found = std::ranges::find(keys(), full_name, &Key::full_name);
  return found == keys().end() ? nullptr : &*found;
}

const Key& resolve_key(std::string_view name) {
  if (const Key* found = find_key(name)) return *found;
  const std::vector<const Key*> found = with_last_part(name);
  if (found.size() == 1) return *found.front();
  if (found.empty()) throw UsageError("unknown key '" + std::string(name) + "'" + key_hint(name));
  throw UsageError("'" + std::string(name) + "' is a key of several sections; write " +
                   either_of(found));
}

std::string key_hint(std::string_view name) {
  const std::vector<const Key*> same = with_last_part(last_part(name));
  if (!same.empty()) return "; did you mean " + either_of(same) + "?";
  std::vector<std::string> names;
  const bool qualified = name.find('.') != std::string_view::npos;
  for (const Key& each : keys()) {
    names.push_back(qualified ? each.full_name() : std::string(each.name));
  }
  return did_you_mean(name, names);
}

std::string expectation(const Kind& kind) {
  if (const auto* of_int = std::get_if<IntKind>(&kind)) return int_expectation(*of_int);
  if (const auto* of_float = std::get_if<FloatKind>(&kind)) return float_expectation(*of_float);
  if (const auto* of_string = std::get_if<StringKind>(&kind)) return string_expectation(*of_string);
  if (std::holds_alternative<BoolKind>(kind)) return "true or false";
  if (std::holds_alternative<WeightsKind>(kind)) return weights_expectation();
  if (std::holds_alternative<DatasetsKind>(kind)) {
    return R"(an array of tables such as [{name = "a", path = "a.txt"}])";
  }
  if (std::holds_alternative<SettingsKind>(kind)) {
    return R"(a table such as {level = 3, style = "plain"})";
  }
  return R"(an array of stages such as [{type = "random", max_masked_ratio = 0.5}])";
}

bool allows(const Kind& kind, const Value& value) {
  if (const auto* of_int = std::get_if<IntKind>(&kind)) {
    const std::uint64_t number = std::get<std::uint64_t>(value);
    return number >= of_int->least && number <= of_int->most;
  }
  if (const auto* of_float = std::get_if<FloatKind>(&kind)) {
    return inside(*of_float, std::get<double>(value));
  }
  if (const auto* of_string = std::get_if<StringKind>(&kind)) {
    return inside(*of_string, std::get<std::string>(value));
  }
  if (std::holds_alternative<WeightsKind>(kind)) {
    return are_weights(std::get<std::vector<WeightPoint>>(value));
  }
  if (std::holds_alternative<SettingsKind>(kind)) {
    return !validation_error(std::get<SettingTable>(value));
  }
  return true;
}

Value merged(const Value& earlier, Value later) {
  auto* const table = std::get_if<SettingTable>(&later);
  if (table != nullptr) {
    table->insert(std::get<SettingTable>(earlier).begin(), std::get<SettingTable>(earlier).end());
  }
  return later;
}

}  // namespace millrace::config

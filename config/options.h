// The settings of a recipe, one struct per section, with nanoGPT's names where it has one.
//
// Plain data: read and checked by config/recipe.cc, whose key table (config/keys.cc) holds each
// key's type, range, default and what it shapes. Defaults stand here.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace millrace::config {

/// From sample `sample` of train on a dataset has this weight; in between two points it moves
/// evenly from one to the other.
struct WeightPoint {
  std::uint64_t sample = 0;
  double weight = 1.0;
  bool operator==(const WeightPoint&) const = default;
};

/// One of several datasets (data.datasets).
struct DatasetOptions {
  std::string name;
  std::string path;
  std::string format = "auto";
  std::string column{};
  bool enabled = true;
  /// Only so many characters (tokens, of token files), from the beginning; 0: all.
  std::uint64_t max_chars = 0;
  std::vector<WeightPoint> weights = {WeightPoint{}};
  std::string description{};
  bool operator==(const DatasetOptions&) const = default;
};

/// [data]: the dataset, and the seed of everything that is drawn from it.
struct DataOptions {
  /// A file or a folder. Unset: data/tinyshakespeare.txt where it is, else the built-in text.
  std::optional<std::string> path;
  std::string format = "auto";  ///< how path holds its documents; auto: by its name
  std::string column{};         ///< of csv and jsonl: where the text is
  double val_fraction = 0.1;
  double test_fraction = 0.0;
  std::uint64_t data_seed = 1337;
  /// Of train's windows: random (with replacement), shuffle (a permutation an epoch), sequential.
  std::string order = "random";
  /// Where windows may start: line, any; auto: as the provider's reference does.
  std::string align = "auto";
  /// Of byte-level BPE: tokenizer.json, vocab.bpe, or a folder; empty: characters.
  std::string tokenizer{};
  /// Of characters: a vocab.json; empty: the characters that the text has.
  std::string vocabulary{};
  /// Characters that the vocabulary lacks: error, replace (by [UNK]) or drop.
  std::string unknown = "error";
  std::uint32_t vocab_size = 0;  ///< of token files without a tokenizer; 0: the largest id + 1
  /// Folder of indexes; empty: beside the dataset, or in the user's cache.
  std::string cache{};
  std::vector<DatasetOptions> datasets{};  ///< several, instead of path
  /// The name of the only one of them that is meant; empty: all that are enabled.
  std::string dataset{};
  std::string shards = "shards";  ///< cascade: folder of scored token shards
};

/// One entry of a schedule: a way to mask. Which numbers count depends on the type (ORACLES:
/// masking).
struct StageOptions {
  std::string type;                  ///< "random", "sticky" or "span"
  double max_masked_ratio = 0.0;     ///< random
  double target_masked_ratio = 0.0;  ///< sticky
  /// Sticky: weight of a position without a selected neighbour.
  double p1_probability = 0.0;
  double p2_probability = 0.0;    ///< sticky: weight of a position with one
  std::uint32_t spans_count = 0;  ///< span
  /// Schedule steps: completed steps after which the stage holds.
  std::optional<std::uint64_t> from_step;
  /// Schedule plateau: evaluations without improvement before moving on.
  std::optional<std::uint64_t> val_loss_stale_count;
  bool operator==(const StageOptions&) const = default;
};

/// The settings of a provider that is not built in, by name.
using Setting = std::variant<bool, std::int64_t, double, std::string>;
using SettingTable = std::map<std::string, Setting>;

/// [provider]: the function from index to sample.
struct ProviderOptions {
  std::string name = "char_diffusion";
  std::uint32_t block_size = 1024;
  double mask_probability = 0.15;
  bool partial_targets = true;  ///< targets at selected positions only; false: at every position
  std::string schedule = "none";
  std::vector<StageOptions> stages;
  std::vector<StageOptions> validation_stages;

  // char_random_replacement: what a selected position becomes, in proportion to these.
  double random_weight = 0.8;
  double mask_weight = 0.2;
  double fragment_weight = 0.0;
  double original_token_probability_multiplier = 1.0;

  // Diffusion: sedd, masked, d3pm, cascade.
  std::string graph = "absorb";     ///< sedd: absorb or uniform
  std::string noise = "loglinear";  ///< σ(t): loglinear or geometric
  double sigma_min = 1e-4;          ///< geometric
  double sigma_max = 20.0;          ///< geometric
  double noise_eps = 1e-3;          ///< loglinear: ε
  double sampling_eps = 1e-3;       ///< ε_s: t is drawn from (ε_s, 1]
  std::uint32_t t_group = 1;        ///< samples whose times are stratified together; a power of two
  std::uint32_t timesteps = 1000;   ///< d3pm: T

  // cascade
  std::uint32_t cascade_stage = 1;
  std::uint32_t stage1_length = 32;
  std::uint32_t stage2_length = 64;
  std::uint32_t stage3_length = 128;

  // synthetic
  /// Markov: text of known entropy; random: constant-shape batches for measuring.
  std::string source = "markov";
  std::uint32_t source_symbols = 16;  ///< both
  std::uint32_t source_order = 1;     ///< markov: symbols that the next one depends on

  /// Of a provider that is not built in; all of them are part of the stream.
  SettingTable settings;
};

/// [annotate]: how documents become scored token shards for the cascade.
struct AnnotateOptions {
  std::string selection = "constituency";  ///< the rule: constituency or keybert_no_stopword
  std::string scorer = "builtin";          ///< builtin, or python: spaCy or KeyBERT
  std::string python = "python3";          ///< python: the interpreter that has them
  std::string spacy_model = "en_core_web_md";
  std::string keybert_model = "all-MiniLM-L6-v2";
  std::uint32_t processes = 1;  ///< of spaCy
  /// Of the tokenizer that is trained where data.tokenizer is empty.
  std::uint32_t vocab_size = 4096;
  double save_interval_s = 5.0;  ///< between saves of an unfinished shard
};

/// [producer]
struct ProducerOptions {
  std::uint32_t threads = 1;
};

/// [queue]: the transport between producers and trainer.
struct QueueOptions {
  std::string uri = "inproc://";
  std::string advertise;
  bool insecure = false;
  std::string key_file;  ///< this process's key pair
  /// The trainer's public key, for producers.
  std::string server_key;
  /// File of the producers' public keys, for the trainer.
  std::string allowed_keys;
  /// Share of the ranges that two producers compute, to be compared.
  double audit = 0.0;
  /// After which a range is asked of a second producer, at least.
  double late_s = 2.0;
  std::uint32_t window_batches = 512;                    ///< batches asked for ahead of the trainer
  std::uint64_t window_bytes = std::uint64_t{64} << 20;  ///< and no more bytes than these
};

/// [watch]: the HTTP port of prepare and train (docs/how-to/watching.md).
struct WatchOptions {
  std::string address;   ///< HOST:PORT; empty: no port
  bool exposed = false;  ///< allows an address that others can reach
};

/// [model]
struct ModelOptions {
  std::string architecture = "bidirectional";
  std::uint32_t n_layer = 8;
  std::uint32_t n_head = 8;
  std::uint32_t n_embd = 512;
  double dropout = 0.1;
  std::uint32_t cond_dim = 128;   ///< of the time embedding, where the network is told the time
  bool time_conditioning = true;  ///< where the stream has a time
  bool bias = true;               ///< gpt2
};

/// [train]
struct TrainOptions {
  std::string objective = "mlm";
  /// Sedd, cascade: logits are scores relative to those of a uniform guess (absorb).
  bool scale_by_sigma = true;
  double ce_weight = 0.05;  ///< d3pm_absorb: λ of KL + λ·CE
  std::uint64_t seed = 1337;
  std::string device = "auto";  ///< auto, cpu, cuda
  std::string dtype = "auto";   ///< auto, float32, bfloat16, float16, and float64 for tests
  std::uint32_t batch_size = 16;
  std::uint32_t gradient_accumulation_steps = 1;
  std::uint64_t max_iters = 10000;
  /// That end the run where max_iters does not before; 0: max_iters alone.
  std::uint64_t max_epochs = 0;
  double learning_rate = 5e-4;
  double min_lr = 5e-5;
  std::uint64_t warmup_iters = 500;
  std::uint64_t lr_decay_iters = 10000;
  /// Cosine and warmup_constant after a linear warmup; constant.
  std::string lr_schedule = "cosine";
  std::string optimizer = "adamw";  ///< adamw or adam
  double weight_decay = 0.1;
  double beta1 = 0.9;
  double beta2 = 0.99;
  double grad_clip = 1.0;  ///< largest norm of the gradient; 0: none
  double ema = 0.0;        ///< decay of the average of the parameters; 0: none
  /// In a row, without a finite loss and gradient, that end the run.
  std::uint64_t max_bad_steps = 10;
  std::uint64_t eval_interval = 250;
  std::uint64_t epoch_eval_interval = 0;  ///< epochs between evaluations besides; 0: none
  /// Micro-batches of one evaluation, over all ranks and stages.
  std::uint64_t eval_iters = 200;
  std::uint64_t log_interval = 10;
  std::uint64_t checkpoint_interval = 500;
  std::uint32_t keep_checkpoints = 3;
  std::uint64_t epoch_checkpoint_interval = 0;  ///< epochs between checkpoints that stay; 0: none
  std::string out_dir = "out";
  std::uint32_t threads = 0;     ///< of LibTorch's CPU kernels; 0: its own choice
  bool cuda_graphs = false;      ///< give a GPU whole passes at once
  std::uint32_t timeout_s = 60;  ///< of a collective operation between ranks
};

struct Options {
  DataOptions data;
  ProviderOptions provider;
  AnnotateOptions annotate;
  ProducerOptions producer;
  QueueOptions queue;
  WatchOptions watch;
  ModelOptions model;
  TrainOptions train;
};

}  // namespace millrace::config

// The settings of a recipe: one struct for each section, with nanoGPT's names where it has one.
//
// Plain data. The defaults stand here; the key table (config/keys.cc) has each key's type, range,
// description and what it shapes. Which numbers count is decided in config/stream_keys.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace millrace::config {

/// The weight of a dataset at train sample `sample`. Between two points it is interpolated
/// linearly.
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
  std::uint64_t max_chars = 0;  ///< length limit in characters (token files: tokens); 0: none
  std::vector<WeightPoint> weights = {WeightPoint{}};
  std::string description{};
  bool operator==(const DatasetOptions&) const = default;
};

/// [data]: the dataset, and the seed of everything that is drawn from it.
struct DataOptions {
  /// A file or a folder. Unset: data/tinyshakespeare.txt if it exists, else the built-in text.
  std::optional<std::string> path;
  std::string format = "auto";  ///< auto: by the file's name
  std::string column{};         ///< csv, jsonl: the column or key that holds the text
  double val_fraction = 0.1;
  double test_fraction = 0.0;
  std::uint64_t data_seed = 1337;
  /// Order of train windows: random (with replacement), shuffle (a permutation per epoch) or
  /// sequential.
  std::string order = "random";
  std::string align = "auto";     ///< where windows may start: line or any; auto: by the provider
  std::string tokenizer{};        ///< byte-level BPE; empty: characters
  std::string vocabulary{};       ///< a vocab.json of characters; empty: the text's own characters
  std::string unknown = "error";  ///< characters not in the vocabulary: error, replace or drop
  std::string missing = "error";  ///< jsonl: records without a text: error or skip
  std::uint32_t vocab_size = 0;   ///< token files without a tokenizer; 0: the largest id + 1
  std::string cache{};  ///< folder of indexes; empty: beside the dataset, or the user's cache
  /// Most bytes that the compressed files of a dataset may become; 0: what their own size suggests
  /// (datasets/io/decompressed_bytes.h). A checkpoint's recipe cannot raise it.
  std::uint64_t max_decompressed_bytes = 0;
  std::vector<DatasetOptions> datasets{};  ///< several datasets, instead of path
  std::string dataset{};                   ///< use this one of `datasets`; empty: all enabled ones
  std::string shards = "shards";           ///< cascade: folder of scored token shards
};

/// A setting that config does not know: its name and meaning are those of a provider or a stage
/// type that has no keys of its own.
using Setting = std::variant<bool, std::int64_t, double, std::string>;
using SettingTable = std::map<std::string, Setting>;

/// One stage: a way to mask, with its numbers. The type says which of them count
/// (config/stages.cc; docs/reference/char_diffusion.md defines the types).
struct StageOptions {
  std::string type;
  double max_masked_ratio = 0.0;     ///< random
  double target_masked_ratio = 0.0;  ///< sticky
  double p1_probability = 0.0;       ///< sticky: weight of a position without selected neighbours
  double p2_probability = 0.0;       ///< sticky: weight of a position with a selected neighbour
  std::uint32_t spans_count = 0;     ///< span
  SettingTable settings{};           ///< a type that config/stages.cc does not list
  /// Schedule steps: the stage begins after this many completed steps.
  std::optional<std::uint64_t> from_step;
  /// Schedule plateau: evaluations without improvement before the next stage begins.
  std::optional<std::uint64_t> val_loss_stale_count;
  bool operator==(const StageOptions&) const = default;
};

/// [provider]: the function from index to sample.
struct ProviderOptions {
  std::string name = "char_diffusion";
  std::uint32_t block_size = 1024;
  double mask_probability = 0.15;
  bool partial_targets = true;  ///< targets at selected positions only; false: at every position
  std::string schedule = "none";
  std::vector<StageOptions> stages;
  std::vector<StageOptions> validation_stages;

  // char_random_replacement: probability weights of what a selected position becomes.
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
  std::string source = "markov";      ///< markov: text of known entropy; random: random tokens
  std::uint32_t source_symbols = 16;  ///< both
  std::uint32_t source_order = 1;     ///< markov: previous symbols that the next one depends on

  /// Settings of a provider that has no keys here; all of them are part of the stream.
  SettingTable settings;
};

/// [annotate]: how documents become scored token shards for the cascade.
struct AnnotateOptions {
  std::string selection = "constituency";  ///< the rule: constituency or keybert_no_stopword
  std::string scorer = "builtin";          ///< builtin, or python: spaCy or KeyBERT
  std::string python = "python3";          ///< scorer python: the interpreter that has them
  std::string spacy_model = "en_core_web_md";
  std::string keybert_model = "all-MiniLM-L6-v2";
  std::uint32_t processes = 1;      ///< spaCy processes
  std::uint32_t vocab_size = 4096;  ///< of the tokenizer trained if data.tokenizer is empty
  double save_interval_s = 5.0;     ///< between saves of an unfinished shard
};

/// [producer]
struct ProducerOptions {
  std::uint32_t threads = 1;
};

/// [queue]: the transport between producers and trainer.
struct QueueOptions {
  std::string uri = "inproc://";
  std::string advertise;
  std::string rank_hosts;  ///< producers: other hosts with ranks of the run
  bool insecure = false;
  std::string key_file;                ///< this process's key pair
  std::string server_key;              ///< producers: the trainer's public key
  std::string allowed_keys;            ///< trainer: file of the producers' public keys
  double audit = 0.0;                  ///< share of ranges computed by two producers and compared
  double late_s = 2.0;                 ///< shortest time after which a second producer is asked too
  std::uint32_t window_batches = 512;  ///< batches requested ahead of the trainer
  std::uint64_t window_bytes = std::uint64_t{64} << 20;  ///< upper limit of the window
};

/// [watch]: the HTTP port of prepare and train (docs/how-to/watching.md).
struct WatchOptions {
  std::string address;   ///< HOST:PORT; empty: no port
  bool exposed = false;  ///< allow an address that other machines can reach
};

/// [model]
struct ModelOptions {
  std::string architecture = "bidirectional";
  std::uint32_t n_layer = 8;
  std::uint32_t n_head = 8;
  std::uint32_t n_embd = 512;
  double dropout = 0.1;
  std::uint32_t cond_dim = 128;   ///< width of the time embedding
  bool time_conditioning = true;  ///< feed the time to the network, if the stream has one
  bool bias = true;               ///< gpt2
};

/// [train]
struct TrainOptions {
  std::string objective = "mlm";
  bool scale_by_sigma = true;  ///< sedd, cascade: logits are scores relative to a uniform guess
  double ce_weight = 0.05;     ///< d3pm_absorb: λ of KL + λ·CE
  std::uint64_t seed = 1337;
  std::string device = "auto";  ///< auto, cpu, cuda
  std::string dtype = "auto";   ///< auto, float32, bfloat16, float16, and float64 for tests
  std::uint32_t batch_size = 16;
  std::uint32_t gradient_accumulation_steps = 1;
  std::uint64_t max_iters = 10000;
  std::uint64_t max_epochs = 0;  ///< end the run after this many epochs; 0: by max_iters alone
  double learning_rate = 5e-4;
  double min_lr = 5e-5;
  std::uint64_t warmup_iters = 500;
  std::uint64_t lr_decay_iters = 10000;
  std::string lr_schedule = "cosine";  ///< cosine, warmup_constant or constant
  std::string optimizer = "adamw";     ///< adamw or adam
  double weight_decay = 0.1;
  double beta1 = 0.9;
  double beta2 = 0.99;
  double grad_clip = 1.0;            ///< maximum gradient norm; 0: no clipping
  double ema = 0.0;                  ///< decay of the parameters' moving average; 0: no average
  std::uint64_t max_bad_steps = 10;  ///< non-finite steps in a row that end the run
  std::uint64_t eval_interval = 250;
  std::uint64_t epoch_eval_interval = 0;  ///< epochs between additional evaluations; 0: none
  std::uint64_t eval_iters = 200;  ///< micro-batches per evaluation, over all ranks and stages
  std::uint64_t log_interval = 10;
  std::uint64_t checkpoint_interval = 500;
  std::uint32_t keep_checkpoints = 3;
  std::uint64_t epoch_checkpoint_interval = 0;  ///< epochs between permanent checkpoints; 0: none
  std::string out_dir = "out";
  std::uint32_t threads = 0;     ///< LibTorch's CPU threads; 0: LibTorch's default
  bool cuda_graphs = false;      ///< capture training passes as CUDA graphs
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

  /// Keys by full name that a checkpoint's recipe said, and neither the user's own recipe nor the
  /// command line. The code that such a key names is not run (config/code_name.h).
  std::set<std::string, std::less<>> said_by_checkpoint;
};

}  // namespace millrace::config

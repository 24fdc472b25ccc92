// The settings of a recipe, one struct per section, with nanoGPT's names where it has one.
//
// Plain data: read and checked by config/recipe.cc, whose key table (config/keys.cc) holds each key's type, range, default and
// what it shapes. Defaults stand here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace millrace::config {

/// [data]: the text, and the seed of everything that is drawn from it.
struct DataOptions {
  /// A UTF-8 text file. Unset: data/tinyshakespeare.txt where it is, else the generated corpus.
  std::optional<std::string> path;
  double val_fraction = 0.1;
  std::uint64_t data_seed = 1337;
};

/// One entry of a schedule: a way to mask. Which numbers count depends on the type (ORACLES: masking).
struct StageOptions {
  std::string type;                                   ///< "random", "sticky" or "span"
  double max_masked_ratio = 0.0;                      ///< random
  double target_masked_ratio = 0.0;                   ///< sticky
  double p1_probability = 0.0;                        ///< sticky: weight of a position without a selected neighbour
  double p2_probability = 0.0;                        ///< sticky: weight of a position with one
  std::uint32_t spans_count = 0;                      ///< span
  std::optional<std::uint64_t> from_step;             ///< schedule steps: completed steps after which the stage holds
  std::optional<std::uint64_t> val_loss_stale_count;  ///< schedule plateau: evaluations without improvement before moving on
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
  std::string key_file;                                   ///< this process's key pair
  std::string server_key;                                 ///< the trainer's public key, for producers
  std::string allowed_keys;                               ///< file of the producers' public keys, for the trainer
  double audit = 0.0;                                     ///< share of the ranges that two producers compute, to be compared
  double late_s = 2.0;                                    ///< after which a range is asked of a second producer, at least
  std::uint32_t window_batches = 64;                      ///< batches asked for ahead of the trainer
  std::uint64_t window_bytes = std::uint64_t{256} << 20;  ///< and no more bytes than these
};

/// [watch]: the HTTP port of prepare and train (docs/watching.md).
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
};

/// [train]
struct TrainOptions {
  std::string objective = "mlm";
  std::uint64_t seed = 1337;
  std::string device = "auto";  ///< auto, cpu, cuda
  std::string dtype = "auto";   ///< auto, float32, bfloat16, float16, and float64 for tests
  std::uint32_t batch_size = 16;
  std::uint32_t gradient_accumulation_steps = 1;
  std::uint64_t max_iters = 10000;
  double learning_rate = 5e-4;
  double min_lr = 5e-5;
  std::uint64_t warmup_iters = 500;
  std::uint64_t lr_decay_iters = 10000;
  double weight_decay = 0.1;
  double beta1 = 0.9;
  double beta2 = 0.99;
  double grad_clip = 1.0;  ///< largest norm of the gradient; 0: none
  std::uint64_t eval_interval = 250;
  std::uint64_t eval_iters = 200;  ///< micro-batches of one evaluation, over all ranks and stages
  std::uint64_t log_interval = 10;
  std::uint64_t checkpoint_interval = 500;
  std::uint32_t keep_checkpoints = 3;
  std::string out_dir = "out";
  std::uint32_t threads = 0;     ///< of LibTorch's CPU kernels; 0: its own choice
  std::uint32_t timeout_s = 60;  ///< of a collective operation between ranks
};

struct Options {
  DataOptions data;
  ProviderOptions provider;
  ProducerOptions producer;
  QueueOptions queue;
  WatchOptions watch;
  ModelOptions model;
  TrainOptions train;
};

}  // namespace millrace::config

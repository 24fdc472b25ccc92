#include "config/keys.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <type_traits>

#include "config/dataset_keys.h"
#include "config/errors.h"
#include "config/nearest.h"
#include "config/settings.h"
#include "config/stream_keys.h"
#include "config/value_text.h"

namespace millrace::config {
namespace {

using enum Shapes;

// A member's value as the table's Value type, and back.
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
        std::string_view about, bool (*counts)(const Options&) = nullptr) {
  return {
      section,
      name,
      std::move(kind),
      shapes,
      [](const Options& options) { return to_value(options.*kSection.*kMember); },
      [](Options& options, const Value& value) { from_value(value, options.*kSection.*kMember); },
      about,
      counts};
}
template <auto kMember>
Key data(std::string_view name, Kind kind, Shapes shapes, std::string_view about,
         bool (*counts)(const Options&) = nullptr) {
  return key<&Options::data, kMember>("data", name, std::move(kind), shapes, about, counts);
}
template <auto kMember>
Key provider(std::string_view name, Kind kind, std::string_view about,
             bool (*counts)(const Options&)) {
  return key<&Options::provider, kMember>("provider", name, std::move(kind), kStream, about,
                                          counts);
}
template <auto kMember>
Key annotate(std::string_view name, Kind kind, std::string_view about) {
  return key<&Options::annotate, kMember>("annotate", name, std::move(kind), kRun, about);
}
template <auto kMember>
Key producer(std::string_view name, Kind kind, std::string_view about) {
  return key<&Options::producer, kMember>("producer", name, std::move(kind), kRun, about);
}
template <auto kMember>
Key queue(std::string_view name, Kind kind, std::string_view about) {
  return key<&Options::queue, kMember>("queue", name, std::move(kind), kRun, about);
}
template <auto kMember>
Key watch(std::string_view name, Kind kind, std::string_view about) {
  return key<&Options::watch, kMember>("watch", name, std::move(kind), kRun, about);
}
template <auto kMember>
Key model(std::string_view name, Kind kind, std::string_view about) {
  return key<&Options::model, kMember>("model", name, std::move(kind), kModel, about);
}
template <auto kMember>
Key train(std::string_view name, Kind kind, Shapes shapes, std::string_view about) {
  return key<&Options::train, kMember>("train", name, std::move(kind), shapes, about);
}

// TOML's integers are signed.
constexpr std::uint64_t kMaxSeed = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t kMaxWindowBytes = std::uint64_t{1} << 40;
constexpr IntKind kSteps{0, kMaxSteps};
constexpr IntKind kInterval{1, kMaxSteps};
constexpr FloatKind kRate{0, 10};
constexpr FloatKind kBelowOne{.least = 0, .most = 1, .below = true};
constexpr FloatKind kSmall{.least = 0, .most = 0.5, .above = true};
constexpr FloatKind kWeight{0, 1e6};
constexpr FloatKind kSigma{1e-12, 100};  // below, no word of 32 bits moves a token; above, all do
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
  return {
      data<&D::path>("path", StringKind{}, kRun,
                     "a file or folder; unset: data/tinyshakespeare.txt where it is, else the "
                     "built-in text"),
      data<&D::format>("format",
                       StringKind{{"auto", "text", "lines", "csv", "jsonl", "text8", "tokens",
                                   "token_folder", "markov"}},
                       kRun,
                       "how path holds its documents; auto: by its name (.csv, .jsonl, .bin, each "
                       "also .gz or .zst), else text; "
                       "markov: text of known entropy, without a path"),
      data<&D::column>("column", maybe_text, kRun,
                       "the column of csv, or the key of jsonl, that holds the text"),
      data<&D::val_fraction>("val_fraction", kBelowOne, kStream,
                             "the share of the dataset, at its end, that is val",
                             val_fraction_counts),
      data<&D::test_fraction>("test_fraction", kBelowOne, kStream,
                              "the share of the dataset, behind val, that is test",
                              test_fraction_counts),
      data<&D::data_seed>("data_seed", IntKind{0, kMaxSeed}, kStream,
                          "seed of everything that is drawn from the data"),
      data<&D::order>("order", StringKind{{"random", "shuffle", "sequential"}}, kStream,
                      "of train's windows; random: drawn with replacement; shuffle: each once per "
                      "epoch, in a new order each",
                      order_counts),
      data<&D::align>("align", StringKind{{"auto", "line", "any"}}, kStream,
                      "where a window may start; auto: at lines for char_diffusion and "
                      "char_random_replacement, else anywhere",
                      align_counts),
      data<&D::tokenizer>("tokenizer", maybe_text, kRun,
                          "byte-level BPE: a tokenizer.json, a vocab.bpe, or the folder of either; "
                          "empty: characters"),
      data<&D::vocabulary>(
          "vocabulary", maybe_text, kRun,
          "a vocab.json of characters; empty: the characters that the dataset has"),
      data<&D::unknown>(
          "unknown", StringKind{{"error", "replace", "drop"}}, kRun,
          "characters that the vocabulary lacks: an error, replaced by [UNK], or left out"),
      data<&D::vocab_size>(
          "vocab_size", IntKind{0, 1U << 31}, kRun,
          "ids of token files that have no tokenizer; 0: the largest that occurs, and one"),
      data<&D::cache>("cache", maybe_text, kRun,
                      "folder of indexes; empty: beside the dataset, or the user's cache where "
                      "that cannot be written"),
      data<&D::datasets>("datasets", DatasetsKind{}, kRun,
                         "several datasets instead of path, mixed by their weights", are_mixed),
      data<&D::dataset>(
          "dataset", maybe_text, kRun,
          "the name of the one of data.datasets that is meant; empty: all enabled ones"),
      data<&D::shards>("shards", StringKind{}, kRun,
                       "cascade: folder of scored token shards, which annotate writes"),

      provider<&P::name>(
          "name", StringKind{},
          "the function from index to sample, or the path of a shared library that has it",
          nullptr),
      provider<&P::block_size>("block_size", IntKind{1, 1 << 20},
                               "tokens of a sample; cascade: its lengths say it",
                               block_size_counts),
      provider<&P::mask_probability>(
          "mask_probability", FloatKind{.least = 0, .most = 1, .above = true},
          "share of positions selected where no stage says otherwise", mask_probability_counts),
      provider<&P::partial_targets>("partial_targets", BoolKind{},
                                    "targets at selected positions only; false: at all",
                                    partial_targets_counts),
      provider<&P::schedule>(
          "schedule", StringKind{{"none", "mix", "steps", "plateau"}},
          "which stage a train sample has; none: default masking; mix: all equally often",
          schedule_counts),
      provider<&P::stages>("stages", StagesKind{}, "the ways to mask train samples", stages_count),
      provider<&P::validation_stages>(
          "validation_stages", StagesKind{},
          "the ways to mask val samples, mixed equally; empty: default masking",
          validation_stages_count),
      provider<&P::random_weight>("random_weight", kWeight,
                                  "char_random_replacement: of becoming a random token",
                                  replacement_counts),
      provider<&P::mask_weight>("mask_weight", kWeight,
                                "char_random_replacement: of becoming [MASK]", replacement_counts),
      provider<&P::fragment_weight>(
          "fragment_weight", kWeight,
          "char_random_replacement: of becoming part of a fragment of the train text",
          fragment_weight_counts),
      provider<&P::original_token_probability_multiplier>(
          "original_token_probability_multiplier", kWeight,
          "char_random_replacement: of the original token's weight in the random draw",
          replacement_counts),
      provider<&P::graph>("graph", StringKind{{"absorb", "uniform"}},
                          "sedd: what noise makes of a token: [MASK], or any token", graph_counts),
      provider<&P::noise>("noise", StringKind{{"loglinear", "geometric"}},
                          "sedd, masked, cascade: the noise schedule sigma(t)", noise_counts),
      provider<&P::sigma_min>("sigma_min", kSigma, "geometric noise: sigma(0)", geometric_counts),
      provider<&P::sigma_max>("sigma_max", kSigma, "geometric noise: sigma(1)", geometric_counts),
      provider<&P::noise_eps>("noise_eps", kSmall,
                              "log-linear noise: the share of tokens that is never moved, at t = 1",
                              loglinear_counts),
      provider<&P::sampling_eps>("sampling_eps", kSmall,
                                 "sedd, masked, cascade: times are drawn from (sampling_eps, 1]",
                                 noise_counts),
      provider<&P::t_group>("t_group", IntKind{1, 1 << 20},
                            "samples whose times are stratified together; a power of two",
                            t_group_counts),
      provider<&P::timesteps>("timesteps", IntKind{2, 1'000'000},
                              "d3pm: the steps T from data to noise", timesteps_count),
      provider<&P::cascade_stage>("cascade_stage", IntKind{1, 3}, "cascade: whose samples",
                                  cascade_counts),
      provider<&P::stage1_length>("stage1_length", kLength, "cascade: tokens of stage 1",
                                  stage1_length_counts),
      provider<&P::stage2_length>("stage2_length", kLength, "cascade: tokens of stage 2",
                                  cascade_counts),
      provider<&P::stage3_length>("stage3_length", kLength,
                                  "cascade: tokens of stage 3, a chunk of text", cascade_counts),
      provider<&P::source>(
          "source", StringKind{{"markov", "random"}},
          "synthetic: text of known entropy, or random tokens of a constant shape, for measuring",
          source_counts),
      provider<&P::source_symbols>("source_symbols", IntKind{2, 1 << 20},
                                   "synthetic, and data.format markov: the alphabet",
                                   source_symbols_count),
      provider<&P::source_order>("source_order", IntKind{1, 4},
                                 "of the markov source: symbols that the next one depends on",
                                 source_order_counts),
      provider<&P::settings>("settings", SettingsKind{},
                             "of a provider that is not built in: what it asks for",
                             settings_count),

      annotate<&A::selection>("selection", StringKind{{"constituency", "keybert_no_stopword"}},
                              "the rule that picks the tokens of the cascade's first stages"),
      annotate<&A::scorer>(
          "scorer", StringKind{{"builtin", "python"}},
          "who scores words; python: spaCy for constituency, KeyBERT for keybert_no_stopword"),
      annotate<&A::python>("python", StringKind{}, "the interpreter that has spaCy or KeyBERT"),
      annotate<&A::spacy_model>("spacy_model", StringKind{}, "spaCy's model"),
      annotate<&A::keybert_model>("keybert_model", StringKind{},
                                  "KeyBERT's sentence-transformers model"),
      annotate<&A::processes>("processes", IntKind{1, 1024}, "processes of spaCy"),
      annotate<&A::vocab_size>(
          "vocab_size", IntKind{257, 1 << 20},
          "tokens of the tokenizer that is trained where data.tokenizer is empty"),
      annotate<&A::save_interval_s>(
          "save_interval_s", FloatKind{0, 86400},
          "seconds between saves of an unfinished shard, which a killed annotate continues from"),

      producer<&ProducerOptions::threads>("threads", IntKind{1, 1024},
                                          "threads of one prepare that compute samples"),

      queue<&Q::uri>("uri", StringKind{},
                     "the transport: file://FOLDER, tcp://HOST:PORT, ipc://PATH or inproc://"),
      queue<&Q::advertise>("advertise", maybe_text,
                           "HOST or HOST:PORT at which producers reach this rank, where it is not "
                           "the one it listens at"),
      queue<&Q::insecure>(
          "insecure", BoolKind{},
          "allow an address beyond this machine without keys; nothing on the way is encrypted"),
      queue<&Q::key_file>("key_file", maybe_text,
                          "this process's key pair, made by scripts/keys; empty: no keys"),
      queue<&Q::server_key>("server_key", maybe_text,
                            "the trainer's public key, for a producer that has keys"),
      queue<&Q::allowed_keys>(
          "allowed_keys", maybe_text,
          "file of the producers' public keys, one a line, for a trainer that has keys"),
      queue<&Q::late_s>(
          "late_s", FloatKind{0.1, 86400},
          "seconds after which a range is late and a second producer is asked as well, at least"),
      queue<&Q::audit>("audit", FloatKind{0, 1},
                       "share of the ranges that two producers compute, to be compared"),
      queue<&Q::window_batches>("window_batches", IntKind{1, 65536},
                                "batches asked for ahead of the trainer"),
      queue<&Q::window_bytes>("window_bytes", IntKind{1, kMaxWindowBytes},
                              "and no more bytes than these"),

      watch<&W::address>("address", StringKind{.choices = {}, .may_be_empty = true},
                         "HOST:PORT of /metrics and /healthz, port 0: any, rank r of train at port "
                         "+ r; empty: off"),
      watch<&W::exposed>("exposed", BoolKind{},
                         "allow an address beyond this machine; whoever asks is answered"),

      model<&M::architecture>("architecture", StringKind{},
                              "the network: bidirectional (rotary positions), dit (modulated by "
                              "the time) or gpt2 (causal)"),
      model<&M::n_layer>("n_layer", IntKind{1, 1024}, "blocks"),
      model<&M::n_head>("n_head", IntKind{1, 1024}, "attention heads"),
      model<&M::n_embd>("n_embd", IntKind{2, 65536}, "width; a multiple of 2 * n_head"),
      model<&M::dropout>("dropout", kBelowOne, "probability of dropping an activation"),
      model<&M::cond_dim>("cond_dim", IntKind{1, 65536},
                          "bidirectional, dit: width of the time's embedding"),
      model<&M::time_conditioning>(
          "time_conditioning", BoolKind{},
          "bidirectional, dit: tell the network the time, where the stream has one"),
      model<&M::bias>("bias", BoolKind{}, "gpt2: biases in matrices and norms"),

      train<&T::objective>("objective", StringKind{}, kOptimizer,
                           "the loss: mlm, sedd, mdlm, d3pm_absorb, cascade or ar"),
      train<&T::scale_by_sigma>(
          "scale_by_sigma", BoolKind{}, kOptimizer,
          "sedd, cascade, with a mask: logits are scores relative to those of a uniform guess"),
      train<&T::ce_weight>("ce_weight", kWeight, kOptimizer,
                           "d3pm_absorb: weight of the cross-entropy beside the bound's terms"),
      train<&T::seed>("seed", IntKind{0, kMaxSeed}, kOptimizer,
                      "seed of initialisation and dropout"),
      train<&T::device>("device", StringKind{{"auto", "cpu", "cuda"}}, kRun,
                        "auto: cuda where there is one"),
      train<&T::dtype>("dtype", StringKind{{"auto", "float32", "bfloat16", "float16", "float64"}},
                       kOptimizer,
                       "of the computation; auto: half precision where the machine is fast at it; "
                       "float64: for tests"),
      train<&T::batch_size>("batch_size", IntKind{1, 65536}, kOptimizer,
                            "samples of a micro-batch"),
      train<&T::gradient_accumulation_steps>("gradient_accumulation_steps", IntKind{1, 65536},
                                             kOptimizer, "micro-batches of a step, over all ranks"),
      train<&T::max_iters>("max_iters", kSteps, kRun, "steps of the whole run"),
      train<&T::max_epochs>("max_epochs", kSteps, kRun,
                            "epochs after which the run ends, where max_iters does not end it "
                            "before; 0: max_iters alone"),
      train<&T::learning_rate>("learning_rate", kRate, kOptimizer, "the highest learning rate"),
      train<&T::min_lr>("min_lr", kRate, kOptimizer,
                        "where the cosine ends; the other schedules have no use for it"),
      train<&T::warmup_iters>("warmup_iters", kSteps, kOptimizer,
                              "steps of linear warmup, but for the schedule constant"),
      train<&T::lr_decay_iters>("lr_decay_iters", kSteps, kOptimizer,
                                "the step at which the cosine ends; does not follow max_iters"),
      train<&T::lr_schedule>("lr_schedule", StringKind{{"cosine", "warmup_constant", "constant"}},
                             kOptimizer,
                             "of the learning rate; cosine: warmup, then down to min_lr; "
                             "warmup_constant: warmup, then no change"),
      train<&T::optimizer>("optimizer", StringKind{{"adamw", "adam"}}, kOptimizer,
                           "adam: the weight decay is part of the gradient"),
      train<&T::weight_decay>("weight_decay", kRate, kOptimizer,
                              "the optimizer's, on matrices only"),
      train<&T::beta1>("beta1", kBelowOne, kOptimizer, "the optimizer's"),
      train<&T::beta2>("beta2", kBelowOne, kOptimizer, "the optimizer's"),
      train<&T::grad_clip>("grad_clip", FloatKind{0, 1e6}, kOptimizer,
                           "largest norm of the gradient; 0: no limit"),
      train<&T::ema>(
          "ema", kBelowOne, kOptimizer,
          "decay of the parameters' moving average, which is what evaluations look at; 0: none"),
      train<&T::max_bad_steps>(
          "max_bad_steps", kInterval, kRun,
          "steps in a row without a finite loss and gradient that end the run; 1: the first does"),
      train<&T::eval_interval>("eval_interval", kInterval, kRun, "steps between evaluations"),
      train<&T::epoch_eval_interval>("epoch_eval_interval", kSteps, kRun,
                                     "epochs between further evaluations; 0: none"),
      train<&T::eval_iters>("eval_iters", IntKind{1, 1'000'000}, kRun,
                            "micro-batches of one evaluation, over all ranks and stages"),
      train<&T::log_interval>("log_interval", kInterval, kRun, "steps between lines of metrics"),
      train<&T::checkpoint_interval>("checkpoint_interval", kInterval, kRun,
                                     "steps between checkpoints"),
      train<&T::keep_checkpoints>("keep_checkpoints", IntKind{1, 10000}, kRun,
                                  "how many of the newest are kept"),
      train<&T::epoch_checkpoint_interval>(
          "epoch_checkpoint_interval", kSteps, kRun,
          "epochs between checkpoints that stay, as epoch-0005 in out_dir; 0: none"),
      train<&T::out_dir>("out_dir", StringKind{}, kRun, "folder of metrics and checkpoints"),
      train<&T::threads>("threads", IntKind{0, 1024}, kRun,
                         "of LibTorch's CPU kernels; 0: its own choice"),
      train<&T::cuda_graphs>("cuda_graphs", BoolKind{}, kRun,
                             "give a GPU whole passes at once (docs/explanation/performance.md)"),
      train<&T::timeout_s>("timeout_s", IntKind{1, 86400}, kRun,
                           "seconds that a rank waits for the others"),
  };
}

std::string whole_expectation(const IntKind& kind) {
  return "a whole number from " + std::to_string(kind.least) + " to " + std::to_string(kind.most);
}

std::string real_expectation(const FloatKind& kind) {
  return "a number " + std::string(kind.above ? "above " : "from ") + shortest(kind.least) +
         (kind.below ? " to below " : " to ") + shortest(kind.most);
}

std::string text_expectation(const StringKind& kind) {
  if (kind.choices.empty()) return kind.may_be_empty ? "a text" : "a text that is not empty";
  std::string list;
  for (const std::string_view choice : kind.choices) {
    list += (list.empty() ? "" : ", ") + std::string(choice);
  }
  return "one of " + list;
}

// Not-a-number fails both comparisons.
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
  std::string text;
  for (const Key* each : choices) text += (text.empty() ? "'" : " or '") + each->full_name() + "'";
  return text;
}

}  // namespace

std::string Key::full_name() const { return std::string(section) + "." + std::string(name); }

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
  if (const auto* whole = std::get_if<IntKind>(&kind)) return whole_expectation(*whole);
  if (const auto* real = std::get_if<FloatKind>(&kind)) return real_expectation(*real);
  if (const auto* text = std::get_if<StringKind>(&kind)) return text_expectation(*text);
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
  if (const auto* whole = std::get_if<IntKind>(&kind)) {
    const std::uint64_t number = std::get<std::uint64_t>(value);
    return number >= whole->least && number <= whole->most;
  }
  if (const auto* real = std::get_if<FloatKind>(&kind)) {
    return inside(*real, std::get<double>(value));
  }
  if (const auto* text = std::get_if<StringKind>(&kind)) {
    return inside(*text, std::get<std::string>(value));
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

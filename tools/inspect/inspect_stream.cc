// inspect stream CONFIG: computes samples of a recipe's stream from the pure function.
#include <algorithm>
#include <iostream>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <spdlog/spdlog.h>

#include "config/errors.h"
#include "config/recipe.h"
#include "datasets/characters/character_vocabulary.h"
#include "providers/data_provider.h"
#include "providers/registry.h"
#include "tools/inspect/decode_text.h"
#include "tools/inspect/describe_stream.h"
#include "tools/inspect/show_samples.h"
#include "tools/subcommands.h"

namespace millrace::tools {
namespace {

constexpr std::uint64_t kShownByDefault = 4;
constexpr std::uint64_t kMaxStage = 254;
constexpr std::uint64_t kMaxIndex = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t kComputedAtOnce = 64;  // samples

struct Request {
  proto::Split split = proto::Split::kTrain;
  std::uint64_t first = 0;
  std::optional<std::uint64_t> count;
  std::optional<std::uint8_t> stage;
  Form form = Form::kText;
};

proto::Split split_of(const config::Arguments& arguments) {
  const std::string name = arguments.value("split").value_or("train");
  const std::optional<proto::Split> split = proto::split_from(name);
  if (!split) throw config::UsageError("--split=" + name + ": expected train, val or test");
  return *split;
}

Form form_of(const config::Arguments& arguments) {
  if (arguments.has("digest")) return arguments.json ? Form::kDigestJson : Form::kDigests;
  return arguments.json ? Form::kJson : Form::kText;
}

Request request_of(const config::Arguments& arguments) {
  Request request;
  request.split = split_of(arguments);
  request.form = form_of(arguments);
  request.first = arguments.number("first", 0, kMaxIndex).value_or(0);
  request.count = arguments.number("count", 1, kMaxIndex);
  const auto stage = arguments.number("stage", 0, kMaxStage);
  if (stage) request.stage = static_cast<std::uint8_t>(*stage);
  return request;
}

// The number of samples to show: by default a few, or the rest of the split.
std::uint64_t count_of(const Request& request, std::uint64_t size) {
  if (request.count) return *request.count;
  const bool digests = request.form == Form::kDigests || request.form == Form::kDigestJson;
  return digests ? 1 : std::min(kShownByDefault, size - std::min(size - 1, request.first));
}

void check_against(const providers::DataProvider& provider, const Request& request) {
  const proto::StreamMeta& meta = provider.meta();
  const std::string split(proto::to_string(request.split));
  const std::uint64_t size = meta.size(request.split);
  if (size == 0) {
    throw std::runtime_error("dataset " + meta.dataset_name + " has no " + split + " split");
  }
  const std::uint64_t last = request.first + count_of(request, size) - 1;
  if (last >= size) {
    throw config::UsageError("sample " + std::to_string(last) + " was asked for; the last one of " +
                             split + " is " + std::to_string(size - 1));
  }
  const bool named = provider.trainer_names_stages() && request.split == proto::Split::kTrain;
  if (named && !request.stage) {
    throw config::UsageError("the trainer names the stages of this stream: give one, --stage=K");
  }
  const std::size_t stages = meta.train_stages.size();
  if (named && *request.stage >= stages) {
    throw config::UsageError("--stage=" + std::to_string(*request.stage) +
                             ": the train stages of this stream are 0 to " +
                             std::to_string(stages - 1));
  }
  if (!named && request.stage) {
    throw config::UsageError(
        "--stage: the stage of these samples is part of the stream's function");
  }
}

void show_all(const providers::DataProvider& provider, const Request& request) {
  const std::uint64_t wanted = count_of(request, provider.meta().size(request.split));
  for (std::uint64_t done = 0; done < wanted; done += kComputedAtOnce) {
    const auto count = static_cast<std::uint32_t>(std::min(kComputedAtOnce, wanted - done));
    const proto::Range range{request.split, request.first + done, count, request.stage};
    show_samples(provider.meta(), providers::fill_batch(provider, range), request.form);
  }
}

/// Saves the characters of the stream's dataset, without tokens that the provider adds.
void save_characters(const proto::StreamMeta& meta, const std::string& file) {
  if (meta.vocabulary.empty() || meta.byte_level) {
    throw config::UsageError(
        "--save-vocabulary: the tokens of this stream are no characters; their vocabulary is their "
        "tokenizer's");
  }
  std::vector<std::string> tokens = meta.vocabulary;
  if (meta.mask_token_id) tokens.resize(*meta.mask_token_id);
  datasets::save_vocabulary(file, tokens);
  spdlog::info("{}: {} characters; use it with --data.vocabulary={}", file, tokens.size(), file);
}

int run(const config::Arguments& arguments) {
  const config::Options options =
      config::load_recipe(arguments.positional.front(), arguments.overrides);
  const Request request = request_of(arguments);
  const std::unique_ptr<providers::DataProvider> provider = providers::make_provider(options);
  if (const auto file = arguments.value("save-vocabulary")) {
    arguments.refuse({"split", "first", "count", "digest", "stage"},
                     "--save-vocabulary, which writes characters and no samples");
    save_characters(provider->meta(), *file);
    return 0;
  }
  check_against(*provider, request);
  if (request.form == Form::kText || request.form == Form::kJson) check_shown(provider->meta());
  if (request.form == Form::kText) describe(std::cout, provider->meta());
  if (request.form == Form::kJson) std::cout << to_json_line(provider->meta()) << "\n";
  show_all(*provider, request);
  show_legend(request.form);
  return 0;
}

}  // namespace

Subcommand stream_subcommand() {
  return {
      "stream",
      {.name = "inspect stream",
       .usage = "CONFIG [overrides] [--split S] [--first I] [--count N] [--digest] [--stage K] | "
                "--save-vocabulary FILE",
       .about =
           "Computes samples of a recipe's stream and shows them as text, with marks on masked "
           "and replaced tokens.",
       .flags = {{"split", "S", "train (the default), val or test"},
                 {"first", "I", "index of the first sample; default 0"},
                 {"count", "N", "number of samples; default 4, with --digest 1"},
                 {"digest", "", "only print a line `split index stage digest` for each sample"},
                 {"stage", "K", "the stage of train samples, if the trainer names stages"},
                 {.name = "save-vocabulary",
                  .placeholder = "FILE",
                  .help = "only write the characters and their ids, for data.vocabulary",
                  .kind = config::Path{}}}},
      run};
}

}  // namespace millrace::tools

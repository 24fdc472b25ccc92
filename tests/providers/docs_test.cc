// The worked examples of docs/ have the values that the code computes, and its quotes are files
// that the tests build.
#include <bit>
#include <map>

#include <gtest/gtest.h>

#include "base/text.h"
#include "proto/digest.h"
#include "proto/files.h"
#include "providers/char_diffusion.h"
#include "providers/char_random_replacement.h"
#include "providers/diffusion/noise.h"
#include "providers/markov/markov_process.h"
#include "providers/markov/markov_text.h"
#include "providers/random/philox.h"
#include "providers/registry.h"
#include "providers/windows/mixture.h"
#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

using proto::Split;

std::string page(const std::string& name) {
  return proto::read_file(std::string(MILLRACE_SOURCE_DIR) + "/docs/" + name);
}

std::string hex_words(std::span<const std::uint32_t> words) {
  return base::joined(words, " ", [](auto word) { return proto::hex16(word).substr(8); });
}

std::string hex_bytes(std::span<const std::byte> bytes) {
  return base::joined(bytes, " ", [](std::byte byte) {
    return proto::hex16(std::to_integer<std::uint64_t>(byte)).substr(14);
  });
}

TEST(Docs, PhiloxShowsAnExampleWithItsBytes) {
  const std::string philox = page("reference/philox.md");
  const PhiloxKey key{1337, 0};
  // Index 2^33 + 5, draw number 1, val, stage 3, corrupt.
  const PhiloxBlock counter{5, 2, 1, 0x01000302};
  expect_contains(philox, {hex_words(key)});
  expect_contains(philox, {hex_words(counter)});
  expect_contains(philox, {hex_bytes(std::as_bytes(std::span(counter)))});
  const PhiloxBlock block = philox4x32_10(counter, key);
  expect_contains(philox, {hex_words(block)});
  const PhiloxStream draws(1337, Split::kVal, 3, (std::uint64_t{1} << 33) + 5);
  EXPECT_EQ(draws.word(Purpose::kCorrupt, 6), block[2]);
  expect_contains(philox, {"uniform_below(" + hex_words(std::span(block).subspan(2, 1)) +
                           ", 100) = " + std::to_string(uniform_below(block[2], 100))});
}

TEST(Docs, CharDiffusionShowsASampleWithItsBytes) {
  const std::string char_diffusion = page("reference/char_diffusion.md");
  const TextFile file("the mill\nruns by\nthe race\nof water\n");
  config::Options options;
  options.data = {.path = file.path(), .val_fraction = 0, .data_seed = 1337};
  options.provider.block_size = 12;
  options.provider.schedule = "mix";
  options.provider.stages = {sticky_stage(.5, .1, .4)};
  const auto provider = make_char_diffusion(options);
  const proto::Batch batch = fill_batch(*provider, {Split::kTrain, 2, 1, {}});
  for (const auto& column : batch.columns) {
    expect_contains(char_diffusion, {hex_bytes(column.bytes)});
  }
  expect_contains(char_diffusion,
                  {proto::hex16(proto::sample_digest(provider->meta().schema, batch, 0))});
  expect_contains(char_diffusion, {provider->meta().dataset_hash});
  expect_contains(char_diffusion, {provider->meta().fingerprint});
}

TEST(Docs, CharRandomReplacementShowsASampleWithItsBytes) {
  const std::string shown = page("reference/char_random_replacement.md");
  const TextFile file("the mill\nruns by\nthe race\nof water\n");
  config::Options options;
  options.data = {.path = file.path(), .val_fraction = 0, .data_seed = 1337};
  options.provider.name = "char_random_replacement";
  options.provider.block_size = 12;
  options.provider.mask_probability = 0.25;
  options.provider.random_weight = 0.5;
  options.provider.mask_weight = 0.2;
  options.provider.fragment_weight = 0.3;
  options.provider.original_token_probability_multiplier = 2;
  const auto provider = make_char_random_replacement(options);
  const proto::Batch batch = fill_batch(*provider, {Split::kTrain, 5, 1, {}});
  for (const auto& column : batch.columns) expect_contains(shown, {hex_bytes(column.bytes)});
  expect_contains(shown, {proto::hex16(proto::sample_digest(provider->meta().schema, batch, 0))});
  expect_contains(shown, {provider->meta().fingerprint});
}

/// Expects a page to show the sample's columns and digest, and the stream's fingerprint.
void expect_shown(const std::string& name, const config::Options& options, std::uint64_t index) {
  const std::string shown = page(name);
  const auto provider = make_provider(options);
  const proto::Batch batch = fill_batch(*provider, {Split::kTrain, index, 1, {}});
  for (const auto& column : batch.columns) expect_contains(shown, {hex_bytes(column.bytes)});
  expect_contains(shown, {proto::hex16(proto::sample_digest(provider->meta().schema, batch, 0)),
                          provider->meta().fingerprint});
}

config::Options example_options(const std::string& provider, const TextFile& file) {
  config::Options options;
  options.data = {.path = file.path(), .val_fraction = 0, .data_seed = 1337};
  options.provider.name = provider;
  options.provider.block_size = 12;
  options.provider.t_group = 4;
  return options;
}

TEST(Docs, NoiseShowsSamplesWithTheirBytes) {
  const TextFile file("the mill\nruns by\nthe race\nof water\n");
  config::Options options = example_options("sedd", file);
  expect_shown("reference/noise.md", options, 7);
  expect_contains(
      page("reference/noise.md"),
      {hex_words(PhiloxStream(1337, Split::kTrain, 0, 7).words(Purpose::kSelect, 0, 12)),
       hex_words(PhiloxStream(1337, Split::kTrain, 0, 1).words(Purpose::kTime, 0, 1)),
       std::to_string(Noise(options.provider).move_threshold(std::bit_cast<float>(0x3eb84fdfU)))});
  options.provider.graph = "uniform";
  options.provider.noise = "geometric";
  expect_shown("reference/noise.md", options, 4);
  expect_contains(
      page("reference/noise.md"),
      {std::to_string(Noise(options.provider).move_threshold(std::bit_cast<float>(0x3f1c178dU)))});
  options = example_options("d3pm", file);
  options.provider.timesteps = 10;
  expect_shown("reference/noise.md", options, 7);
}

TEST(Docs, SyntheticShowsASampleAndTheSourceWithItsEntropy) {
  const TextFile file("not read");
  expect_shown("reference/synthetic.md", example_options("synthetic", file), 7);
  const MarkovProcess process(16, 1);
  std::string likeliest;
  for (std::uint32_t context = 0; context < 16; ++context) {
    for (std::uint32_t to = 0; to < 16; ++to) {
      if (process.probability(context, to) == 0.5) likeliest += " " + std::to_string(to);
    }
  }
  expect_contains(page("reference/synthetic.md"),
                  {hex_words(PhiloxStream(1337, Split::kTrain, 0, 7).words(Purpose::kText, 0, 13)),
                   "c is" + likeliest + ".", std::to_string(process.entropy_rate_nats()),
                   std::to_string(process.block_entropy_nats(256)),
                   make_markov_text(process, {0.1, 0})->hash()});
}

TEST(Docs, MixtureShowsQuotasAndSlots) {
  const std::string shown = page("reference/mixture.md");
  const Mixture moving({{{0, 3}}, {{0, 0}, {102'400, 2}}}, 1337);
  for (const auto& [block, weights] : std::map<std::uint64_t, std::string>{
           {0, "0 | 3, 0"}, {50, "50 | 3, 1"}, {99, "98 | 3, 1.96"}, {100, "100 | 3, 2"}}) {
    const auto quotas = moving.quotas(block);
    expect_contains(shown, {"| " + std::to_string(block) + " | " + weights + " | " +
                            std::to_string(quotas[0]) + ", " + std::to_string(quotas[1]) + " |"});
  }
  const Mixture constant({{{0, 3}}, {{0, 1}}}, 1337);
  std::string datasets = "dataset  ";
  std::string numbers = "number   ";
  for (std::uint64_t i = 5120; i < 5136; ++i) {
    datasets += " " + std::to_string(constant.slot(i).dataset);
    numbers += " " + std::to_string(constant.slot(i).number);
  }
  expect_contains(shown, {datasets, numbers});
}

/// Expects a page to quote a whole file of tests/providers/, whose name there is another.
void expect_quoted(const std::string& name, const std::string& file, const std::string& on_page) {
  std::string example =
      proto::read_file(std::string(MILLRACE_SOURCE_DIR) + "/tests/providers/" + file);
  const std::string include = "#include \"tests/providers/";
  if (const std::size_t at = example.find(include); at != std::string::npos) {
    example.replace(at, example.find('\n', at) - at, "#include \"" + on_page + "\"");
  }
  expect_contains(page(name), {example});
}

TEST(Docs, HowToAddAProviderQuotesTheExampleThatIsBuilt) {
  expect_quoted("how-to/add_a_provider.md", "example_provider.cc",
                "tests/providers/example_provider.h");
}

TEST(Docs, HowToAddAMaskingStageQuotesTheExampleThatIsBuilt) {
  expect_quoted("how-to/add_a_masking_stage.md", "masking/suffix_masking.cc",
                "providers/masking/suffix_masking.h");
}

}  // namespace
}  // namespace millrace::providers

#include "providers/markov/markov_text.h"

#include <gtest/gtest.h>

#include "config/errors.h"
#include "proto/digest.h"
#include "providers/registry.h"
#include "providers/windows/open_datasets.h"
#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

using proto::Split;

const MarkovProcess& process() {
  static const MarkovProcess process(16, 1);
  return process;
}

std::vector<std::uint8_t> tokens(const datasets::TokenText& text, Split split) {
  std::vector<std::uint8_t> all(text.length(split));
  text.read(split, 0, std::span(all));
  return all;
}

TEST(MarkovText, IsTheChainOfItsProcess) {
  const auto text = make_markov_text(process(), {0, 0}, 500'000);
  const auto all = tokens(*text, Split::kTrain);
  std::vector<double> pairs(256);
  std::vector<double> from(16);
  for (std::size_t i = 1; i < all.size(); ++i) {
    ++pairs[16U * all[i - 1] + all[i]];
    ++from[all[i - 1]];
  }
  for (std::uint32_t pair = 0; pair < 256; ++pair) {
    const double p = process().probability(pair / 16, pair % 16);
    if (p * from[pair / 16] >= 20) {
      expect_rate(pairs[pair], from[pair / 16], p, std::to_string(pair));
    }
  }
}

TEST(MarkovText, IsCutIntoItsShares) {
  const auto whole = tokens(*make_markov_text(process(), {0, 0}, 1000), Split::kTrain);
  const auto text = make_markov_text(process(), {0.1, 0.2}, 1000);
  std::vector<std::uint8_t> joined;
  for (const Split split : proto::kSplits) {
    const auto part = tokens(*text, split);
    joined.insert(joined.end(), part.begin(), part.end());
  }
  EXPECT_EQ(text->length(Split::kTrain), 700U);
  EXPECT_EQ(text->length(Split::kVal), 100U);
  EXPECT_EQ(text->length(Split::kTest), 200U);
  EXPECT_EQ(joined, whole);
}

TEST(MarkovText, AShorterOneIsTheBeginningOfALongerOne) {
  const auto shorter = tokens(*make_markov_text(process(), {0, 0}, 20'000), Split::kTrain);
  auto longer = tokens(*make_markov_text(process(), {0, 0}, 40'000), Split::kTrain);
  longer.resize(shorter.size());
  EXPECT_EQ(shorter, longer);
}

TEST(MarkovText, NamesItsSymbols) {
  EXPECT_EQ(letters(16).tokens.back(), "p");
  EXPECT_EQ(letters(27).size, 27U);
  EXPECT_TRUE(letters(27).tokens.empty());
}

std::string digest_of(const MarkovProcess& process) {
  const auto all = tokens(*make_markov_text(process, {0, 0}, 100'000), Split::kTrain);
  return proto::hex16(proto::xxh64(std::as_bytes(std::span(all))));
}

// The same bytes everywhere: computed once.
TEST(MarkovText, KeepsItsText) {
  EXPECT_EQ(digest_of(process()), "d1a1f1ff3ea6a77e");
  EXPECT_EQ(digest_of(MarkovProcess(27, 2)), "9f03025cc5fc48ed");
}

config::Options markov_options(const std::string& provider) {
  config::Options options;
  options.provider.name = provider;
  options.provider.block_size = 32;
  options.data.format = "markov";
  return options;
}

TEST(MarkovText, IsADatasetForEveryProviderOfWindows) {
  for (const std::string provider : {"sedd", "masked", "d3pm"}) {
    const auto stream = make_provider(markov_options(provider));
    EXPECT_EQ(stream->meta().dataset_name, "markov-16-1");
    EXPECT_EQ(stream->meta().vocab_size, 17U);
    EXPECT_EQ(stream->meta().settings.at("source_order"), "1");
    const proto::Batch batch = fill_batch(*stream, {Split::kTrain, 0, 200, {}});
    const auto y = batch.values<std::uint8_t>(1);
    double likeliest = 0;
    for (std::size_t i = 1; i < 32; ++i) {
      likeliest += process().probability(y[i - 1], y[i]) == 0.5 ? 1 : 0;
    }
    EXPECT_GT(likeliest, 5);
  }
}

TEST(MarkovText, TakesNoPath) {
  config::Options options = markov_options("sedd");
  options.data.path = "some.txt";
  expect_error<config::UsageError>([&] { (void)open_datasets(options); },
                                   {"data.format", "some.txt", "leave one of them unset"});
}

}  // namespace
}  // namespace millrace::providers

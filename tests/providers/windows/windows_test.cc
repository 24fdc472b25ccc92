// Windows of splits: positions, counts, epochs.
#include "providers/windows/windows.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "datasets/characters/memory_text.h"
#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

using proto::Split;

std::string repeated(const std::string& line, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += line;
  return text;
}

config::Options options_of(const std::string& order, const std::string& align,
                           double val_fraction = 0) {
  config::Options options;
  options.data.val_fraction = val_fraction;
  options.data.order = order;
  options.data.align = align;
  return options;
}

datasets::Datasets one_text(const std::string& text, double val_fraction = 0) {
  const auto tokens = datasets::make_memory_text(text, "some.txt", {val_fraction, 0});
  return {"some.txt", tokens->hash(), tokens->vocabulary(), {{"some.txt", tokens}}};
}

Windows windows_of(const std::string& text, double val_fraction, std::uint32_t length) {
  return {one_text(text, val_fraction), options_of("random", "line", val_fraction), length};
}

/// The first positions of train samples [first, first + count).
std::vector<std::uint64_t> starts(const Windows& windows, std::uint64_t first,
                                  std::uint64_t count) {
  std::vector<std::uint64_t> all;
  for (std::uint64_t i = first; i < first + count; ++i) {
    all.push_back(windows.window(Split::kTrain, i, PhiloxStream(1337, Split::kTrain, 0, i)).first);
  }
  return all;
}

std::vector<std::uint64_t> sorted(std::vector<std::uint64_t> values) {
  std::ranges::sort(values);
  return values;
}

std::string error_of(const std::string& text, double val_fraction, std::uint32_t length) {
  return message_of<std::runtime_error>([&] { (void)windows_of(text, val_fraction, length); });
}

TEST(Windows, SayWhichPartIsTooShort) {
  const std::string text = repeated("abcdefghi\n", 10);
  expect_contains(error_of(text, 0.1, 91), {"some.txt", "train part has 90 tokens", "takes 91",
                                            "block_size", "longer text"});
  expect_contains(error_of(text, 0.1, 11), {"val part has 10 tokens", "val_fraction"});
}

TEST(Windows, SayWhenNoLineStartsEarlyEnough) {
  const std::string text = std::string(100, '\n') + "abbbbbbbbb";
  expect_contains(error_of(text, 0.0, 11), {"no line starts early enough", "110 tokens"});
}

TEST(Windows, HaveNoValWhereTheFractionIsZero) {
  EXPECT_EQ(windows_of("abc\nabc\n", 0.0, 4).size(Split::kVal), 0U);
}

constexpr std::uint64_t kFarEpoch = std::uint64_t{1} << 40;

TEST(Windows, AreTheLinesInOrder) {
  // Lines at 0, 6, 11 and 16; from the last no block of 5 fits.
  const std::string text = "abcd\n\nefgh\nijkl\nmn\n";
  const Windows sequential(one_text(text), options_of("sequential", "line"), 5);
  expect_elements(starts(sequential, 0, 7), {0, 6, 11, 0, 6, 11, 0});
  expect_elements(starts(sequential, 3 * kFarEpoch, 3), {0, 6, 11});
}

TEST(Windows, ShuffleEveryLineOnceAnEpoch) {
  const Windows shuffled(one_text(repeated("abcdefghi\n", 50)), options_of("shuffle", "line"), 30);
  std::vector<std::uint64_t> lines;
  for (std::uint64_t line = 0; line <= 47; ++line) lines.push_back(10 * line);
  const auto epoch = [&](std::uint64_t number) { return starts(shuffled, 48 * number, 48); };
  for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{1}, kFarEpoch}) {
    EXPECT_EQ(sorted(epoch(number)), lines);
  }
  EXPECT_NE(epoch(0), lines);
  EXPECT_NE(epoch(0), epoch(1));
}

TEST(Windows, AreDrawnFromEveryPosition) {
  const Windows random(one_text(repeated("abcdefghi\n", 4)), options_of("random", "any"), 30);
  std::vector<std::uint64_t> counts(11);
  for (const std::uint64_t start : starts(random, 0, 20'000)) ++counts.at(start);
  expect_uniform(counts);
}

TEST(Windows, LieSideBySideInOrder) {
  const Windows sequential(one_text(repeated("abcdefghi\n", 4)), options_of("sequential", "any"),
                           12);
  expect_elements(starts(sequential, 0, 5), {0, 12, 24, 0, 12});
}

// Each epoch has all windows once, side by side, with a shift of its own.
TEST(Windows, ShuffleTheWindowsSideBySideFromEveryBeginning) {
  for (const std::uint64_t tokens : {12, 17, 22, 23, 24, 34, 35, 36, 40, 117}) {
    constexpr std::uint64_t kLength = 12;
    const std::uint64_t windows = std::max<std::uint64_t>(1, (tokens + 1) / kLength - 1);
    const std::uint64_t shifts = std::min(tokens - windows * kLength + 1, kLength);
    const Windows shuffled(one_text(repeated("a", tokens)), options_of("shuffle", "any"), kLength);
    std::vector<std::uint64_t> seen(shifts);
    for (std::uint64_t epoch = 0; epoch < 3000; ++epoch) {
      const std::vector<std::uint64_t> order = sorted(starts(shuffled, windows * epoch, windows));
      ++seen.at(order.front());
      for (std::size_t i = 1; i < order.size(); ++i) ASSERT_EQ(order[i], order[i - 1] + kLength);
      ASSERT_LE(order.back() + kLength, tokens);
    }
    if (shifts > 1) expect_uniform(seen, std::to_string(tokens) + " tokens");
  }
}

TEST(Windows, OfTheNextTokenOverlapByOne) {
  const auto of = [](std::uint64_t tokens, const std::string& order) {
    return Windows(one_text(repeated("a", tokens)), options_of(order, "any"), 10, 1);
  };
  expect_elements(starts(of(31, "sequential"), 0, 4), {0, 10, 20, 0});
  expect_elements(starts(of(30, "sequential"), 0, 3), {0, 10, 0});
  expect_elements(starts(of(11, "random"), 0, 3), {0, 0, 0});
  for (std::uint64_t epoch = 0; epoch < 200; ++epoch) {
    const std::vector<std::uint64_t> order = sorted(starts(of(31, "shuffle"), 2 * epoch, 2));
    EXPECT_EQ(order[1], order[0] + 10);
    EXPECT_LE(order[1] + 11, 31U);
  }
}

TEST(Windows, SayHowManySamplesAnEpochHas) {
  const std::string text = repeated("abcdefghi\n", 10);
  const auto epoch = [&](const std::string& order, const std::string& align,
                         std::uint32_t ahead = 0) {
    return Windows(one_text(text), options_of(order, align), 12, ahead).epoch_samples();
  };
  EXPECT_EQ(epoch("sequential", "any"), 8U);
  EXPECT_EQ(epoch("shuffle", "any"), 7U);
  EXPECT_EQ(epoch("random", "any"), 7U) << "not 89, one for every position";
  for (const char* const order : {"random", "shuffle", "sequential"}) {
    EXPECT_EQ(epoch(order, "line"), 9U) << order;
  }
  EXPECT_EQ(epoch("sequential", "any", 5), 7U);
}

TEST(Windows, OfSeveralDatasetsCountTheirEpochsTogether) {
  datasets::Datasets both = one_text(repeated("abcdefghi\n", 10));
  both.parts.push_back(one_text(repeated("abcdefghi\n", 5)).parts.front());
  config::Options options = options_of("sequential", "any");
  options.data.datasets = {{"a", "a.txt"}, {"b", "b.txt"}};
  options.data.datasets[1].weights = {{0, 3.0}};
  EXPECT_EQ(Windows(both, options, 12).epoch_samples(), 8U + 4U);
}

TEST(Windows, OfValAreOncePerPassInItsOwnOrder) {
  const Windows windows(one_text(repeated("abcdefghi\n", 100), 0.5),
                        options_of("sequential", "any", 0.5), 12);
  ASSERT_EQ(windows.size(Split::kVal), 41U);
  const auto pass = [&](std::uint64_t number) {
    std::vector<std::uint64_t> all;
    for (std::uint64_t i = 41 * number; i < 41 * (number + 1); ++i) {
      all.push_back(windows.window(Split::kVal, i, PhiloxStream(1337, Split::kVal, 0, i)).first);
    }
    return all;
  };
  std::vector<std::uint64_t> grid;
  for (std::uint64_t w = 0; w < 41; ++w) grid.push_back(12 * w);
  EXPECT_EQ(sorted(pass(0)), grid);
  EXPECT_EQ(sorted(pass(7)), grid);
  EXPECT_NE(pass(0), pass(7));
}

TEST(Windows, TheOtherWindowIsAnyOfTrainButThisOne) {
  const Windows windows(one_text(repeated("a", 20)), options_of("random", "any"), 12);
  std::vector<std::uint64_t> seen(9);
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    ++seen.at(windows.other_window({0, 3}, PhiloxStream(1, Split::kTrain, 0, i))->first);
  }
  EXPECT_EQ(seen[3], 0U);
  seen.erase(seen.begin() + 3);
  expect_uniform(seen);
  const Windows single(one_text(repeated("a", 12)), options_of("random", "any"), 12);
  EXPECT_EQ(single.other_window({0, 0}, PhiloxStream(1, Split::kTrain, 0, 0)), std::nullopt);
}

}  // namespace
}  // namespace millrace::providers

// The logarithm against the standard library's, and scores computed by hand.
#include "annotation/tf_idf.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

namespace millrace::annotation {
namespace {

TEST(TfIdf, LogarithmToBaseTwo) {
  EXPECT_EQ(log2_fixed(1, 1), 0u);
  EXPECT_EQ(log2_fixed(8, 1), 3u << 16);
  EXPECT_EQ(log2_fixed(std::uint64_t{1} << 40, 2), std::uint64_t{39} << 16);
  for (std::uint64_t n = 1; n < 3000; n += 7) {
    for (const std::uint64_t d : {std::uint64_t{1}, n / 3 + 1, n}) {
      const double exact = std::log2(static_cast<double>(n) / static_cast<double>(d)) * 65536;
      EXPECT_NEAR(static_cast<double>(log2_fixed(n, d)), exact, 3) << n << "/" << d;
    }
  }
  EXPECT_NEAR(static_cast<double>(log2_fixed(0xFFFFFFFFFFFFFFFF, 3)) / 65536, 64 - std::log2(3.0),
              1e-4);
}

std::map<std::string, std::optional<float>> scores(const PassageFrequencies& frequencies,
                                                   const std::string& passage) {
  std::vector<Word> words = split_words(passage);
  score_keywords(frequencies, passage, words);
  std::map<std::string, std::optional<float>> all;
  for (const Word& word : words) all[std::string(text_of(passage, word))] = word.keyword;
  return all;
}

TEST(TfIdf, FrequentHereAndRareElsewhere) {
  PassageFrequencies frequencies;
  for (const char* passage : {"the mill", "the wheel", "the mill race", "the barge"}) {
    frequencies.add(passage);
  }
  frequencies.compact();
  EXPECT_EQ(frequencies.passages(), 4u);
  EXPECT_EQ(frequencies.of("the"), 4u);
  EXPECT_EQ(frequencies.of("mill"), 2u);
  EXPECT_EQ(frequencies.of("race"), 1u);  // dropped, and so as rare as possible
  EXPECT_EQ(frequencies.of("heron"), 1u);
  // the: 1·log2(4/4) = 0; mill: 2·log2(4/2) = 2; heron: 1·log2(4/1) = 2; Mill is mill.
  const auto found = scores(frequencies, "the mill, a heron; Mill.");
  EXPECT_EQ(found.at("the"), 0.F);
  EXPECT_EQ(found.at("mill"), 1.F);
  EXPECT_EQ(found.at("Mill"), 1.F);
  EXPECT_EQ(found.at("heron"), 1.F);
  EXPECT_EQ(found.at("a"), std::nullopt);  // one letter
  EXPECT_EQ(found.at("."), std::nullopt);
  EXPECT_EQ(found.at(","), std::nullopt);
}

TEST(TfIdf, AShareOfTheLargest) {
  PassageFrequencies frequencies;
  for (int i = 0; i < 16; ++i) frequencies.add(i < 4 ? "wheel" : "stone");
  frequencies.compact();
  // wheel: log2(16/4) = 2; heron: log2(16/1) = 4.
  const auto found = scores(frequencies, "wheel heron");
  EXPECT_EQ(found.at("wheel"), 0.5F);
  EXPECT_EQ(found.at("heron"), 1.F);
}

TEST(TfIdf, NothingToTellApart) {
  PassageFrequencies frequencies;
  frequencies.add("one passage alone");
  frequencies.compact();
  for (const auto& [word, score] : scores(frequencies, "one passage alone")) {
    EXPECT_EQ(score, 0.F) << word;
  }
  EXPECT_TRUE(scores(frequencies, "").empty());
}

}  // namespace
}  // namespace millrace::annotation

// Shared by the tests of providers/: statistics with stated bounds, texts in files, options of
// small streams.
#pragma once

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

#include <gtest/gtest.h>

#include "config/options.h"
#include "datasets/io/utf8.h"
#include "tests/providers/markov/markov_source.h"

namespace millrace::providers {

/// Bounds of the statistical tests, in standard deviations. All draws are fixed, so a test passes
/// always or never. Five detect a wrong formula and reject a right one once in two million.
inline constexpr double kSigmas = 5;

/// Expects `hits` of `trials` independent events of probability p.
inline void expect_rate(double hits, double trials, double p, const std::string& what = {}) {
  EXPECT_LE(std::abs(hits - trials * p), kSigmas * std::sqrt(trials * p * (1 - p)) + 1e-9)
      << what << ": " << hits << " of " << trials << ", expected a share of " << p;
}

/// Expects counts of equally likely outcomes: χ² within kSigmas of its mean, approximated as
/// normal.
inline void expect_uniform(std::span<const std::uint64_t> counts, const std::string& what = {}) {
  double total = 0;
  for (const std::uint64_t count : counts) total += static_cast<double>(count);
  const double expected = total / static_cast<double>(counts.size());
  double chi2 = 0;
  for (const std::uint64_t count : counts) {
    const double off = static_cast<double>(count) - expected;
    chi2 += off * off / expected;
  }
  const double freedom = static_cast<double>(counts.size()) - 1;
  EXPECT_LE(std::abs(chi2 - freedom), kSigmas * std::sqrt(2 * freedom) + kSigmas)
      << what << ": chi2 " << chi2;
}

/// Expects every one of `parts` in `text`.
inline void expect_contains(const std::string& text, std::initializer_list<std::string> parts) {
  for (const std::string& part : parts) {
    EXPECT_NE(text.find(part), std::string::npos) << "no '" << part << "' in: " << text;
  }
}

/// Expects exactly these values.
template <class Range>
void expect_elements(const Range& values,
                     std::initializer_list<typename Range::value_type> expected) {
  EXPECT_EQ(std::vector(values.begin(), values.end()), std::vector(expected));
}

/// Expects that all values are `expected`, and that there is at least one.
template <class Range>
void expect_all(const Range& values, typename Range::value_type expected,
                const std::string& what = {}) {
  EXPECT_FALSE(values.empty()) << what;
  for (const auto& value : values) ASSERT_EQ(value, expected) << what;
}

/// A temporary file, removed with this object.
class TextFile {
 public:
  explicit TextFile(std::string_view content, const std::string& name = "text.txt")
      : folder_(testing::TempDir() + "millrace-providers-" + std::to_string(getpid()) + "-" +
                std::to_string(next_++)) {
    std::filesystem::create_directory(folder_);
    path_ = folder_ + "/" + name;
    std::ofstream(path_, std::ios::binary) << content;
  }
  ~TextFile() { std::filesystem::remove_all(folder_); }
  TextFile(const TextFile&) = delete;
  TextFile& operator=(const TextFile&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  static inline int next_ = 0;
  std::string folder_;
  std::string path_;
};

/// A text of the MarkovSource in a file, so that no test depends on the working directory.
inline const std::string& generated_file() {
  static const TextFile file(MarkovSource().generate(100'000), "generated.txt");
  return file.path();
}

inline config::Options small_options(std::uint32_t block_size = 64) {
  config::Options options;
  options.data.path = generated_file();
  options.provider.block_size = block_size;
  return options;
}

inline config::StageOptions random_stage(double max_masked_ratio) {
  config::StageOptions stage;
  stage.type = "random";
  stage.max_masked_ratio = max_masked_ratio;
  return stage;
}

inline config::StageOptions sticky_stage(double target, double p1, double p2) {
  config::StageOptions stage;
  stage.type = "sticky";
  stage.target_masked_ratio = target;
  stage.p1_probability = p1;
  stage.p2_probability = p2;
  return stage;
}

inline config::StageOptions span_stage(std::uint32_t spans_count) {
  config::StageOptions stage;
  stage.type = "span";
  stage.spans_count = spans_count;
  return stage;
}

/// small_options() with these stages mixed, in train and val alike.
inline config::Options mixed_options(std::vector<config::StageOptions> stages,
                                     std::uint32_t block_size = 64) {
  config::Options options = small_options(block_size);
  options.provider.schedule = "mix";
  options.provider.stages = stages;
  options.provider.validation_stages = std::move(stages);
  return options;
}

/// The message of the exception that `run` throws, which must be an Error; empty after a failed
/// expectation.
template <class Error, class Run>
std::string message_of(Run run) {
  try {
    run();
  } catch (const Error& error) {
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another kind of error: " << error.what();
    return {};
  }
  ADD_FAILURE() << "no error";
  return {};
}

/// Expects that `run` throws an Error whose message has every one of `parts`.
template <class Error, class Run>
void expect_error(Run run, std::initializer_list<std::string> parts) {
  expect_contains(message_of<Error>(run), parts);
}

/// `count` different characters of three bytes each.
inline std::string distinct_characters(std::uint32_t count) {
  constexpr char32_t kFirst = 0x4E00;
  std::string text;
  for (char32_t c = kFirst; c < kFirst + count; ++c) text += datasets::encode_utf8(c);
  return text;
}

}  // namespace millrace::providers

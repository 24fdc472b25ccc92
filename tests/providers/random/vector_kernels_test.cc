// Every kernel that this machine can run against the plain definitions, at sizes around those of
// vectors and at words around the thresholds. Guards around the outputs detect writes out of
// bounds.
#include "providers/random/vector_kernels.h"

#include <algorithm>
#include <limits>

#include <gtest/gtest.h>

#include "providers/masking/corruption.h"
#include "providers/random/philox.h"
#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

constexpr std::uint32_t kMostWord = 0xffffffff;
constexpr std::size_t kGuard = 64;

const std::vector<std::size_t> kSizes = {0,  1,  2,   7,   8,   15,  16,  17,  31,   33,  63,
                                         64, 65, 127, 255, 257, 511, 512, 513, 1024, 1500};

/// `count` values, between guards.
template <class T>
class Guarded {
 public:
  explicit Guarded(std::size_t count) : memory_(count + 2 * kGuard, T{0x5a}) {}
  T* data() { return memory_.data() + kGuard; }
  [[nodiscard]] bool intact() const {
    const auto is_guard = [](T value) { return value == T{0x5a}; };
    return std::all_of(memory_.begin(), memory_.begin() + kGuard, is_guard) &&
           std::all_of(memory_.end() - kGuard, memory_.end(), is_guard);
  }

 private:
  std::vector<T> memory_;
};

/// Random words; every fifth is next to `turn`, or the smallest or largest word.
std::vector<std::uint32_t> words_around(std::uint32_t turn, std::size_t count,
                                        std::uint64_t index) {
  const PhiloxStream draws(99, proto::Split::kTrain, 0, index);
  std::vector<std::uint32_t> words;
  for (std::size_t j = 0; j < count; ++j) words.push_back(draws.word(Purpose::kText, j));
  const std::uint32_t special[] = {turn, turn - 1, turn + 1, 0, 1, 2, kMostWord, kMostWord - 1};
  for (std::size_t j = 0; j < count; j += 5) {
    words[j] = special[(j / 5 + index) % std::size(special)];
  }
  return words;
}

/// Zeros and ones; a share of `percent` is one.
std::vector<std::uint8_t> ones(std::size_t count, std::uint32_t percent, std::uint64_t index) {
  const PhiloxStream draws(98, proto::Split::kTrain, 0, index);
  std::vector<std::uint8_t> ones;
  for (std::size_t j = 0; j < count; ++j) {
    ones.push_back(uniform_below(draws.word(Purpose::kText, j), 100) < percent ? 1 : 0);
  }
  return ones;
}

template <class X>
std::vector<X> tokens(std::size_t count) {
  std::vector<X> tokens;
  for (std::size_t j = 0; j < count; ++j) tokens.push_back(static_cast<X>(j * 2654435761 + 3));
  return tokens;
}

class EveryKernel : public testing::TestWithParam<const Kernels*> {
 protected:
  const Kernels& kernels_ = *GetParam();
};

TEST_P(EveryKernel, DrawsPhilox) {
  for (const std::size_t draws : {kDrawsAtOnce, 5 * kDrawsAtOnce}) {
    for (const std::uint32_t first : {0U, 3U, kMostWord - 5}) {  // draw numbers count modulo 2^32
      Guarded<std::uint32_t> words(4 * draws);
      kernels_.draw({0xdeadbeef, kMostWord, first, 0x01020304, 0x9abcdef0, 0x12345678}, draws,
                    words.data());
      ASSERT_TRUE(words.intact());
      for (std::uint32_t d = 0; d < draws; ++d) {
        const PhiloxBlock block =
            philox4x32_10({0xdeadbeef, kMostWord, first + d, 0x01020304}, {0x9abcdef0, 0x12345678});
        for (std::size_t lane = 0; lane < 4; ++lane) {
          ASSERT_EQ(words.data()[4 * d + lane], block[lane]) << "draw " << d;
        }
      }
    }
  }
}

TEST_P(EveryKernel, DrawsPhiloxWhereAPositionIsSelected) {
  const PhiloxStart start{0xdeadbeef, kMostWord, kMostWord - 5, 0x01020304, 0x9abcdef0, 0x12345678};
  for (const std::size_t size : {1, 3, 4, 63, 64, 65, 128, 1000, 1024, 2047, 2048, 2049, 5003}) {
    for (const std::uint32_t percent : {0, 1, 15, 35, 60, 100}) {
      const auto selected = ones(size, percent, size);
      Guarded<std::uint32_t> words((size + 4 * kDrawsAtOnce - 1) / (4 * kDrawsAtOnce) *
                                   (4 * kDrawsAtOnce));
      kernels_.draw_where(start, selected.data(), size, words.data());
      ASSERT_TRUE(words.intact());
      for (std::uint32_t j = 0; j < size; ++j) {
        if (selected[j] == 0) continue;
        const PhiloxBlock block = philox4x32_10(
            {0xdeadbeef, kMostWord, kMostWord - 5 + j / 4, 0x01020304}, {0x9abcdef0, 0x12345678});
        ASSERT_EQ(words.data()[j], block[j % 4])
            << "position " << j << " of " << size << ", " << percent << " %";
      }
    }
  }
}

TEST_P(EveryKernel, SelectsWordsUpToTheLast) {
  for (const std::size_t size : kSizes) {
    for (const std::uint32_t last :
         {0U, 1U, 644245093U, 0x7fffffffU, 0x80000000U, kMostWord - 1, kMostWord}) {
      const auto words = words_around(last, size, size);
      Guarded<std::uint8_t> selected(size);
      kernels_.select_to(words.data(), size, last, selected.data());
      ASSERT_TRUE(selected.intact());
      for (std::size_t j = 0; j < size; ++j) {
        ASSERT_EQ(selected.data()[j], words[j] <= last ? 1 : 0);
      }
    }
  }
}

template <class X>
void expect_puts_and_keeps(const Kernels& kernels) {
  constexpr X kOther = std::numeric_limits<X>::max();
  for (const std::size_t size : kSizes) {
    const auto from = tokens<X>(size);
    const auto selected = ones(size, 30, size);
    Guarded<X> put(size);
    Guarded<X> kept(size);
    kernels.tokens<X>().put(from.data(), selected.data(), size, X{65}, put.data());
    kernels.tokens<X>().keep(from.data(), selected.data(), size, kOther, kept.data());
    ASSERT_TRUE(put.intact() && kept.intact());
    for (std::size_t j = 0; j < size; ++j) {
      ASSERT_EQ(put.data()[j], selected[j] == 1 ? X{65} : from[j]);
      ASSERT_EQ(kept.data()[j], selected[j] == 1 ? from[j] : kOther);
    }
  }
}

template <class X>
X corrupted(X original, bool selected, std::uint32_t word, std::uint32_t mask) {
  if (!selected || word >= kRandomBelow) return original;
  if (word < kMaskBelow) return static_cast<X>(mask);
  return static_cast<X>(std::uint64_t{word - kMaskBelow} * mask / (kRandomBelow - kMaskBelow));
}

template <class X>
void expect_corrupts(const Kernels& kernels, std::uint32_t mask) {
  for (const std::size_t size : kSizes) {
    const auto original = tokens<X>(size);
    for (const std::uint32_t percent : {15U, 60U, 100U}) {
      for (const std::uint32_t threshold : {kMaskBelow, kRandomBelow}) {
        const auto selected = ones(size, percent, size);
        const auto words = words_around(threshold, size, size + percent);
        Guarded<X> x(size);
        kernels.tokens<X>().corrupt(original.data(), selected.data(), words.data(), size,
                                    static_cast<X>(mask), x.data());
        ASSERT_TRUE(x.intact());
        for (std::size_t j = 0; j < size; ++j) {
          ASSERT_EQ(x.data()[j], corrupted(original[j], selected[j] == 1, words[j], mask))
              << j << " of " << size;
        }
      }
    }
  }
}

template <class X>
void expect_noise(const Kernels& kernels, std::uint32_t states) {
  for (const std::size_t size : kSizes) {
    const auto original = tokens<X>(size);
    for (const std::uint32_t last : {0U, 0x80000000U, 4290672328U, kMostWord}) {
      const auto words = words_around(last, size, size);
      const auto drawn = words_around(0x80000000U, size, size + 1);
      Guarded<X> absorbed(size);
      Guarded<X> redrawn(size);
      kernels.tokens<X>().absorb(original.data(), words.data(), size, last,
                                 static_cast<X>(states - 1), absorbed.data());
      kernels.tokens<X>().redraw(original.data(), words.data(), drawn.data(), size, last, states,
                                 redrawn.data());
      ASSERT_TRUE(absorbed.intact() && redrawn.intact());
      for (std::size_t j = 0; j < size; ++j) {
        const bool moves = words[j] <= last;
        ASSERT_EQ(absorbed.data()[j], moves ? static_cast<X>(states - 1) : original[j]);
        ASSERT_EQ(redrawn.data()[j],
                  moves ? static_cast<X>(uniform_below(drawn[j], states)) : original[j]);
      }
    }
  }
}

TEST_P(EveryKernel, PutsAndKeepsTokens) {
  expect_puts_and_keeps<std::uint8_t>(kernels_);
  expect_puts_and_keeps<std::uint16_t>(kernels_);
  expect_puts_and_keeps<std::uint32_t>(kernels_);
}

TEST_P(EveryKernel, CorruptsAsBertDoes) {
  expect_corrupts<std::uint8_t>(kernels_, 65);
  expect_corrupts<std::uint8_t>(kernels_, 255);
  expect_corrupts<std::uint16_t>(kernels_, 50257);
  expect_corrupts<std::uint32_t>(kernels_, kMostWord - 1);
}

TEST_P(EveryKernel, MovesTokensByNoise) {
  expect_noise<std::uint8_t>(kernels_, 66);
  expect_noise<std::uint8_t>(kernels_, 256);
  expect_noise<std::uint16_t>(kernels_, 50258);
  expect_noise<std::uint32_t>(kernels_, kMostWord);
}

TEST_P(EveryKernel, SplitsUnselectedPositionsByTheirNeighbours) {
  for (const std::size_t size : kSizes) {
    if (size == 0) continue;
    for (const std::uint32_t percent : {0U, 10U, 50U, 95U, 100U}) {
      const auto words = words_around(0, size, size);
      std::vector<std::uint8_t> selected = ones(size + 2, percent, size);
      selected.front() = selected.back() = 0;
      Guarded<std::uint32_t> alone(size);
      Guarded<std::uint32_t> beside(size);
      const ClassCounts counts =
          kernels_.split(selected.data() + 1, words.data(), size, alone.data(), beside.data());
      ASSERT_TRUE(alone.intact() && beside.intact());
      ClassCounts expected;
      for (std::size_t j = 0; j < size; ++j) {
        const bool free = selected[j + 1] == 0;
        const bool near = selected[j] == 1 || selected[j + 2] == 1;
        ASSERT_EQ(alone.data()[j], free && !near ? std::max(1U, words[j]) : 0);
        ASSERT_EQ(beside.data()[j], free && near ? std::max(1U, words[j]) : 0);
        expected.alone += free && !near ? 1 : 0;
        expected.beside += free && near ? 1 : 0;
      }
      ASSERT_EQ(counts.alone, expected.alone);
      ASSERT_EQ(counts.beside, expected.beside);
    }
  }
}

TEST_P(EveryKernel, CountsAndMarksWhatIsAboveALimit) {
  for (const std::size_t size : kSizes) {
    for (const std::uint32_t limit : {0U, 1U, 0x7fffffffU, 0x80000000U, kMostWord - 1, kMostWord}) {
      const auto alone = words_around(limit, size, size);
      const auto beside = words_around(limit / 2, size, size + 1);
      const auto before = ones(size, 20, size);
      Guarded<std::uint8_t> selected(size);
      std::copy(before.begin(), before.end(), selected.data());
      kernels_.mark_above(alone.data(), beside.data(), size, limit, limit / 2, selected.data());
      ASSERT_TRUE(selected.intact());
      for (std::size_t j = 0; j < size; ++j) {
        ASSERT_EQ(selected.data()[j],
                  before[j] == 1 || alone[j] > limit || beside[j] > limit / 2 ? 1 : 0);
      }
      const auto above = std::count_if(alone.begin(), alone.end(),
                                       [limit](std::uint32_t word) { return word > limit; });
      ASSERT_EQ(kernels_.count_above(alone.data(), size, limit), static_cast<std::size_t>(above));
    }
  }
}

TEST_P(EveryKernel, ListsWhatLiesBetweenTwoLimits) {
  for (const std::size_t size : kSizes) {
    for (const std::uint32_t some : {0U, 1U, 0x7fffffffU, 0x80000000U, kMostWord}) {
      for (const std::uint32_t sure : {some, some | 1U << 30, kMostWord}) {
        const auto alone = words_around(some, size, size);
        const auto beside = words_around(sure, size, size + 1);
        Guarded<std::uint32_t> listed(size);
        const std::size_t count = kernels_.list_between(alone.data(), beside.data(), size, sure,
                                                        sure, some, some / 2, listed.data());
        std::vector<std::uint32_t> expected;
        for (std::uint32_t j = 0; j < size; ++j) {
          const bool is_between =
              (alone[j] > some && alone[j] <= sure) || (beside[j] > some / 2 && beside[j] <= sure);
          if (is_between) expected.push_back(j);
        }
        ASSERT_TRUE(listed.intact());
        ASSERT_EQ(std::vector(listed.data(), listed.data() + count), expected);
      }
    }
  }
}

TEST_P(EveryKernel, ListsOnes) {
  for (const std::size_t size : kSizes) {
    for (const std::uint32_t percent : {0U, 15U, 90U, 100U}) {
      const auto set = ones(size, percent, size);
      Guarded<std::uint32_t> listed(size);
      const std::size_t count = kernels_.list_ones(set.data(), size, listed.data());
      std::vector<std::uint32_t> expected;
      for (std::uint32_t j = 0; j < size; ++j) {
        if (set[j] == 1) expected.push_back(j);
      }
      ASSERT_TRUE(listed.intact());
      ASSERT_EQ(std::vector(listed.data(), listed.data() + count), expected);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(OfThisMachine, EveryKernel,
                         testing::ValuesIn(available_kernels().begin(), available_kernels().end()),
                         [](const auto& kernel) { return std::string(kernel.param->name); });

TEST(Kernels, TakesTheFastestOfThoseThatRun) {
  EXPECT_EQ(&kernels(), available_kernels().back());
  EXPECT_STREQ(available_kernels().front()->name, "portable");
}

}  // namespace
}  // namespace millrace::providers

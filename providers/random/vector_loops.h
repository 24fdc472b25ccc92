// The loops of vector_kernels.h, for the instruction set that the including file is compiled with.
// That file names the table and says with its type Lanes how Philox's words are drawn, and how
// tokens are corrupted.
//
// Included by vector_portable.cc, vector_avx2.cc and vector_avx512.cc alone. Everything is in an
// unnamed namespace, and nothing that is called may be an inline function of another header that
// the compiler could leave out of line: the linker would keep one copy of it for the whole program,
// perhaps the one with instructions that a machine lacks.
#pragma once

#include <bit>
#include <cstring>

#include "providers/random/vector_kernels.h"

namespace millrace::providers {
namespace {

static_assert(std::endian::native == std::endian::little, "for_ones reads bytes as a number");

constexpr std::uint32_t kMaskTo = 3435973836;  // providers/masking/corruption.h: kMaskBelow − 1
constexpr std::uint32_t kRandomSpan = 429496729;  // kRandomBelow − kMaskBelow

/// So many positions are decided as bytes before tokens are moved: a loop over one width becomes
/// better vectors than one over two.
constexpr std::size_t kAtOnce = 512;

constexpr std::size_t lesser(std::size_t a, std::size_t b) { return a < b ? a : b; }

void select_to(const std::uint32_t* __restrict words, std::size_t count, std::uint32_t last,
               std::uint8_t* __restrict selected) {
  for (std::size_t j = 0; j < count; ++j) selected[j] = words[j] <= last ? 1 : 0;
}

/// All bits where selected is 0, none where it is 1.
template <class X>
constexpr X unless(std::uint8_t selected) {
  return static_cast<X>(selected - 1);
}

template <class X>
void put(const X* __restrict from, const std::uint8_t* __restrict selected, std::size_t count,
         X token, X* __restrict to) {
  for (std::size_t j = 0; j < count; ++j) {
    const X stays = unless<X>(selected[j]);
    to[j] = static_cast<X>((from[j] & stays) | (token & ~stays));
  }
}

template <class X>
void keep(const X* __restrict from, const std::uint8_t* __restrict selected, std::size_t count,
          X other, X* __restrict to) {
  for (std::size_t j = 0; j < count; ++j) {
    const X goes = unless<X>(selected[j]);
    to[j] = static_cast<X>((from[j] & ~goes) | (other & goes));
  }
}

/// Calls visit(j) for each ones[j] == 1, of which there are few.
template <class Visit>
void for_ones(const std::uint8_t* ones, std::size_t count, Visit visit) {
  for (std::size_t first = 0; first < count; first += 8) {
    std::uint64_t eight = 0;
    if (count - first >= 8) {
      std::memcpy(&eight, ones + first, 8);
    } else {
      std::memcpy(&eight, ones + first, count - first);
    }
    for (; eight != 0; eight &= eight - 1) {
      visit(first + static_cast<std::size_t>(__builtin_ctzll(eight)) / 8);
    }
  }
}

/// What a position becomes whose word lies in the span of the random tokens.
template <class X>
constexpr X random_token(std::uint32_t word, X mask) {
  return static_cast<X>(std::uint64_t{word - kMaskTo - 1} * mask / kRandomSpan);
}

/// BERT's corruption by bytes that are 0 or 1, for Lanes that have nothing better.
struct CorruptByBytes {
  template <class X>
  static void corrupt(const X* original, const std::uint8_t* selected, const std::uint32_t* words,
                      std::size_t count, X mask, X* x) {
    std::uint8_t masks[kAtOnce];
    std::uint8_t random[kAtOnce];
    for (std::size_t first = 0; first < count; first += kAtOnce) {
      const std::size_t some = lesser(kAtOnce, count - first);
      decide(selected + first, words + first, some, masks, random);
      put(original + first, masks, some, mask, x + first);
      for_ones(random, some,
               [&](std::size_t j) { x[first + j] = random_token(words[first + j], mask); });
    }
  }

 private:
  /// Says of each position whether it is selected and its word below kMaskBelow, or in the span of
  /// the random tokens.
  static void decide(const std::uint8_t* __restrict selected, const std::uint32_t* __restrict words,
                     std::size_t count, std::uint8_t* __restrict masks,
                     std::uint8_t* __restrict random) {
    select_to(words, count, kMaskTo, masks);
    select_to(words, count, kMaskTo + kRandomSpan, random);
    for (std::size_t j = 0; j < count; ++j) {
      random[j] = selected[j] & (random[j] ^ masks[j]);
      masks[j] &= selected[j];
    }
  }
};

template <class X>
void absorb(const X* original, const std::uint32_t* words, std::size_t count, std::uint32_t last,
            X mask, X* x) {
  std::uint8_t moves[kAtOnce];
  for (std::size_t first = 0; first < count; first += kAtOnce) {
    const std::size_t some = lesser(kAtOnce, count - first);
    select_to(words + first, some, last, moves);
    put(original + first, moves, some, mask, x + first);
  }
}

template <class X>
void redraw(const X* original, const std::uint32_t* words, const std::uint32_t* drawn,
            std::size_t count, std::uint32_t last, std::uint32_t states, X* x) {
  std::uint8_t moves[kAtOnce];
  X to[kAtOnce];
  for (std::size_t first = 0; first < count; first += kAtOnce) {
    const std::size_t some = lesser(kAtOnce, count - first);
    for (std::size_t j = 0; j < some; ++j) {
      to[j] = static_cast<X>(std::uint64_t{drawn[first + j]} * states >> 32);
    }
    select_to(words + first, some, last, moves);
    for (std::size_t j = 0; j < some; ++j) {
      const X stays = unless<X>(moves[j]);
      x[first + j] = static_cast<X>((original[first + j] & stays) | (to[j] & ~stays));
    }
  }
}

ClassCounts split(const std::uint8_t* __restrict selected, const std::uint32_t* __restrict words,
                  std::size_t count, std::uint32_t* __restrict alone,
                  std::uint32_t* __restrict beside) {
  std::uint32_t unselected = 0;
  std::uint32_t besides = 0;
  const std::uint8_t* __restrict left = selected - 1;
  for (std::size_t j = 0; j < count; ++j) {
    const std::uint32_t free = selected[j] ^ std::uint32_t{1};
    const std::uint32_t near = free & (std::uint32_t{left[j]} | left[j + 2]);
    const std::uint32_t word = words[j] > 1 ? words[j] : 1;
    const std::uint32_t near_word = near != 0 ? word : 0;
    beside[j] = near_word;
    alone[j] = (free != 0 ? word : 0) ^ near_word;
    unselected += free;
    besides += near;
  }
  return {unselected - besides, besides};
}

std::size_t count_above(const std::uint32_t* __restrict values, std::size_t count,
                        std::uint32_t limit) {
  std::uint32_t above = 0;
  for (std::size_t j = 0; j < count; ++j) above += values[j] > limit ? 1 : 0;
  return above;
}

void mark_above(const std::uint32_t* __restrict alone, const std::uint32_t* __restrict beside,
                std::size_t count, std::uint32_t alone_limit, std::uint32_t beside_limit,
                std::uint8_t* __restrict selected) {
  for (std::size_t j = 0; j < count; ++j) {
    selected[j] |= static_cast<std::uint8_t>((alone[j] > alone_limit) | (beside[j] > beside_limit));
  }
}

std::size_t list_between(const std::uint32_t* alone, const std::uint32_t* beside, std::size_t count,
                         std::uint32_t sure_alone, std::uint32_t sure_beside,
                         std::uint32_t some_alone, std::uint32_t some_beside,
                         std::uint32_t* positions) {
  std::uint8_t between[kAtOnce];
  std::size_t listed = 0;
  for (std::size_t first = 0; first < count; first += kAtOnce) {
    const std::size_t some = lesser(kAtOnce, count - first);
    for (std::size_t j = 0; j < some; ++j) {
      // Below the width: between the limits.
      const std::uint32_t in_alone = alone[first + j] - some_alone - 1;
      const std::uint32_t in_beside = beside[first + j] - some_beside - 1;
      between[j] = static_cast<std::uint8_t>((in_alone < sure_alone - some_alone) |
                                             (in_beside < sure_beside - some_beside));
    }
    for_ones(between, some,
             [&](std::size_t j) { positions[listed++] = static_cast<std::uint32_t>(first + j); });
  }
  return listed;
}

std::size_t list_ones(const std::uint8_t* ones, std::size_t count, std::uint32_t* positions) {
  std::size_t listed = 0;
  for_ones(ones, count,
           [&](std::size_t j) { positions[listed++] = static_cast<std::uint32_t>(j); });
  return listed;
}

constexpr std::uint32_t kPhiloxRounds = 10;

/// The keys of Philox's rounds, each in 64 bits: a vector of one is a load that costs nothing
/// beside a product.
struct RoundKeys {
  std::uint64_t key0[kPhiloxRounds];
  std::uint64_t key1[kPhiloxRounds];
};

constexpr RoundKeys round_keys(std::uint32_t key0, std::uint32_t key1) {
  RoundKeys keys{};
  for (std::uint32_t round = 0; round < kPhiloxRounds; ++round) {
    keys.key0[round] = key0 + round * 0x9E3779B9;
    keys.key1[round] = key1 + round * 0xBB67AE85;
  }
  return keys;
}

// Philox4x32-10 (providers/random/philox.h) for Lanes::kBlocks draw numbers at once. A vector holds
// a word of each in the lower half of a 64-bit lane; the upper half is whatever a product left
// there, since multiply() looks at lower halves alone. So a round needs no shuffling: two products,
// whose lower halves are two of the next words, and whose upper ones are shifted down.
template <class L>
void draw_group(const PhiloxStart& start, const RoundKeys& keys, const typename L::V& numbers,
                std::uint32_t* words) {
  using V = typename L::V;
  const V m0 = L::all(0xD2511F53);
  const V m1 = L::all(0xCD9E8D57);
  V c0 = L::all(start.counter0);
  V c1 = L::all(start.counter1);
  V c2 = numbers;
  V c3 = L::all(start.counter3);
  for (std::uint32_t round = 0; round < kPhiloxRounds; ++round) {
    const V p0 = L::multiply(m0, c0);
    const V p1 = L::multiply(m1, c2);
    c0 = L::three_xor(L::upper(p1), c1, L::all(keys.key0[round]));
    c2 = L::three_xor(L::upper(p0), c3, L::all(keys.key1[round]));
    c1 = p1;
    c3 = p0;
  }
  L::store(c0, c1, c2, c3, words);
}

template <class L>
void draw(const PhiloxStart& given, std::size_t draws, std::uint32_t* words) {
  const PhiloxStart start = given;  // which no word that is written could change
  const RoundKeys keys = round_keys(start.key0, start.key1);
  for (std::size_t d = 0; d < draws; d += L::kBlocks) {
    draw_group<L>(start, keys, L::numbers(start.first_draw + static_cast<std::uint32_t>(d)),
                  words + 4 * d);
  }
}

/// As many draw numbers as four positions each need, in whole kDrawsAtOnce.
constexpr std::size_t draws_of(std::size_t positions) {
  return (positions + 4 * kDrawsAtOnce - 1) / (4 * kDrawsAtOnce) * kDrawsAtOnce;
}

/// Draws the words of those draw numbers that are listed, each to its place.
template <class L>
void draw_listed(const PhiloxStart& start, const std::uint32_t* numbers, std::size_t count,
                 std::uint32_t* words) {
  const RoundKeys keys = round_keys(start.key0, start.key1);
  for (std::size_t i = 0; i < count; i += L::kBlocks) {
    std::uint32_t drawn[4 * L::kBlocks];
    draw_group<L>(start, keys, L::numbers(start.first_draw, numbers + i), drawn);
    for (std::size_t b = 0; b < L::kBlocks; ++b) {
      std::memcpy(words + 4 * numbers[i + b], drawn + 4 * b, sizeof(std::uint32_t) * 4);
    }
  }
}

/// Lists the fours of positions that need their draw number and draws for these alone, if Lanes can
/// list faster than Philox draws and the others are enough to be worth it; else draws for all.
template <class L>
void draw_where(const PhiloxStart& given, const std::uint8_t* selected, std::size_t count,
                std::uint32_t* words) {
  if constexpr (requires { L::list_fours(selected, count, words); }) {
    constexpr std::size_t kPositions = 4 * kAtOnce;
    PhiloxStart start = given;
    for (std::size_t first = 0; first < count; first += kPositions, start.first_draw += kAtOnce) {
      const std::size_t some = lesser(kPositions, count - first);
      std::uint32_t numbers[kAtOnce + kDrawsAtOnce];
      const std::size_t listed = L::list_fours(selected + first, some, numbers);
      if (listed * 20 > some * 3) {  // three fifths of them
        draw<L>(start, draws_of(some), words + first);
      } else if (listed > 0) {
        // A whole vector of them.
        for (std::size_t i = 0; i < L::kBlocks; ++i) numbers[listed + i] = numbers[listed - 1];
        draw_listed<L>(start, numbers, listed, words + first);
      }
    }
  } else {
    draw<L>(given, draws_of(count), words);
  }
}

template <class L, class X>
constexpr TokenKernels<X> token_kernels() {
  return {put<X>, keep<X>, L::template corrupt<X>, absorb<X>, redraw<X>};
}

template <class L>
constexpr Kernels make_kernels(const char* name) {
  return {name,
          draw<L>,
          draw_where<L>,
          select_to,
          split,
          count_above,
          mark_above,
          list_between,
          list_ones,
          token_kernels<L, std::uint8_t>(),
          token_kernels<L, std::uint16_t>(),
          token_kernels<L, std::uint32_t>()};
}

}  // namespace
}  // namespace millrace::providers

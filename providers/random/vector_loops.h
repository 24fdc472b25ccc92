// The loops of vector_kernels.h, for the instruction set that the including file is compiled for.
// That file defines the table of kernels, and a type Lanes with the vectors that draw Philox's
// words and corrupt tokens.
//
// Included by vector_portable.cc, vector_avx2.cc and vector_avx512.cc only. Everything is in an
// unnamed namespace, and no inline function of another header may be called here that the compiler
// could emit out of line: the linker keeps one copy for the whole program, perhaps one with
// instructions that the machine lacks.
#pragma once

#include <bit>
#include <cstring>

#include "providers/random/vector_kernels.h"

namespace millrace::providers {
namespace {

static_assert(std::endian::native == std::endian::little, "for_ones reads bytes as a number");

/// Positions that are decided as bytes before tokens are moved: a loop over one width vectorises
/// better than one over two.
constexpr std::size_t kAtOnce = 512;

constexpr std::size_t lesser(std::size_t a, std::size_t b) { return a < b ? a : b; }

void select_to(const std::uint32_t* __restrict words, std::size_t count, std::uint32_t last,
               std::uint8_t* __restrict selected) {
  for (std::size_t j = 0; j < count; ++j) selected[j] = words[j] <= last ? 1 : 0;
}

/// All bits set if selected is 0, none if it is 1.
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

/// Calls visit(j) for each j with ones[j] == 1. Fast if they are few.
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

/// The random token of a word in [kMaskBelow, kRandomBelow).
template <class X>
constexpr X random_token(std::uint32_t word, X mask) {
  return static_cast<X>(std::uint64_t{word - kMaskBelow} * mask / (kRandomBelow - kMaskBelow));
}

/// BERT's corruption by bytes that are 0 or 1, for Lanes without a faster way.
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
  /// Writes 1 to masks[j] where a selected position becomes [MASK], to random[j] where it becomes a
  /// random token, else 0.
  static void decide(const std::uint8_t* __restrict selected, const std::uint32_t* __restrict words,
                     std::size_t count, std::uint8_t* __restrict masks,
                     std::uint8_t* __restrict random) {
    select_to(words, count, kMaskBelow - 1, masks);
    select_to(words, count, kRandomBelow - 1, random);
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
      // One unsigned comparison each: limit < value ≤ other limit.
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

/// The keys of Philox's rounds, in 64 bits each: broadcasting one is a load, which costs nothing
/// beside a multiplication.
struct RoundKeys {
  std::uint64_t key0[kPhiloxRounds];
  std::uint64_t key1[kPhiloxRounds];
};

constexpr RoundKeys round_keys(std::uint32_t key0, std::uint32_t key1) {
  RoundKeys keys{};
  for (std::uint32_t round = 0; round < kPhiloxRounds; ++round) {
    keys.key0[round] = key0 + round * kPhiloxWeyl0;
    keys.key1[round] = key1 + round * kPhiloxWeyl1;
  }
  return keys;
}

// Philox4x32-10 (providers/random/philox.h) for Lanes::kBlocks draw numbers at once. A vector holds
// one word of each draw number in the lower half of a 64-bit lane. The upper half keeps what a
// product left there, because multiply() reads lower halves only. So a round needs no shuffles: the
// lower halves of its two products are two of the next words, the upper halves are shifted down.
template <class L>
void draw_group(const PhiloxStart& start, const RoundKeys& keys, const typename L::V& numbers,
                std::uint32_t* words) {
  using V = typename L::V;
  const V m0 = L::all(kPhiloxMultiplier0);
  const V m1 = L::all(kPhiloxMultiplier1);
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
  const PhiloxStart start = given;  // a copy, which the words written cannot alias
  const RoundKeys keys = round_keys(start.key0, start.key1);
  for (std::size_t d = 0; d < draws; d += L::kBlocks) {
    draw_group<L>(start, keys, L::numbers(start.first_draw + static_cast<std::uint32_t>(d)),
                  words + 4 * d);
  }
}

/// Draw numbers for these positions, four positions each, rounded up to whole kDrawsAtOnce.
constexpr std::size_t draws_of(std::size_t positions) {
  return (positions + 4 * kDrawsAtOnce - 1) / (4 * kDrawsAtOnce) * kDrawsAtOnce;
}

/// Draws the words of the listed draw numbers, each to its place.
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

/// Draws only the draw numbers with a selected position, if Lanes can list them fast and they are
/// at most three fifths; else draws all.
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
      if (listed * 20 > some * 3) {  // more than three fifths of some / 4
        draw<L>(start, draws_of(some), words + first);
      } else if (listed > 0) {
        // Fill the last vector.
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

// The loops of xxh64 over vector lanes.
#include "proto/xxh64_lanes.h"

#if defined(__x86_64__)
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#define MILLRACE_WITH_LANES __attribute__((target("avx512dq,avx512vl")))

namespace millrace::proto {
namespace {

constexpr std::uint64_t kPrime1 = 0x9E3779B185EBCA87;
constexpr std::uint64_t kPrime2 = 0xC2B2AE3D27D4EB4F;
constexpr std::uint64_t kPrime3 = 0x165667B19E3779F9;
constexpr std::uint64_t kPrime4 = 0x85EBCA77C2B2AE63;
constexpr std::uint64_t kPrime5 = 0x27D4EB2F165667C5;
constexpr std::size_t kStripeBytes = 32;

template <class T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

std::uint64_t round_of(std::uint64_t accumulator, std::uint64_t lane) {
  return std::rotl(accumulator + lane * kPrime2, 31) * kPrime1;
}

using Accumulators = std::array<std::uint64_t, 4>;
constexpr Accumulators kStart = {kPrime1 + kPrime2, kPrime2, 0, 0 - kPrime1};

std::size_t whole_stripes(std::size_t bytes) { return bytes / kStripeBytes * kStripeBytes; }

/// The lanes of one input, and of two.
using Lanes = std::uint64_t __attribute__((vector_size(kStripeBytes)));
using TwoLanes = std::uint64_t __attribute__((vector_size(2 * kStripeBytes)));

/// Adds whole stripes to the accumulators.
MILLRACE_WITH_LANES void consume(std::span<const std::byte> stripes, Accumulators& accumulators) {
  Lanes sums;
  Lanes stripe;
  std::memcpy(&sums, accumulators.data(), sizeof sums);
  for (std::size_t at = 0; at < stripes.size(); at += kStripeBytes) {
    std::memcpy(&stripe, stripes.data() + at, sizeof stripe);
    sums += stripe * kPrime2;
    sums = (sums << 31 | sums >> 33) * kPrime1;
  }
  std::memcpy(accumulators.data(), &sums, sizeof sums);
}

/// Adds equally many whole stripes of two inputs. The second input costs no time, as each sum waits
/// for its last product.
MILLRACE_WITH_LANES void consume(const std::byte* first, const std::byte* second, std::size_t bytes,
                                 std::array<Accumulators, 2>& accumulators) {
  TwoLanes sums;
  Lanes of_first;
  Lanes of_second;
  std::memcpy(&sums, accumulators.data(), sizeof sums);
  for (std::size_t at = 0; at < bytes; at += kStripeBytes) {
    std::memcpy(&of_first, first + at, sizeof of_first);
    std::memcpy(&of_second, second + at, sizeof of_second);
    sums += __builtin_shufflevector(of_first, of_second, 0, 1, 2, 3, 4, 5, 6, 7) * kPrime2;
    sums = (sums << 31 | sums >> 33) * kPrime1;
  }
  std::memcpy(accumulators.data(), &sums, sizeof sums);
}

std::uint64_t converge(const Accumulators& sums) {
  const auto& [a, b, c, d] = sums;
  std::uint64_t hash = std::rotl(a, 1) + std::rotl(b, 7) + std::rotl(c, 12) + std::rotl(d, 18);
  for (const std::uint64_t lane : sums) hash = (hash ^ round_of(0, lane)) * kPrime1 + kPrime4;
  return hash;
}

/// Adds the rest, less than a stripe.
std::uint64_t consume_rest(std::uint64_t hash, std::span<const std::byte> rest) {
  for (; rest.size() >= 8; rest = rest.subspan(8)) {
    hash = std::rotl(hash ^ round_of(0, load<std::uint64_t>(rest.data())), 27) * kPrime1 + kPrime4;
  }
  if (rest.size() >= 4) {
    hash = std::rotl(hash ^ load<std::uint32_t>(rest.data()) * kPrime1, 23) * kPrime2 + kPrime3;
    rest = rest.subspan(4);
  }
  for (const std::byte one : rest) {
    hash = std::rotl(hash ^ std::to_integer<std::uint64_t>(one) * kPrime5, 11) * kPrime1;
  }
  return hash;
}

std::uint64_t mix(std::uint64_t hash) {
  hash = (hash ^ hash >> 33) * kPrime2;
  hash = (hash ^ hash >> 29) * kPrime3;
  return hash ^ hash >> 32;
}

/// The hash of an input whose whole stripes are in `sums` already.
std::uint64_t finish(std::span<const std::byte> bytes, const Accumulators& sums) {
  const std::size_t whole = whole_stripes(bytes.size());
  const std::uint64_t hash = whole == 0 ? kPrime5 : converge(sums);
  return mix(consume_rest(hash + bytes.size(), bytes.subspan(whole)));
}

bool ask_machine() {
  __builtin_cpu_init();
  return __builtin_cpu_is("amd") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
}

}  // namespace

bool multiplies_lanes_fast() {
  static const bool fast = ask_machine();
  return fast;
}

std::uint64_t xxh64_by_lanes(std::span<const std::byte> bytes) {
  Accumulators sums = kStart;
  consume(bytes.first(whole_stripes(bytes.size())), sums);
  return finish(bytes, sums);
}

std::pair<std::uint64_t, std::uint64_t> xxh64_by_lanes(std::span<const std::byte> first,
                                                       std::span<const std::byte> second) {
  std::array<Accumulators, 2> sums = {kStart, kStart};
  const std::size_t both = whole_stripes(std::min(first.size(), second.size()));
  consume(first.data(), second.data(), both, sums);
  const auto rest = [both](std::span<const std::byte> bytes) {
    return bytes.subspan(both, whole_stripes(bytes.size()) - both);
  };
  consume(rest(first), sums[0]);
  consume(rest(second), sums[1]);
  return {finish(first, sums[0]), finish(second, sums[1])};
}

}  // namespace millrace::proto

#else

#include <stdexcept>

namespace millrace::proto {

bool multiplies_lanes_fast() { return false; }
std::uint64_t xxh64_by_lanes(std::span<const std::byte>) {
  throw std::logic_error("this machine has no lanes");
}
std::pair<std::uint64_t, std::uint64_t> xxh64_by_lanes(std::span<const std::byte>,
                                                       std::span<const std::byte>) {
  throw std::logic_error("this machine has no lanes");
}

}  // namespace millrace::proto

#endif

#include "proto/xxh64_lanes.h"

#if defined(__x86_64__)
#include <immintrin.h>

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

struct Accumulators {
  std::uint64_t lanes[4];
};

/// Of whole stripes.
MILLRACE_WITH_LANES Accumulators consume(std::span<const std::byte> stripes) {
  const auto signed_of = [](std::uint64_t value) { return static_cast<long long>(value); };
  const __m256i prime1 = _mm256_set1_epi64x(signed_of(kPrime1));
  const __m256i prime2 = _mm256_set1_epi64x(signed_of(kPrime2));
  __m256i sums = _mm256_set_epi64x(signed_of(0 - kPrime1), 0, signed_of(kPrime2), signed_of(kPrime1 + kPrime2));
  for (std::size_t at = 0; at < stripes.size(); at += kStripeBytes) {
    const __m256i stripe = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(stripes.data() + at));
    sums = _mm256_add_epi64(sums, _mm256_mullo_epi64(stripe, prime2));
    sums = _mm256_mullo_epi64(_mm256_rol_epi64(sums, 31), prime1);
  }
  Accumulators result;
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(result.lanes), sums);
  return result;
}

std::uint64_t converge(const Accumulators& sums) {
  const auto& [a, b, c, d] = sums.lanes;
  std::uint64_t hash = std::rotl(a, 1) + std::rotl(b, 7) + std::rotl(c, 12) + std::rotl(d, 18);
  for (const std::uint64_t lane : sums.lanes) hash = (hash ^ round_of(0, lane)) * kPrime1 + kPrime4;
  return hash;
}

/// What is left, less than a stripe.
std::uint64_t consume_rest(std::uint64_t hash, std::span<const std::byte> rest) {
  for (; rest.size() >= 8; rest = rest.subspan(8)) {
    hash = std::rotl(hash ^ round_of(0, load<std::uint64_t>(rest.data())), 27) * kPrime1 + kPrime4;
  }
  if (rest.size() >= 4) {
    hash = std::rotl(hash ^ load<std::uint32_t>(rest.data()) * kPrime1, 23) * kPrime2 + kPrime3;
    rest = rest.subspan(4);
  }
  for (const std::byte one : rest) hash = std::rotl(hash ^ std::to_integer<std::uint64_t>(one) * kPrime5, 11) * kPrime1;
  return hash;
}

std::uint64_t mix(std::uint64_t hash) {
  hash = (hash ^ hash >> 33) * kPrime2;
  hash = (hash ^ hash >> 29) * kPrime3;
  return hash ^ hash >> 32;
}

bool ask_machine() {
  __builtin_cpu_init();
  return __builtin_cpu_is("amd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

}  // namespace

bool multiplies_lanes_fast() {
  static const bool fast = ask_machine();
  return fast;
}

std::uint64_t xxh64_by_lanes(std::span<const std::byte> bytes) {
  const std::size_t whole = bytes.size() / kStripeBytes * kStripeBytes;
  const std::uint64_t hash = whole == 0 ? kPrime5 : converge(consume(bytes.first(whole)));
  return mix(consume_rest(hash + bytes.size(), bytes.subspan(whole)));
}

}  // namespace millrace::proto

#else

#include <stdexcept>

namespace millrace::proto {

bool multiplies_lanes_fast() { return false; }
std::uint64_t xxh64_by_lanes(std::span<const std::byte>) { throw std::logic_error("this machine has no lanes"); }

}  // namespace millrace::proto

#endif

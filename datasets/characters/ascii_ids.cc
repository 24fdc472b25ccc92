// Loops over ASCII texts, portable and by AVX-512 VBMI.
#include "datasets/characters/ascii_ids.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace millrace::datasets {
namespace {

template <class Token>
bool one_by_one(std::string_view bytes, const std::array<bool, kAsciiCharacters>& known,
                const std::array<Token, kAsciiCharacters>& ids, Token* out) {
  bool good = true;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(bytes[i]);
    const std::size_t c = byte & 0x7F;
    good &= byte < kAsciiCharacters && known[c];
    out[i] = ids[c];
  }
  return good;
}

#if defined(__x86_64__)

constexpr std::size_t kLanes = 64;

bool permutes_bytes() {
  static const bool can =
      __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512bw");
  return can;
}

/// Each table is in two registers; the lower seven bits of a byte select an entry.
__attribute__((target("avx512vbmi,avx512bw"))) bool by_lanes(std::string_view bytes,
                                                             const AsciiIds& ids,
                                                             std::uint8_t* out) {
  const __m512i id_low = _mm512_loadu_si512(ids.narrow.data()),
                id_high = _mm512_loadu_si512(ids.narrow.data() + kLanes);
  const __m512i known_low = _mm512_loadu_si512(ids.known.data()),
                known_high = _mm512_loadu_si512(ids.known.data() + kLanes);
  __mmask64 bad = 0;
  for (std::size_t i = 0; i < bytes.size(); i += kLanes) {
    const std::size_t left = bytes.size() - i;
    const __mmask64 here = left >= kLanes ? ~__mmask64{0} : (__mmask64{1} << left) - 1;
    const __m512i characters = _mm512_maskz_loadu_epi8(here, bytes.data() + i);
    const __m512i known = _mm512_permutex2var_epi8(known_low, characters, known_high);
    bad |= here & (_mm512_movepi8_mask(characters) | _mm512_testn_epi8_mask(known, known));
    _mm512_mask_storeu_epi8(out + i, here, _mm512_permutex2var_epi8(id_low, characters, id_high));
  }
  return bad == 0;
}

#endif

}  // namespace

bool to_tokens(std::string_view bytes, const AsciiIds& ids, std::span<std::uint8_t> out) {
#if defined(__x86_64__)
  if (permutes_bytes()) return by_lanes(bytes, ids, out.data());
#endif
  return one_by_one(bytes, ids.known, ids.narrow, out.data());
}

bool to_tokens(std::string_view bytes, const AsciiIds& ids, std::span<std::uint16_t> out) {
  return one_by_one(bytes, ids.known, ids.middle, out.data());
}

bool to_tokens(std::string_view bytes, const AsciiIds& ids, std::span<std::uint32_t> out) {
  return one_by_one(bytes, ids.known, ids.wide, out.data());
}

}  // namespace millrace::datasets

// xxh64 by the library xxhash, or by vector lanes where the machine is faster at that.
#include "proto/digest.h"

#include <xxhash.h>

#include <new>

#include "proto/xxh64_lanes.h"

namespace millrace::proto {

std::uint64_t xxh64(std::span<const std::byte> bytes) {
  return multiplies_lanes_fast() ? xxh64_by_lanes(bytes) : XXH64(bytes.data(), bytes.size(), 0);
}
std::uint64_t xxh64(std::string_view text) { return xxh64(std::as_bytes(std::span(text))); }

std::vector<std::uint64_t> checksums(std::span<const SharedBytes> columns) {
  std::vector<std::uint64_t> sums;
  while (multiplies_lanes_fast() && columns.size() >= 2) {
    const auto [first, second] = xxh64_by_lanes(columns[0].bytes, columns[1].bytes);
    sums.insert(sums.end(), {first, second});
    columns = columns.subspan(2);
  }
  for (const SharedBytes& column : columns) sums.push_back(xxh64(column.bytes));
  return sums;
}

std::string hex16(std::uint64_t value) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text(16, '0');
  for (std::size_t i = 16; i-- > 0; value >>= 4) text[i] = kDigits[value & 15];
  return text;
}

namespace {
XXH64_state_t* as_state(void* state) { return static_cast<XXH64_state_t*>(state); }
}  // namespace

Digest::Digest() : state_(XXH64_createState()) {
  if (state_ == nullptr) throw std::bad_alloc();
  XXH64_reset(as_state(state_), 0);
}
Digest::~Digest() { XXH64_freeState(as_state(state_)); }
void Digest::update(std::span<const std::byte> bytes) {
  XXH64_update(as_state(state_), bytes.data(), bytes.size());
}
std::uint64_t Digest::value() const { return XXH64_digest(as_state(state_)); }

}  // namespace millrace::proto

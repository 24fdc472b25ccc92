// The table of the alphabet, both ways.
#include "datasets/bpe/byte_alphabet.h"

#include "datasets/io/utf8.h"

namespace millrace::datasets {
namespace {

constexpr char32_t kFirstOther = 0x100;
constexpr std::uint32_t kOthers = 68;

bool stands_for_itself(std::uint32_t byte) {
  return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
}

struct Alphabet {
  std::array<std::uint8_t, 256> order{};
  std::array<std::string, 256> spelling;                      ///< by byte
  std::array<std::int16_t, kFirstOther + kOthers> byte_of{};  ///< by code point; -1: none

  Alphabet() {
    byte_of.fill(-1);
    std::size_t next = 0;
    char32_t other = kFirstOther;
    const auto add = [&](std::uint32_t byte, char32_t code_point) {
      order[next++] = static_cast<std::uint8_t>(byte);
      spelling[byte] = encode_utf8(code_point);
      byte_of[code_point] = static_cast<std::int16_t>(byte);
    };
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
      if (stands_for_itself(byte)) add(byte, byte);
    }
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
      if (!stands_for_itself(byte)) add(byte, other++);
    }
  }
};

const Alphabet& alphabet() {
  static const Alphabet made;
  return made;
}

}  // namespace

const std::array<std::uint8_t, 256>& byte_alphabet() { return alphabet().order; }

std::string spell_bytes(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += alphabet().spelling[static_cast<std::uint8_t>(byte)];
  return text;
}

std::optional<std::string> bytes_of_spelling(std::string_view spelling) {
  std::string bytes;
  for (std::size_t at = 0; at < spelling.size();) {
    const std::optional<Decoded> decoded = decode_utf8(spelling, at);
    if (!decoded || decoded->code_point >= alphabet().byte_of.size()) return std::nullopt;
    const std::int16_t byte = alphabet().byte_of[decoded->code_point];
    if (byte < 0) return std::nullopt;
    bytes += static_cast<char>(byte);
    at += decoded->bytes;
  }
  return bytes;
}

}  // namespace millrace::datasets

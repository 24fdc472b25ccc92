// Secrets of ranks (secret.h).
#include "queue/ends/secret.h"

#include "proto/files.h"

namespace millrace::queue {
namespace {

constexpr int kParts = 4;  // of 8 bytes each

}  // namespace

std::string random_secret() {
  std::string secret;
  for (int i = 0; i < kParts; ++i) secret += proto::random_id();
  return secret;
}

bool is_same_secret(std::string_view expected, std::string_view given) {
  if (expected.empty() || expected.size() != given.size()) return false;
  volatile unsigned char different = 0;  // volatile: no comparison ends early
  for (std::size_t i = 0; i < expected.size(); ++i) {
    different = static_cast<unsigned char>(different | (expected[i] ^ given[i]));
  }
  return different == 0;
}

}  // namespace millrace::queue

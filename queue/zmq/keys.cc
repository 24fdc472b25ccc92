// Reading and checking keys (keys.h).
#include "queue/zmq/keys.h"

#include <sys/stat.h>
#include <zmq.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <utility>

#include "proto/digest.h"
#include "proto/files.h"

namespace millrace::queue {
namespace {

constexpr std::size_t kKeyCharacters = 40;
constexpr std::string_view kSpace = " \t\r";

[[noreturn]] void refuse(const std::string& where, const std::string& why) {
  throw std::invalid_argument(where + ": " + why);
}

std::string at(const std::filesystem::path& path, std::size_t line) {
  return path.string() + ":" + std::to_string(line);
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) + 1 - first);
}

/// Calls `use` with every line that is neither empty nor a comment, and its number. No key begins
/// with #: as the first of five Z85 digits it would exceed the 32 bits that they encode.
void for_each_line(const std::string& content,
                   const std::function<void(std::string_view, std::size_t)>& use) {
  std::size_t number = 0;
  for (std::size_t start = 0; start < content.size();) {
    const std::size_t end = std::min(content.find('\n', start), content.size());
    const std::string_view line = trimmed(std::string_view(content).substr(start, end - start));
    ++number;
    if (!line.empty() && line.front() != '#') use(line, number);
    start = end + 1;
  }
}

bool is_key(std::string_view text) {
  std::array<std::uint8_t, 32> bytes{};
  return text.size() == kKeyCharacters &&
         zmq_z85_decode(bytes.data(), std::string(text).c_str()) != nullptr;
}

void check_permissions(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    throw std::runtime_error(path.string() + ": cannot read: " + std::strerror(errno));
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    refuse(path.string(),
           "a secret key that others than its owner can read is none; run: chmod 600 " +
               path.string());
  }
}

/// Name and value of a line `name = "value"`, without the quotes; no value if it has another form.
std::pair<std::string_view, std::string_view> assignment(std::string_view line) {
  const std::size_t equals = std::min(line.find('='), line.size());
  const std::string_view value =
      equals < line.size() ? trimmed(line.substr(equals + 1)) : std::string_view();
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') {
    return {trimmed(line.substr(0, equals)), {}};
  }
  return {trimmed(line.substr(0, equals)), value.substr(1, value.size() - 2)};
}

void check_keys_match(const KeyPair& pair, const std::filesystem::path& path) {
  std::array<char, kKeyCharacters + 1> expected{};
  if (zmq_curve_public(expected.data(), pair.secret_key.c_str()) != 0 ||
      pair.public_key != expected.data()) {
    refuse(path.string(),
           "its public key is not that of its secret key; make a new pair with scripts/keys");
  }
}

void check_server_key(const std::string& key) {
  if (!is_key(key)) {
    refuse("queue.server_key", "not a public key of 40 characters, as scripts/keys prints it");
  }
}

}  // namespace

KeyPair read_key_pair(const std::filesystem::path& path) {
  check_permissions(path);
  KeyPair pair;
  for_each_line(proto::read_file(path), [&](std::string_view line, std::size_t number) {
    const auto [name, value] = assignment(line);
    std::string* const member = name == "public"   ? &pair.public_key
                                : name == "secret" ? &pair.secret_key
                                                   : nullptr;
    if (member == nullptr || !is_key(value)) {
      refuse(
          at(path, number),
          R"(expected public = "…" or secret = "…" with a key of 40 characters, as scripts/keys writes them)");
    }
    if (!member->empty()) {
      refuse(at(path, number), "a second " + std::string(name) + " key; a file holds one pair");
    }
    *member = value;
  });
  if (pair.public_key.empty() || pair.secret_key.empty()) {
    refuse(path.string(),
           "does not hold both a public and a secret key; make a new pair with scripts/keys");
  }
  check_keys_match(pair, path);
  return pair;
}

std::set<std::string> read_public_keys(const std::filesystem::path& path) {
  std::set<std::string> keys;
  for_each_line(proto::read_file(path), [&](std::string_view line, std::size_t number) {
    const std::string_view word = line.substr(0, line.find_first_of(kSpace));
    const std::string_view rest = trimmed(line.substr(word.size()));
    if (!is_key(word) || (!rest.empty() && rest.front() != '#')) {
      refuse(at(path, number), "expected a public key of 40 characters, as scripts/keys prints it");
    }
    keys.emplace(word);
  });
  if (keys.empty()) {
    refuse(path.string(),
           "holds no key, so nobody could connect; put each producer's public key on a line of its "
           "own");
  }
  return keys;
}

Security trainer_security(const KeyFiles& files) {
  Security security{.insecure = files.insecure};
  if (files.key_file.empty()) {
    if (!files.allowed_keys.empty()) {
      refuse("queue.allowed_keys", "needs queue.key_file, the trainer's own pair");
    }
    return security;
  }
  if (files.allowed_keys.empty()) {
    refuse("queue.key_file",
           "a trainer with keys needs queue.allowed_keys, a file with the public keys of its "
           "producers");
  }
  security.own = read_key_pair(files.key_file);
  if (!files.server_key.empty() && files.server_key != security.own->public_key) {
    refuse("queue.server_key", "not the public key in " + files.key_file +
                                   ": producers of this recipe could not connect");
  }
  security.allowed = read_public_keys(files.allowed_keys);
  return security;
}

Security producer_security(const KeyFiles& files) {
  Security security{.insecure = files.insecure};
  if (files.key_file.empty() && files.server_key.empty()) return security;
  if (files.key_file.empty()) {
    refuse("queue.server_key",
           "needs queue.key_file, this producer's own pair; scripts/keys makes one");
  }
  if (files.server_key.empty()) {
    refuse("queue.key_file",
           "a producer with keys needs queue.server_key, the trainer's public key");
  }
  check_server_key(files.server_key);
  security.own = read_key_pair(files.key_file);
  security.server_key = files.server_key;
  return security;
}

std::string key_fingerprint(std::string_view public_key) {
  return proto::hex16(proto::xxh64(public_key));
}

}  // namespace millrace::queue

// Keys in files: the key pair of this process, and the list of public keys that may connect.
// scripts/keys makes key pairs.
//
// No error and no log line contains a key: a key is named by its fingerprint.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include "queue/ends/security.h"

namespace millrace::queue {

/// The keys of a recipe; empty: not given.
struct KeyFiles {
  std::string key_file;      ///< file of this process's key pair
  std::string server_key;    ///< the trainer's public key
  std::string allowed_keys;  ///< file of the producers' public keys
  bool insecure = false;     ///< allows an address that others can reach without keys
};

// All functions below throw std::invalid_argument, naming the recipe's key or the file and line,
// and what to do; and std::runtime_error for a file that cannot be read.

/// A trainer's keys: a key pair needs an allow-list, and a server key must be the pair's own.
[[nodiscard]] Security trainer_security(const KeyFiles& files);
/// A producer's keys: a key pair needs the trainer's public key, and the other way round.
[[nodiscard]] Security producer_security(const KeyFiles& files);

/// The file has lines `public = "…"` and `secret = "…"`, and only its owner may read it; lines that
/// begin with # are comments.
[[nodiscard]] KeyPair read_key_pair(const std::filesystem::path& path);
/// One public key a line; # at the start of a line or after a key begins a comment.
[[nodiscard]] std::set<std::string> read_public_keys(const std::filesystem::path& path);

/// A key as logs name it: the xxh64 of its 40 characters in 16 hex digits.
[[nodiscard]] std::string key_fingerprint(std::string_view public_key);

}  // namespace millrace::queue

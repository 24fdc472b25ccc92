// Keys in files: the pair of this process, and the list of those that may connect. scripts/keys
// makes pairs.
//
// No message of this file, nor any log line, holds a key: a key is named by its fingerprint.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include "queue/ends/security.h"

namespace millrace::queue {

/// What a recipe says of keys; empty: nothing.
struct KeyFiles {
  std::string key_file;      ///< this process's pair
  std::string server_key;    ///< the trainer's public key
  std::string allowed_keys;  ///< file of public keys
  bool insecure = false;
};

/// A trainer's: a pair needs a list of who may connect, and a server key must be its own. All of
/// these throw std::invalid_argument with key or file, line and what to do; std::runtime_error for
/// a file that cannot be read.
[[nodiscard]] Security trainer_security(const KeyFiles& files);
/// A producer's: a pair needs the server's key, and the other way round.
[[nodiscard]] Security producer_security(const KeyFiles& files);

/// Lines `public = "…"` and `secret = "…"`, in a file that its owner alone can read; lines that
/// begin with # are comments.
[[nodiscard]] KeyPair read_key_pair(const std::filesystem::path& path);
/// One public key a line; a # at the beginning of a line or after a key opens a comment.
[[nodiscard]] std::set<std::string> read_public_keys(const std::filesystem::path& path);

/// What logs show of a key: the xxh64 of its 40 characters in 16 hex digits.
[[nodiscard]] std::string key_fingerprint(std::string_view public_key);

}  // namespace millrace::queue

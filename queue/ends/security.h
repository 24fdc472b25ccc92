// The keys of tcp:// and ipc://: CURVE key pairs, and an allow-list of public keys.
// docs/explanation/security.md says what they protect.
//
// Keys are Z85 texts of 40 characters, as libzmq writes them. queue/zmq/keys.h reads them from
// files.
#pragma once

#include <optional>
#include <set>
#include <string>

namespace millrace::queue {

struct KeyPair {
  std::string public_key;
  std::string secret_key;  ///< never logged
};

/// Without a key pair nothing is encrypted, and everybody who reaches the address is admitted.
struct Security {
  std::optional<KeyPair> own = {};
  std::string server_key = {};         ///< to connect: the trainer's public key
  std::set<std::string> allowed = {};  ///< to listen: public keys that are admitted, beside its own
  bool insecure = false;               ///< allows a tcp address that others can reach, without keys
};

}  // namespace millrace::queue

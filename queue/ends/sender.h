// Who sent a message, as far as a transport knows it.
#pragma once

#include <string>

namespace millrace::queue {

/// Names one peer towards one router; it is the peer's own choice, so it proves nothing.
using PeerId = std::string;

struct Sender {
  PeerId id;
  /// What a peer cannot choose freely: with keys the fingerprint of its public key, else the
  /// address of its host. Empty: not known.
  std::string origin = {};
  bool own_key = false;  ///< it authenticated with the trainer's own pair of keys
};

}  // namespace millrace::queue

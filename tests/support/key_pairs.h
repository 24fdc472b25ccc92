// New random key pairs.
#pragma once

#include <zmq.h>

#include <array>
#include <stdexcept>

#include "queue/ends/security.h"

namespace millrace::testing {

inline queue::KeyPair new_key_pair() {
  std::array<char, 41> public_key{};
  std::array<char, 41> secret_key{};
  if (zmq_curve_keypair(public_key.data(), secret_key.data()) != 0) {
    throw std::runtime_error("libzmq has no CURVE");
  }
  return {public_key.data(), secret_key.data()};
}

/// The keys of a trainer and of one producer that it admits.
struct KeyedSides {
  queue::Security trainer;
  queue::Security producer;
};

inline KeyedSides new_keyed_sides() {
  const queue::KeyPair trainer = new_key_pair();
  const queue::KeyPair producer = new_key_pair();
  return {{.own = trainer, .allowed = {producer.public_key}},
          {.own = producer, .server_key = trainer.public_key}};
}

}  // namespace millrace::testing

// The keys of a recipe, as queue::trainer_security() and queue::producer_security() take them.
#pragma once

#include "config/options.h"
#include "queue/zmq/keys.h"

namespace millrace::endpoint {

[[nodiscard]] inline queue::KeyFiles key_files(const config::Options& options) {
  const config::QueueOptions& queue = options.queue;
  return {queue.key_file, queue.server_key, queue.allowed_keys, queue.insecure};
}

}  // namespace millrace::endpoint

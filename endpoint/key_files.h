// What a recipe says of keys, in the queue's words: for either end.
#pragma once

#include "config/options.h"
#include "queue/zmq/keys.h"

namespace millrace::endpoint {

[[nodiscard]] inline queue::KeyFiles key_files(const config::Options& options) {
  const config::QueueOptions& queue = options.queue;
  return {queue.key_file, queue.server_key, queue.allowed_keys, queue.insecure};
}

}  // namespace millrace::endpoint

// A producer of the stream of sample_stream.h, on a thread of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include "queue/ends/ends.h"
#include "tests/support/sample_stream.h"

namespace millrace::testing {

class Worker {
 public:
  explicit Worker(std::shared_ptr<queue::ProducerEnd> end)
      : end_(std::move(end)), thread_([this] { run(); }) {}
  ~Worker() {
    stopping_ = true;
    thread_.join();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

 private:
  void run() {
    while (!stopping_) {
      if (const auto leased = end_->next(std::chrono::milliseconds(10))) {
        end_->deliver(*leased, sample_batch(leased->range));
      }
    }
  }
  std::shared_ptr<queue::ProducerEnd> end_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace millrace::testing

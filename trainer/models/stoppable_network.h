// A network that long work calls again and again, such as a sampler: a stop that is asked for ends
// the work at the next call.
#pragma once

#include <memory>
#include <utility>

#include "config/app/stop.h"
#include "trainer/models/model.h"

namespace millrace::trainer {

/// Passes calls on to a network, which outlives it. Throws config::Stopped once the process was
/// asked to stop.
class StoppableNetwork final : public Network {
 public:
  explicit StoppableNetwork(Network& network) : network_(network) {}

  torch::Tensor encode(const NetworkInput& input) override {
    config::check_stop();
    return network_.encode(input);
  }
  torch::Tensor project(const torch::Tensor& hidden) override { return network_.project(hidden); }
  [[nodiscard]] std::unique_ptr<Decoder> decoder(std::int64_t longest) override {
    return std::make_unique<StoppableDecoder>(network_.decoder(longest));
  }

 private:
  class StoppableDecoder final : public Decoder {
   public:
    explicit StoppableDecoder(std::unique_ptr<Decoder> decoder) : decoder_(std::move(decoder)) {}
    torch::Tensor read(const torch::Tensor& tokens) override {
      config::check_stop();
      return decoder_->read(tokens);
    }

   private:
    std::unique_ptr<Decoder> decoder_;
  };

  Network& network_;
};

}  // namespace millrace::trainer

// The decoder of a network without a cache (model.h).
#include "trainer/models/model.h"

namespace millrace::trainer {
namespace {

class RecomputingDecoder : public Decoder {
 public:
  explicit RecomputingDecoder(Network& network) : network_(network) {}

  torch::Tensor read(const torch::Tensor& tokens) override {
    read_ = read_.defined() ? at::cat({read_, tokens}, 1) : tokens;
    const auto hidden = network_.encode(read_);
    return hidden.narrow(1, hidden.size(1) - tokens.size(1), tokens.size(1));
  }

 private:
  Network& network_;
  torch::Tensor read_;  ///< i64 [B, l], all tokens so far
};

}  // namespace

std::unique_ptr<Decoder> Network::decoder(std::int64_t) {
  return std::make_unique<RecomputingDecoder>(*this);
}

}  // namespace millrace::trainer

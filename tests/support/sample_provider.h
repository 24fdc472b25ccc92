// The stream of sample_stream.h as a provider.
#pragma once

#include "providers/data_provider.h"
#include "tests/support/sample_stream.h"

namespace millrace::testing {

class SampleProvider final : public providers::DataProvider {
 public:
  [[nodiscard]] const proto::StreamMeta& meta() const override { return meta_; }
  void fill(const proto::Range& range, proto::BatchView out) const override {
    fill_sample(range, out);
  }

 private:
  proto::StreamMeta meta_ = sample_meta();
};

}  // namespace millrace::testing

// The order in which ranges are served. Evaluation first: whoever asks for val samples stands still
// until they come, while train runs ahead.
#pragma once

#include <tuple>

#include "proto/types.h"

namespace millrace::queue {

struct Sooner {
  bool operator()(const proto::Range& a, const proto::Range& b) const {
    const auto key = [](const proto::Range& range) {
      return std::tuple(range.split == proto::Split::kTrain, range.split, range.first, range.count,
                        range.stage);
    };
    return key(a) < key(b);
  }
};

}  // namespace millrace::queue

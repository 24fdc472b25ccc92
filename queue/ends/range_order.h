// The order in which ranges are served: evaluation first, because a trainer that evaluates can do
// nothing else until val samples come, while train samples are fetched ahead.
#pragma once

#include <tuple>

#include "proto/types.h"

namespace millrace::queue {

/// Less: served before.
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

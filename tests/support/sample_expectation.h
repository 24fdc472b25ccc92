// The expectation of a consumer, for the stream of sample_stream.h or another.
#pragma once

#include "queue/ends/admission.h"
#include "tests/support/sample_stream.h"

namespace millrace::testing {

inline queue::Expectation expectation_of(const proto::StreamMeta& meta) {
  return {.provider = meta.provider, .data_seed = meta.data_seed, .settings = meta.settings};
}

inline queue::Expectation sample_expectation() { return expectation_of(sample_meta()); }

}  // namespace millrace::testing

// Attribution of waits: the seconds that a trainer waits for samples, by cause.
//
// The cause of a wait is the place where the sample is meanwhile. One thing is known only
// afterwards: whether a leased range was still being computed or already on its way. So seconds
// spent waiting for a leased range are held back until its answer says how long the producer held
// the lease; the rest goes to the link. In case no answer comes, seconds beyond kHeldBackAtMost_s
// go to the provider at once.
//
//     WaitAttribution attribution(metrics.wait_seconds);  // telemetry/stream_metrics.h
//     attribution.waited(WaitCause::kNoProducer, 0.1);    // after each slice of a wait
//     attribution.waited(WaitCause::kProvider, 0.1);      // leased: with a producer, or on its way
//     attribution.arrived(answered - leased - held);      // answered (0 without a network)
//     attribution.waited(WaitCause::kConsumer, 0.01);     // here, and being put together
//
// No clock, no lock. One thread at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>
#include <vector>

#include "telemetry/metric.h"

namespace millrace::telemetry {

enum class WaitCause {
  kNoProducer,  ///< no producer is there to compute the sample
  kProvider,    ///< a producer has the range and is still computing it
  kLink,        ///< it was computed and is on its way
  kDisk,        ///< a queue file is being read
  kConsumer,    ///< it is here and being put together
};
inline constexpr WaitCause kWaitCauses[] = {WaitCause::kNoProducer, WaitCause::kProvider,
                                            WaitCause::kLink, WaitCause::kDisk,
                                            WaitCause::kConsumer};

/// "no_producer", "provider", "link", "disk" or "consumer": the value of the label `cause`.
[[nodiscard]] std::string_view to_string(WaitCause cause);

class WaitAttribution {
 public:
  static constexpr double kHeldBackAtMost_s = 10.0;

  /// One counter of seconds per cause, in the order of kWaitCauses.
  explicit WaitAttribution(std::vector<std::reference_wrapper<Counter>> seconds);

  /// The trainer waited for `seconds` with this cause. kProvider and kLink mean the same here: the
  /// range is leased and not answered.
  void waited(WaitCause cause, double seconds);

  /// The range that was waited for is here. `link_seconds`: the time between lease and answer in
  /// which its producer did not hold the lease.
  void arrived(double link_seconds);

 private:
  void charge(WaitCause cause, double seconds) {
    seconds_[static_cast<std::size_t>(cause)].get().add(seconds);
  }

  std::vector<std::reference_wrapper<Counter>> seconds_;
  double held_back_ = 0.0;
};

}  // namespace millrace::telemetry

// Who is to blame for a wait: the seconds that a trainer waits for samples, by cause.
//
// At any moment of a wait the sample that is waited for is somewhere, and that names the cause. One
// thing nobody can tell while it lasts: whether a range that a producer was asked for is still
// being computed or already on its way. So the seconds spent on a range that is out are held back
// until its answer tells how long the producer held it: the rest was the link's. An answer that
// does not come must still be seen: beyond kHeldBackAtMost_s those seconds go to the provider.
//
//     WaitAttribution blame(metrics.wait_seconds);          // telemetry/stream_metrics.h
//     blame.waited(WaitCause::kNoProducer, 0.1);      // after each slice of a wait: where the sample was in it
//     blame.waited(WaitCause::kProvider, 0.1);        // it is out: with a producer, or on its way
//     blame.arrived(answered - leased - held);        // its answer is here (0 where no link lies between)
//     blame.waited(WaitCause::kConsumer, 0.01);       // here, and not put together yet
//
// Pure bookkeeping: no clock, no lock. One thread at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>
#include <vector>

#include "telemetry/metric.h"

namespace millrace::telemetry {

enum class WaitCause {
  kNoProducer,  ///< nobody is there to compute the sample
  kProvider,    ///< a producer has the range and is still computing it
  kLink,        ///< it was computed and is on its way
  kDisk,        ///< a queue file is being read
  kConsumer,    ///< it is here and not put together yet
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

  /// The wait went on for `seconds` while the sample was there. kProvider and kLink both mean: a
  /// producer was asked for it, and it is not here.
  void waited(WaitCause where, double seconds);

  /// The range that was waited for is here. Of its way from lease to answer, `link_seconds` were
  /// not the producer's work.
  void arrived(double link_seconds);

 private:
  void charge(WaitCause cause, double seconds) {
    seconds_[static_cast<std::size_t>(cause)].get().add(seconds);
  }

  std::vector<std::reference_wrapper<Counter>> seconds_;
  double held_back_ = 0.0;
};

}  // namespace millrace::telemetry

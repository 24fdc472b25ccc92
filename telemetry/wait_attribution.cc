// Attribution of waits (wait_attribution.h).
#include "telemetry/wait_attribution.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

namespace millrace::telemetry {

std::string_view to_string(WaitCause cause) {
  static constexpr std::string_view kNames[] = {"no_producer", "provider", "link", "disk",
                                                "consumer"};
  static_assert(std::size(kNames) == std::size(kWaitCauses));
  return kNames[static_cast<std::size_t>(cause)];
}

WaitAttribution::WaitAttribution(std::vector<std::reference_wrapper<Counter>> seconds)
    : seconds_(std::move(seconds)) {
  assert(seconds_.size() == std::size(kWaitCauses));
}

void WaitAttribution::waited(WaitCause cause, double seconds) {
  if (cause != WaitCause::kProvider && cause != WaitCause::kLink) return charge(cause, seconds);
  held_back_ += seconds;
  const double overdue = std::max(0.0, held_back_ - kHeldBackAtMost_s);
  charge(WaitCause::kProvider, overdue);
  held_back_ -= overdue;
}

void WaitAttribution::arrived(double link_seconds) {
  const double link = std::clamp(link_seconds, 0.0, held_back_);
  charge(WaitCause::kLink, link);
  charge(WaitCause::kProvider, held_back_ - link);
  held_back_ = 0.0;
}

}  // namespace millrace::telemetry

// The health of a process (health.h).
#include "telemetry/health.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace millrace::telemetry {
namespace {

Health::Report make_report(const char* status, const std::string& state) {
  const nlohmann::ordered_json json{{"status", status}, {"state", state}};
  constexpr auto kReplaceBadUtf8 = nlohmann::ordered_json::error_handler_t::replace;
  return {status == std::string_view("ok"), json.dump(-1, ' ', false, kReplaceBadUtf8) + "\n"};
}

}  // namespace

void Health::alive(std::string state, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  state_ = std::move(state);
  alive_at_ = now;
}

void Health::begin_work(std::string what) {
  const std::lock_guard lock(mutex_);
  work_.push_back(std::move(what));
}

void Health::end_work(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  work_.pop_back();
  alive_at_ = now;
}

void Health::failed(std::string reason) {
  const std::lock_guard lock(mutex_);
  if (failure_.empty()) failure_ = std::move(reason);
}

Health::Report Health::report(Clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  if (!failure_.empty()) return make_report("failed", failure_);
  const auto silent = std::chrono::duration_cast<std::chrono::seconds>(now - alive_at_);
  if (silent <= patience_) return make_report("ok", state_);
  const std::string since = " for " + std::to_string(silent.count()) + " s after: " + state_;
  if (!work_.empty()) return make_report("ok", work_.back() + since);
  return make_report("stalled", "no progress" + since);
}

Health& null_health() {
  static Health health(std::chrono::seconds::max());
  return health;
}

}  // namespace millrace::telemetry

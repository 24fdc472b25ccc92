// Registering with rank 0 (registration.h).
#include "queue/protocol/registration.h"

#include <stdexcept>
#include <variant>

namespace millrace::queue {
namespace {

constexpr std::chrono::milliseconds kRegisterEvery{200};
constexpr std::chrono::seconds kKnownFor{5};

}  // namespace

std::optional<proto::Message> Registration::tick(Time now) {
  if (sent_ && now - *sent_ < kRegisterEvery) return std::nullopt;
  sent_ = now;
  return self_;
}

void Registration::receive(const proto::Message& message, Time now) {
  if (const auto* refusal = std::get_if<proto::Refuse>(&message)) {
    throw std::runtime_error("rank 0 refused rank " + std::to_string(self_.rank) + ": " +
                             refusal->reason);
  }
  if (std::holds_alternative<proto::Welcome>(message)) answered_ = now;
}

bool Registration::known(Time now) const { return answered_ && now - *answered_ < kKnownFor; }

}  // namespace millrace::queue

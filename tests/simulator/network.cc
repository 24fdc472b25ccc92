#include "tests/simulator/network.h"

#include <memory>
#include <utility>

namespace millrace::simulator {
namespace {

constexpr std::chrono::microseconds kLeastDelay{50};

std::string host_of(const std::string& address) { return address.substr(0, address.find('/')); }

}  // namespace

void Network::send(Letter letter, Time now) {
  if (random_.chance(faults_.loss) || is_cut_off(letter.from, now) || is_cut_off(letter.to, now)) {
    return;
  }
  if (random_.chance(faults_.flipped)) {
    letter.frames = with_a_flipped_bit(std::move(letter.frames));
  }
  const int copies = random_.chance(faults_.doubled) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    const Duration delay = random_.between(kLeastDelay, kLeastDelay + faults_.delay);
    on_their_way_.emplace(
        std::chrono::ceil<std::chrono::milliseconds>((now + delay).time_since_epoch()) + Time{},
        letter);
  }
}

bool Network::is_cut_off(const std::string& address, Time now) const {
  const auto cut = cut_off_.find(host_of(address));
  return cut != cut_off_.end() && now < cut->second;
}

proto::Frames Network::with_a_flipped_bit(proto::Frames frames) {
  proto::SharedBytes& frame = frames[random_.below(frames.size())];
  if (frame.bytes.empty()) return frames;
  auto copy = std::make_shared<std::vector<std::byte>>(frame.bytes.begin(), frame.bytes.end());
  (*copy)[random_.below(copy->size())] ^= std::byte{1} << static_cast<int>(random_.below(8));
  frame = {copy, *copy};
  return frames;
}

std::optional<Time> Network::next_due() const {
  if (on_their_way_.empty()) return std::nullopt;
  return on_their_way_.begin()->first;
}

std::optional<Letter> Network::take(Time now) {
  if (on_their_way_.empty() || on_their_way_.begin()->first > now) return std::nullopt;
  Letter letter = std::move(on_their_way_.begin()->second);
  on_their_way_.erase(on_their_way_.begin());
  if (is_cut_off(letter.to, now)) return take(now);
  return letter;
}

}  // namespace millrace::simulator

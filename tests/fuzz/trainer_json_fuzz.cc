// proto::trainer_state_from_json, the reader of a checkpoint's trainer.json, on the text as it is
// and with the right digest.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "proto/checkpoint.h"
#include "proto/digest.h"
#include "tests/fuzz/harness.h"

namespace millrace::fuzz {
namespace {

constexpr std::size_t kDeepest = 64;  // the digest is over dump(), which recurses

std::string with_right_digest(std::string_view text) {
  const auto opening = [](char c) { return c == '[' || c == '{'; };
  if (static_cast<std::size_t>(std::ranges::count_if(text, opening)) > kDeepest) return {};
  auto json = nlohmann::ordered_json::parse(text, nullptr, false);
  if (!json.is_object()) return {};
  json.erase("xxh64");
  json["xxh64"] = proto::hex16(proto::xxh64(json.dump()));
  return json.dump();
}

bool take_state(std::string_view text) {
  proto::TrainerState state;
  try {
    state = proto::trainer_state_from_json(text);
  } catch (const std::runtime_error&) {
    return false;
  }
  require(proto::trainer_state_from_json(proto::to_json(state)) == state,
          "a state that is taken can be written and read as the same");
  return true;
}

}  // namespace

bool take_trainer_json(std::string_view input) {
  const bool taken = take_state(input);
  if (!taken) (void)take_state(with_right_digest(input));
  return taken;
}

}  // namespace millrace::fuzz

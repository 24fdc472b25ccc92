// How varied the tokens of a text are. Free of LibTorch.
#pragma once

#include <cstdint>
#include <span>

namespace millrace::trainer {

/// −Σ p ln p over the shares p that the different tokens have of the text, in nats: 0 where it
/// repeats one, ln n where all n of its tokens differ. 0 of no tokens.
[[nodiscard]] double token_entropy(std::span<const std::int64_t> tokens);

}  // namespace millrace::trainer

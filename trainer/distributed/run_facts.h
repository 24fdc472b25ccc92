// What must be the same on all ranks of a run: the keys of the recipe, the build, the number of
// ranks. Free of LibTorch.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace millrace::trainer {

/// By name, as messages show it: {"train.batch_size", "16"}.
using RunFacts = std::map<std::string, std::string>;

/// The facts as bytes, which run_facts_from_bytes reads back.
[[nodiscard]] std::string to_bytes(const RunFacts& facts);
[[nodiscard]] RunFacts run_facts_from_bytes(std::string_view bytes);

/// "train.batch_size is 8 on rank 1 and 16 on rank 0; …". Empty: the facts are the same.
[[nodiscard]] std::string differences(const RunFacts& facts, std::uint32_t rank,
                                      const RunFacts& of_rank0);

}  // namespace millrace::trainer

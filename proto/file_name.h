// What a name that comes from a file, a peer or the wire may be before it becomes part of a path.
// Everything that builds such a path asks here, so that nothing outside the folder it belongs to is
// opened, changed or removed.
#pragma once

#include <climits>
#include <cstddef>
#include <filesystem>
#include <string_view>

namespace millrace::proto {

/// Of an id.
inline constexpr std::size_t kIdDigits = 16;
/// What temporary_name() (files.h) adds to a name: two dots, an id, and ".tmp".
inline constexpr std::size_t kTemporaryNameBytes = 1 + 1 + kIdDigits + 4;
/// The most bytes of a name, so that a temporary name still has it in full.
inline constexpr std::size_t kMostFileNameBytes = NAME_MAX - kTemporaryNameBytes;

/// Whether `name` may be one component of a path: 1 to kMostFileNameBytes characters, each an ASCII
/// letter, a digit, or one of ". _ -", the first one no dot. So it is neither "." nor "..", nor
/// hidden, and has no separator, blank, control or escape.
[[nodiscard]] bool is_file_name(std::string_view name);

/// Whether `name` is an id: a run id, a fingerprint, or the id of a process: 16 lower-case hex
/// digits, as hex16() writes them. Every id is a file name.
[[nodiscard]] bool is_id(std::string_view name);

/// `folder / name`. Throws std::runtime_error where `name` is not a file name, in which control
/// characters are shown as "?"; `what` begins the sentence: "trainer.json: its file".
[[nodiscard]] std::filesystem::path file_in(const std::filesystem::path& folder,
                                            std::string_view name, std::string_view what);
/// The same for an id.
[[nodiscard]] std::filesystem::path file_of_id(const std::filesystem::path& folder,
                                               std::string_view id, std::string_view what);

}  // namespace millrace::proto

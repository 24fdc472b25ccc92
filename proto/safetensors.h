// The safetensors file format: named tensors as raw bytes behind one JSON header, so that every
// tool of the field reads them.
//
//     u64 header length N · N bytes of JSON, padded with spaces to a multiple of 8 · the tensors' bytes, little-endian
//     {"__metadata__": {"k": "v"}, "w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …}
//
// Source: github.com/huggingface/safetensors, "Format". Free of LibTorch; files are replaced
// atomically but not synced.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::proto {

enum class TensorType : std::uint8_t { kU8, kI32, kI64, kF16, kBF16, kF32, kF64 };

/// The name in the header, e.g. "F32".
[[nodiscard]] std::string_view to_string(TensorType type);
/// Bytes of one value.
[[nodiscard]] std::size_t width(TensorType type);

/// A tensor whose memory belongs to somebody else: the caller when writing, the SafetensorsFile
/// when reading.
struct NamedTensor {
  std::string name;
  TensorType type = TensorType::kF32;
  std::vector<std::uint64_t> shape;  ///< empty: a single value
  std::span<const std::byte> bytes;  ///< row-major, little-endian
};

/// A header longer than this is refused before it is read.
inline constexpr std::uint64_t kMaxSafetensorsHeaderBytes = 100'000'000;

/// Writes the tensors, the wide types first so that each is aligned to its width. Throws
/// std::invalid_argument for a name used twice or bytes that do not fit the shape,
/// std::runtime_error where the file cannot be written.
void write_safetensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors,
                       const std::map<std::string, std::string>& metadata = {});

/// A file that was read whole.
class SafetensorsFile {
 public:
  /// Empty for a damaged or foreign file; `damage` then says what is wrong with it, without its
  /// path. Throws std::runtime_error where the file cannot be read at all.
  [[nodiscard]] static std::optional<SafetensorsFile> open(const std::filesystem::path& path,
                                                           std::string& damage);

  /// By name, in alphabetical order; their bytes live as long as a copy of this object.
  [[nodiscard]] const std::vector<NamedTensor>& tensors() const { return tensors_; }
  [[nodiscard]] const NamedTensor* find(std::string_view name) const;
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const { return metadata_; }

 private:
  std::shared_ptr<const std::string> content_;
  std::vector<NamedTensor> tensors_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace millrace::proto

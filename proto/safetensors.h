// The safetensors file format: named tensors as raw bytes behind one JSON header.
//
//     file   = length:u64 header data         (little-endian; length: bytes of the header)
//     header = {"__metadata__": {"k": "v"}, "w": {"dtype": "F32", "shape": [2, 3],
//               "data_offsets": [0, 24]}, …}, padded with spaces to a multiple of 8
//     data   = the tensors' bytes, row-major
//
// Source: github.com/huggingface/safetensors, "Format". Needs no LibTorch.
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

/// The type's name in the header, for example "F32".
[[nodiscard]] std::string_view to_string(TensorType type);
/// Bytes of one value.
[[nodiscard]] std::size_t width(TensorType type);

/// A named view of a tensor's bytes. Their memory belongs to the caller when writing, to the
/// SafetensorsFile when reading.
struct NamedTensor {
  std::string name;
  TensorType type = TensorType::kF32;
  std::vector<std::uint64_t> shape;  ///< empty: a single value
  std::span<const std::byte> bytes;  ///< row-major, little-endian
};

/// Longer headers are refused before they are read.
inline constexpr std::uint64_t kMaxSafetensorsHeaderBytes = 100'000'000;

/// The bytes of a file of these tensors, in pieces: length and header, then views of the tensors,
/// wide types first so that each is aligned to its width.
class SafetensorsPieces {
 public:
  /// The tensors' memory must outlive this. Throws std::invalid_argument for a name that is
  /// reserved or used twice, and for bytes that do not fit the shape.
  explicit SafetensorsPieces(std::span<const NamedTensor> tensors,
                             const std::map<std::string, std::string>& metadata = {});
  SafetensorsPieces(const SafetensorsPieces&) = delete;
  SafetensorsPieces& operator=(const SafetensorsPieces&) = delete;

  /// The pieces in order, valid as long as this object.
  [[nodiscard]] std::span<const std::string_view> pieces() const { return pieces_; }

 private:
  std::string beginning_;  ///< length and header
  std::vector<std::string_view> pieces_;
};

/// A file in memory, checked.
class SafetensorsFile {
 public:
  /// Reads the whole file. Empty for a damaged or foreign file; `damage` then says what is wrong,
  /// without the path. Throws DiskError (disk.h) where the file cannot be read.
  [[nodiscard]] static std::optional<SafetensorsFile> open(const std::filesystem::path& path,
                                                           std::string& damage);

  /// The tensors in alphabetical order; their bytes live as long as a copy of this object.
  [[nodiscard]] const std::vector<NamedTensor>& tensors() const { return tensors_; }
  /// The tensor of this name, or nullptr.
  [[nodiscard]] const NamedTensor* find(std::string_view name) const;
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const { return metadata_; }

 private:
  std::shared_ptr<const std::string> content_;
  std::vector<NamedTensor> tensors_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace millrace::proto

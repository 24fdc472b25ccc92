// The header of safetensors files, written and checked.
#include "proto/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "proto/files.h"
#include "proto/json_numbers.h"
#include "proto/json_text.h"
#include "proto/shared_bytes.h"

namespace millrace::proto {
namespace {

static_assert(std::endian::native == std::endian::little,
              "tensors are written as they lie in memory");

using Json = nlohmann::json;

constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kAlignment = 8;
constexpr const char* kMetadataKey = "__metadata__";

struct TypeFacts {
  TensorType type;
  std::string_view name;
  std::size_t width;
};
constexpr std::array<TypeFacts, 7> kTypes{{{TensorType::kU8, "U8", 1},
                                           {TensorType::kI32, "I32", 4},
                                           {TensorType::kI64, "I64", 8},
                                           {TensorType::kF16, "F16", 2},
                                           {TensorType::kBF16, "BF16", 2},
                                           {TensorType::kF32, "F32", 4},
                                           {TensorType::kF64, "F64", 8}}};

/// Bytes of a tensor; empty where the product overflows 64 bits.
std::optional<std::uint64_t> byte_count(TensorType type, const std::vector<std::uint64_t>& shape) {
  std::uint64_t bytes = width(type);
  for (const std::uint64_t extent : shape) {
    if (__builtin_mul_overflow(bytes, extent, &bytes)) {
      return std::nullopt;
    }
  }
  return bytes;
}

std::vector<const NamedTensor*> widest_first(std::span<const NamedTensor> tensors) {
  std::vector<const NamedTensor*> order;
  for (const NamedTensor& tensor : tensors) order.push_back(&tensor);
  std::ranges::stable_sort(order, std::greater{},
                           [](const NamedTensor* tensor) { return width(tensor->type); });
  return order;
}

std::string make_header(std::span<const NamedTensor* const> order,
                        const std::map<std::string, std::string>& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header[kMetadataKey] = metadata;
  std::uint64_t offset = 0;
  for (const NamedTensor* tensor : order) {
    if (tensor->name == kMetadataKey || header.contains(tensor->name)) {
      throw std::invalid_argument("safetensors: the name '" + tensor->name +
                                  "' is used twice or reserved");
    }
    if (byte_count(tensor->type, tensor->shape) != tensor->bytes.size()) {
      throw std::invalid_argument("safetensors: '" + tensor->name + "' has " +
                                  std::to_string(tensor->bytes.size()) +
                                  " bytes, which its shape does not ask for");
    }
    const std::uint64_t end = offset + tensor->bytes.size();
    header[tensor->name] = {{"dtype", to_string(tensor->type)},
                            {"shape", tensor->shape},
                            {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = json_text(header);
  text.resize(rounded_up(text.size(), kAlignment), ' ');
  return text;
}

/// A tensor of the header, and where its bytes begin in the data.
struct Entry {
  NamedTensor tensor;
  std::uint64_t begin = 0;
};

std::vector<std::uint64_t> whole_numbers(const Json& json) {
  if (!json.is_array()) throw std::runtime_error("expected an array of whole numbers");
  std::vector<std::uint64_t> numbers;
  for (const Json& one : json) numbers.push_back(whole<std::uint64_t>(one));
  return numbers;
}

/// Throws std::runtime_error with what is wrong.
Entry read_entry(const std::string& name, const Json& json, std::string_view data) {
  const auto type_name = json.at("dtype").get<std::string>();
  const auto* const facts = std::ranges::find(kTypes, type_name, &TypeFacts::name);
  if (facts == kTypes.end()) {
    throw std::runtime_error("tensor '" + name + "' has the unknown dtype '" + type_name + "'");
  }
  Entry entry{{name, facts->type, whole_numbers(json.at("shape")), {}}, 0};
  const std::vector<std::uint64_t> offsets = whole_numbers(json.at("data_offsets"));
  if (offsets.size() != 2) {
    throw std::runtime_error("tensor '" + name + "' has no [begin, end) of its data");
  }
  const std::uint64_t begin = offsets[0];
  const std::uint64_t end = offsets[1];
  if (begin > end || end > data.size()) {
    throw std::runtime_error("tensor '" + name + "' ends at byte " + std::to_string(end) + " of " +
                             std::to_string(data.size()));
  }
  if (byte_count(facts->type, entry.tensor.shape) != end - begin) {
    throw std::runtime_error("tensor '" + name + "' has " + std::to_string(end - begin) +
                             " bytes, which its shape does not ask for");
  }
  entry.tensor.bytes = std::as_bytes(std::span(data.substr(begin, end - begin)));
  entry.begin = begin;
  return entry;
}

/// Throws std::runtime_error unless the tensors cover the data exactly: without holes or overlaps,
/// and with nothing behind the last.
void check_cover(std::vector<Entry> entries, std::uint64_t data_bytes) {
  std::ranges::sort(entries, {}, [](const Entry& entry) {
    return std::pair(entry.begin, entry.tensor.bytes.size());
  });
  std::uint64_t covered = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != covered) {
      throw std::runtime_error("tensor '" + entry.tensor.name + "' leaves a hole or overlaps");
    }
    covered += entry.tensor.bytes.size();
  }
  if (covered != data_bytes) {
    throw std::runtime_error(std::to_string(data_bytes - covered) +
                             " bytes follow the last tensor");
  }
}

/// The text of the header. Throws std::runtime_error with what is wrong.
std::string_view header_of(std::string_view content) {
  std::uint64_t length = 0;
  if (content.size() < kLengthBytes) throw std::runtime_error("it is shorter than a header");
  std::memcpy(&length, content.data(), kLengthBytes);
  if (length > kMaxSafetensorsHeaderBytes || length > content.size() - kLengthBytes) {
    throw std::runtime_error("its header of " + std::to_string(length) +
                             " bytes does not fit a file of " + std::to_string(content.size()));
  }
  return content.substr(kLengthBytes, length);
}

}  // namespace

std::string_view to_string(TensorType type) {
  return std::ranges::find(kTypes, type, &TypeFacts::type)->name;
}

std::size_t width(TensorType type) {
  return std::ranges::find(kTypes, type, &TypeFacts::type)->width;
}

SafetensorsPieces::SafetensorsPieces(std::span<const NamedTensor> tensors,
                                     const std::map<std::string, std::string>& metadata) {
  const auto order = widest_first(tensors);
  const std::string header = make_header(order, metadata);
  const std::uint64_t header_bytes = header.size();
  beginning_ = std::string(reinterpret_cast<const char*>(&header_bytes), kLengthBytes) + header;
  pieces_.push_back(beginning_);
  for (const NamedTensor* tensor : order) pieces_.push_back(text(tensor->bytes));
}

std::optional<SafetensorsFile> SafetensorsFile::open(const std::filesystem::path& path,
                                                     std::string& damage) {
  SafetensorsFile file;
  file.content_ = std::make_shared<const std::string>(read_file(path));
  try {
    const std::string_view header = header_of(*file.content_);
    const std::string_view data =
        std::string_view(*file.content_).substr(kLengthBytes + header.size());
    const Json described = read_json(header);  // must outlive the loop: items() only refers to it
    std::vector<Entry> entries;
    for (const auto& [name, json] : described.items()) {
      if (name == kMetadataKey) {
        file.metadata_ = json.get<std::map<std::string, std::string>>();
      } else {
        entries.push_back(read_entry(name, json, data));
        file.tensors_.push_back(entries.back().tensor);
      }
    }
    check_cover(std::move(entries), data.size());
  } catch (const std::exception& error) {  // of this file's checks, or of the JSON reader
    damage = error.what();
    return std::nullopt;
  }
  return file;
}

const NamedTensor* SafetensorsFile::find(std::string_view name) const {
  const auto found = std::ranges::lower_bound(
      tensors_, name, {}, [](const NamedTensor& t) { return std::string_view(t.name); });
  return found != tensors_.end() && found->name == name ? &*found : nullptr;
}

}  // namespace millrace::proto

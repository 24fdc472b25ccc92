// LibTorch's tensors in safetensors files, by name.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "proto/checkpoint.h"
#include "trainer/models/parameters.h"

namespace millrace::trainer {

/// Writes the tensors as the file `name` of a checkpoint, those of a GPU through copies on the CPU.
/// `metadata`: the file's own key-value pairs.
void save_tensors(proto::CheckpointWriter& writer, std::string_view name,
                  const NamedTensors& tensors, const std::map<std::string, std::string>& metadata);

/// Copies the file's tensors over those of the same name. Throws std::runtime_error where the file
/// is damaged or has another number of tensors, or naming the first that is missing or of another
/// shape or dtype.
void load_tensors(const std::filesystem::path& path, const NamedTensors& tensors);

}  // namespace millrace::trainer

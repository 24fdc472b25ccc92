// Tensors to and from safetensors files, by name.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "trainer/models/parameters.h"

namespace millrace::trainer {

/// Writes the tensors; those of a GPU are copied to the CPU one after the other.
void save_tensors(const std::filesystem::path& path, const NamedTensors& tensors,
                  const std::map<std::string, std::string>& metadata);

/// Copies the file's tensors into those of the same name. Throws std::runtime_error naming the
/// first that is missing, left over, or of another shape or dtype.
void load_tensors(const std::filesystem::path& path, const NamedTensors& tensors);

}  // namespace millrace::trainer

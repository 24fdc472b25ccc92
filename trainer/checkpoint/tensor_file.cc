// Between the tensors of LibTorch and of proto/safetensors.h (tensor_file.h).
#include "trainer/checkpoint/tensor_file.h"

#include <array>
#include <stdexcept>

#include "proto/safetensors.h"

namespace millrace::trainer {
namespace {

constexpr std::array<std::pair<torch::ScalarType, proto::TensorType>, 7> kTypes{
    {{torch::kUInt8, proto::TensorType::kU8},
     {torch::kInt32, proto::TensorType::kI32},
     {torch::kInt64, proto::TensorType::kI64},
     {torch::kFloat16, proto::TensorType::kF16},
     {torch::kBFloat16, proto::TensorType::kBF16},
     {torch::kFloat32, proto::TensorType::kF32},
     {torch::kFloat64, proto::TensorType::kF64}}};

proto::TensorType file_type(torch::ScalarType type) {
  for (const auto& [ours, theirs] : kTypes) {
    if (ours == type) return theirs;
  }
  throw std::logic_error(std::string("no safetensors dtype for ") + c10::toString(type));
}

std::vector<std::uint64_t> shape_of(const torch::Tensor& tensor) {
  return {tensor.sizes().begin(), tensor.sizes().end()};
}

proto::NamedTensor view_of(const std::string& name, const torch::Tensor& on_cpu) {
  return {name,
          file_type(on_cpu.scalar_type()),
          shape_of(on_cpu),
          {static_cast<const std::byte*>(on_cpu.const_data_ptr()), on_cpu.nbytes()}};
}

void copy_in(const proto::NamedTensor& stored, const torch::Tensor& tensor) {
  if (stored.type != file_type(tensor.scalar_type()) || stored.shape != shape_of(tensor)) {
    throw std::runtime_error("tensor '" + stored.name +
                             "' has another shape or dtype than the model of this recipe");
  }
  const torch::NoGradGuard no_grad;
  tensor.copy_(torch::from_blob(const_cast<std::byte*>(stored.bytes.data()), tensor.sizes(),
                                tensor.scalar_type()));
}

}  // namespace

void save_tensors(proto::CheckpointWriter& writer, std::string_view name,
                  const NamedTensors& tensors, const std::map<std::string, std::string>& metadata) {
  std::vector<torch::Tensor> on_cpu;
  std::vector<proto::NamedTensor> views;
  for (const auto& [tensor_name, tensor] : tensors) {
    on_cpu.push_back(tensor.detach().cpu().contiguous());
    views.push_back(view_of(tensor_name, on_cpu.back()));
  }
  writer.write(name, proto::SafetensorsPieces(views, metadata).pieces());
}

void load_tensors(const std::filesystem::path& path, const NamedTensors& tensors) {
  std::string damage;
  const auto file = proto::SafetensorsFile::open(path, damage);
  if (!file) throw std::runtime_error(path.string() + " is damaged: " + damage);
  if (file->tensors().size() != tensors.size()) {
    throw std::runtime_error(path.string() + " holds " + std::to_string(file->tensors().size()) +
                             " tensors, the model of this recipe " +
                             std::to_string(tensors.size()));
  }
  for (const auto& [name, tensor] : tensors) {
    const proto::NamedTensor* const stored = file->find(name);
    if (stored == nullptr) {
      throw std::runtime_error(path.string() + " has no tensor '" + name + "'");
    }
    copy_in(*stored, tensor);
  }
}

}  // namespace millrace::trainer

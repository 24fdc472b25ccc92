// Stands in for LibTorch's header of this name, which brings all of TorchScript: torch/nn/module.h
// includes it and needs these two names alone. Our checkpoints are written by tensor_file.h.
#pragma once

namespace torch::serialize {

class InputArchive;
class OutputArchive;

}  // namespace torch::serialize

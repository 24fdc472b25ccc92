// Instead of LibTorch's header of this name, which brings all of TorchScript: torch/nn/module.h,
// which includes it, needs names alone. Checkpoints of ours are written by tensor_file.h.
#pragma once

namespace torch::serialize {

class InputArchive;
class OutputArchive;

}  // namespace torch::serialize

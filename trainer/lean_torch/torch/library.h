// Instead of LibTorch's header of this name, with which one registers operators; torch/types.h includes it, and nobody here needs it.
#pragma once

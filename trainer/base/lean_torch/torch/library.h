// Stands in for LibTorch's header of this name, with which operators are registered: torch/types.h
// includes it, and nothing here registers any. Only c10d needs the whole of it; process_group.cc
// and device_group.cc find the original by another path.
#pragma once

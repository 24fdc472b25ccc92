// Instead of LibTorch's header of this name, with which one registers operators; torch/types.h
// includes it. c10d alone needs the whole of it, and process_group.cc and device_group.cc find it
// by another path.
#pragma once

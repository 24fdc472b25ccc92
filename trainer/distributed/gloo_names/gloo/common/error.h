// Declarations only: LibTorch's ProcessGroupGloo.hpp includes this, and the wheel does not ship it
// (trainer/distributed/process_group.cc).
#pragma once

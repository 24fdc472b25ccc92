// Only there to have trainer/torch.h precompiled once (CMakeLists.txt).

# Headers that most files include, precompiled: the standard library's for rooms and programs, these and GoogleTest's for tests, LibTorch's
# for trainer/ (trainer/CMakeLists.txt). Most of a cold build went by in reading them again (docs/explanation/performance.md). A file includes what it
# uses all the same: the builds with sanitizers and for fuzzing precompile nothing and would miss it.
#
# GCC compiles what uses a precompiled header with the optimisation of that header, so there is one for each.
set(standard_headers
  <algorithm> <array> <atomic> <bit> <chrono> <cmath> <cstddef> <cstdint> <cstring> <filesystem> <fstream> <functional> <limits> <map>
  <memory> <mutex> <numeric> <optional> <set> <span> <sstream> <stdexcept> <string> <string_view> <thread> <utility> <vector>)

# millrace_headers(NAME LINK lib… HEADERS <a> <b> [LOOPS]): a target whose precompiled headers others reuse; LOOPS as in millrace_room.
function(millrace_headers name)
  cmake_parse_arguments(PCH "LOOPS" "" "LINK;HEADERS" ${ARGN})
  add_library(${name} OBJECT ${PROJECT_SOURCE_DIR}/cmake/headers.cc)
  target_link_libraries(${name} PRIVATE millrace_compile ${PCH_LINK})
  millrace_optimise(${name} ${PCH_LOOPS})
  target_precompile_headers(${name} PRIVATE ${PCH_HEADERS})
endfunction()

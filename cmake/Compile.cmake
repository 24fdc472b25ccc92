# The flags of every target of ours, and the helper that adds a room.
#
# -ffp-contract=off: a byte of a stream must not depend on whether the compiler fuses a multiply with an add
# (design_document.md, "the same bytes on every machine").
add_library(millrace_compile INTERFACE)
target_compile_options(millrace_compile INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion $<$<BOOL:${MILLRACE_WERROR}>:-Werror>
  -ffp-contract=off -fno-fast-math
  # GCC 12 sees overlapping copies in "text" + std::string and uninitialised members of a std::variant that is moved, wrongly.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict> $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
if(NOT CMAKE_DISABLE_PRECOMPILE_HEADERS)
  # And from a precompiled <string> it sees endless ones, and ones beyond the end.
  target_compile_options(millrace_compile INTERFACE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds> $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overflow>
    $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overread>)
endif()
target_include_directories(millrace_compile INTERFACE ${PROJECT_SOURCE_DIR})
if(MILLRACE_SANITIZE)
  target_compile_options(millrace_compile INTERFACE -fsanitize=${MILLRACE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(millrace_compile INTERFACE -fsanitize=${MILLRACE_SANITIZE})
endif()
if(MILLRACE_FUZZ)
  target_compile_options(millrace_compile INTERFACE -fsanitize=fuzzer-no-link)
endif()

# In a release -O3 where loops run over data, in a whole room (LOOPS) or in these files of it (millrace_loops); elsewhere -O1, which
# compiles in two thirds of the time: time goes by in those loops, in LibTorch and in waiting.
function(millrace_optimise target loops)
  if(NOT loops)
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
endfunction()

# millrace_loops(TARGET a.cc b.cc [OPTIONS -mavx2 …]): files whose loops run over data. -O3 in every build type: without the optimiser,
# loops for one instruction set are no faster than those for another.
function(millrace_loops target)
  cmake_parse_arguments(LOOPS "" "" "OPTIONS" ${ARGN})
  set_source_files_properties(${LOOPS_UNPARSED_ARGUMENTS} TARGET_DIRECTORY ${target} PROPERTIES
    SKIP_PRECOMPILE_HEADERS ON COMPILE_OPTIONS "-O3;${LOOPS_OPTIONS}")
endfunction()

# millrace_sources(TARGET [EXCEPT a.cc …]): every .cc of this folder but these and the programs' *_main.cc, so that a new file needs no
# line in CMake.
function(millrace_sources target)
  cmake_parse_arguments(SOURCES "" "" "EXCEPT" ${ARGN})
  file(GLOB files CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  list(FILTER files EXCLUDE REGEX "_main\\.cc$")
  list(REMOVE_ITEM files ${SOURCES_EXCEPT} "")
  target_sources(${target} PRIVATE ${files})
endfunction()

include(cmake/Headers.cmake)
millrace_headers(millrace_headers_quick HEADERS ${standard_headers})
millrace_headers(millrace_headers_loops HEADERS ${standard_headers} LOOPS)

# millrace_room(NAME [SOURCES a.cc b.cc] PUBLIC lib… PRIVATE lib… [LOOPS] [HEADERS target]): the static library of one folder, to which
# millrace_sources adds files. LOOPS: its loops run over data. HEADERS: whose precompiled headers it reuses; by default the standard
# library's.
function(millrace_room name)
  cmake_parse_arguments(ROOM "LOOPS" "HEADERS" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(millrace_${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(millrace_${name} PUBLIC millrace_compile ${ROOM_PUBLIC} PRIVATE ${ROOM_PRIVATE})
  millrace_optimise(millrace_${name} ${ROOM_LOOPS})
  if(ROOM_HEADERS)
    target_precompile_headers(millrace_${name} REUSE_FROM ${ROOM_HEADERS})
  elseif(ROOM_LOOPS)
    target_precompile_headers(millrace_${name} REUSE_FROM millrace_headers_loops)
  else()
    target_precompile_headers(millrace_${name} REUSE_FROM millrace_headers_quick)
  endif()
endfunction()

# millrace_program(NAME SOURCES a.cc LINK lib…): a program in build/bin.
function(millrace_program name)
  cmake_parse_arguments(PROGRAM "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${PROGRAM_SOURCES})
  target_link_libraries(${name} PRIVATE millrace_compile ${PROGRAM_LINK})
  millrace_optimise(${name} OFF)
  target_precompile_headers(${name} REUSE_FROM millrace_headers_quick)
endfunction()

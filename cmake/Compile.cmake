# The flags of every target of ours, and the helper that adds a room.
#
# -ffp-contract=off: a byte of a stream must not depend on whether the compiler fuses a multiply with an add
# (design_document.md, "the same bytes on every machine").
add_library(millrace_compile INTERFACE)
target_compile_options(millrace_compile INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Werror
  -ffp-contract=off -fno-fast-math
  # GCC 12 sees overlapping copies in "text" + std::string and uninitialised members of a std::variant that is moved, wrongly.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict> $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
target_include_directories(millrace_compile INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(millrace_compile INTERFACE MILLRACE_VERSION="${PROJECT_VERSION}")
if(MILLRACE_SANITIZE)
  target_compile_options(millrace_compile INTERFACE -fsanitize=${MILLRACE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(millrace_compile INTERFACE -fsanitize=${MILLRACE_SANITIZE})
endif()
if(MILLRACE_FUZZ)
  target_compile_options(millrace_compile INTERFACE -fsanitize=fuzzer-no-link)
endif()

# millrace_room(NAME SOURCES a.cc b.cc PUBLIC lib… PRIVATE lib…): the static library of one folder.
function(millrace_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(millrace_${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(millrace_${name} PUBLIC millrace_compile ${ROOM_PUBLIC} PRIVATE ${ROOM_PRIVATE})
endfunction()

# millrace_program(NAME SOURCES a.cc LINK lib…): a program in build/bin.
function(millrace_program name)
  cmake_parse_arguments(PROGRAM "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${PROGRAM_SOURCES})
  target_link_libraries(${name} PRIVATE millrace_compile ${PROGRAM_LINK})
endfunction()

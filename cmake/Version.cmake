# The version stands in the file VERSION alone. The commit is asked for at every build; where it is another, version.cc alone is
# compiled again, and the programs are linked again. Run as a script (-P), this file writes the header.
if(CMAKE_SCRIPT_MODE_FILE)
  # The commit of these sources, not of a repository that they happen to lie in; none in an archive without .git.
  if(EXISTS ${SOURCE_DIR}/.git)
    execute_process(COMMAND git rev-parse --short=7 HEAD WORKING_DIRECTORY ${SOURCE_DIR}
      OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    # "-dirty": a file of the commit, or one that was added since, is not as committed. Files that git does not know, such as the
    # notes of a run, do not count. Takes no lock of git's, as a build may run beside a commit.
    execute_process(COMMAND git --no-optional-locks status --porcelain --untracked-files=no WORKING_DIRECTORY ${SOURCE_DIR}
      OUTPUT_VARIABLE changes ERROR_QUIET)
    if(commit AND NOT changes STREQUAL "")
      string(APPEND commit "-dirty")
    endif()
  endif()
  file(CONFIGURE OUTPUT ${HEADER} CONTENT "#define MILLRACE_VERSION \"${VERSION}\"\n#define MILLRACE_COMMIT \"${commit}\"\n")
  return()
endif()

# millrace_version_header(TARGET): gives the target the header millrace_commit.h.
function(millrace_version_header target)
  set(header ${PROJECT_BINARY_DIR}/generated/millrace_commit.h)
  add_custom_target(millrace_commit BYPRODUCTS ${header}
    COMMAND ${CMAKE_COMMAND} -DSOURCE_DIR=${PROJECT_SOURCE_DIR} -DHEADER=${header} -DVERSION=${PROJECT_VERSION}
            -P ${PROJECT_SOURCE_DIR}/cmake/Version.cmake)
  add_dependencies(${target} millrace_commit)
  target_include_directories(${target} PRIVATE ${PROJECT_BINARY_DIR}/generated)
endfunction()

// The interface of a provider in a shared library outside the tree. Its source includes this file
// and names its factory:
//
//     #include "providers/plugin.h"
//     using namespace millrace;
//     std::unique_ptr<providers::DataProvider> make_mine(const config::Options&);
//     MILLRACE_PROVIDER(make_mine)
//
// A recipe names the library: provider.name = "./libmine.so". The programs export everything that
// the headers of proto/, config/, datasets/ and providers/ declare, so the library links nothing of
// Millrace. It must be compiled with the headers of the build that loads it, which is checked
// before any of its code runs. docs/how-to/add_a_provider.md shows how to build one.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "config/options.h"
#include "providers/data_provider.h"

namespace millrace::providers {

/// Raised whenever a header that libraries include changes in a way that breaks libraries built
/// before.
inline constexpr std::uint32_t kPluginVersion = 3;

/// The standard library, whose types are passed across the interface, and its ABI.
inline constexpr const char* kStandardLibrary =
#if defined(_LIBCPP_VERSION)
    "libc++";
#elif defined(_GLIBCXX_USE_CXX11_ABI) && _GLIBCXX_USE_CXX11_ABI
    "libstdc++ with the C++11 ABI";
#else
    "libstdc++ with the old ABI";
#endif

/// A library's description of itself. `version` stays the first member in all versions; the rest is
/// read only if the version is ours.
struct Plugin {
  std::uint32_t version = kPluginVersion;
  /// Sizes of structs that are passed: a member added since would move those after it.
  std::uint32_t options_bytes = sizeof(config::Options);
  std::uint32_t meta_bytes = sizeof(proto::StreamMeta);
  const char* standard_library = kStandardLibrary;
  std::unique_ptr<DataProvider> (*make)(const config::Options&) = nullptr;
};

/// The name of the function that the macro defines.
inline constexpr const char* kPluginFunction = "millrace_provider";

}  // namespace millrace::providers

#define MILLRACE_PROVIDER(make_function)                                                 \
  extern "C" __attribute__((visibility("default"))) const ::millrace::providers::Plugin* \
  millrace_provider() {                                                                  \
    static constexpr ::millrace::providers::Plugin kPlugin{.make = make_function};       \
    return &kPlugin;                                                                     \
  }

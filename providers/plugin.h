// A provider in a shared library outside the tree: what its one source file includes and says.
//
//     #include "providers/plugin.h"
//     MILLRACE_PROVIDER(make_mine)    // std::unique_ptr<millrace::providers::DataProvider> make_mine(const
//     millrace::config::Options&)
//
// A recipe names the library: provider.name = "./libmine.so". The programs export what the headers
// of proto/, config/, datasets/ and providers/ declare, so the library links nothing of ours; it
// must be compiled with the headers of the build that loads it, which is checked before anything of
// it runs. docs/how-to/adding_a_provider.md says how to build one.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "config/options.h"
#include "providers/data_provider.h"

namespace millrace::providers {

/// Raised whenever a header that libraries include changes so that one built before would
/// misbehave.
inline constexpr std::uint32_t kPluginVersion = 1;

/// The standard library, whose types cross the border, and its ABI.
inline constexpr const char* kStandardLibrary =
#if defined(_LIBCPP_VERSION)
    "libc++";
#elif defined(_GLIBCXX_USE_CXX11_ABI) && _GLIBCXX_USE_CXX11_ABI
    "libstdc++ with the C++11 ABI";
#else
    "libstdc++ with the old ABI";
#endif

/// What a library says of itself. `version` comes first for ever; the rest is looked at where it is
/// ours.
struct Plugin {
  std::uint32_t version = kPluginVersion;
  /// A key that was added since moves what comes behind it.
  std::uint32_t options_bytes = sizeof(config::Options);
  std::uint32_t meta_bytes = sizeof(proto::StreamMeta);
  const char* standard_library = kStandardLibrary;
  std::unique_ptr<DataProvider> (*make)(const config::Options&) = nullptr;
};

/// The function that the macro defines.
inline constexpr const char* kPluginFunction = "millrace_provider";

}  // namespace millrace::providers

#define MILLRACE_PROVIDER(make_function)                                                 \
  extern "C" __attribute__((visibility("default"))) const ::millrace::providers::Plugin* \
  millrace_provider() {                                                                  \
    static constexpr ::millrace::providers::Plugin kPlugin{.make = make_function};       \
    return &kPlugin;                                                                     \
  }

// dlopen, and the checks of a library and of its meta.
#include "providers/load_plugin.h"

#include <dlfcn.h>

#include <filesystem>
#include <string>

#include "config/app/version.h"
#include "config/code_name.h"
#include "config/errors.h"
#include "config/stream_keys.h"
#include "config/stream_settings.h"
#include "providers/plugin.h"

namespace millrace::providers {
namespace {

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw config::UsageError("provider.name = '" + path + "': " + why);
}

std::string last_error() {
  const char* const text = ::dlerror();
  return text == nullptr ? "unknown reason" : text;
}

/// Without a slash, dlopen searches the system's folders.
std::string with_slash(const std::string& path) {
  return path.find('/') == std::string::npos ? "./" + path : path;
}

void* open_library(const config::CodeName& name) {
  const std::string& path = name.text();
  if (!std::filesystem::exists(path)) {
    refuse(path, "there is no such file; it is relative to the working directory");
  }
  if (!std::filesystem::is_regular_file(path)) refuse(path, "it is no file");
  void* const library = ::dlopen(with_slash(path).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    refuse(path, "cannot be loaded: " + last_error() +
                     "; build it as a shared library with the headers of this build");
  }
  return library;
}

std::string version(std::uint32_t number) { return "interface version " + std::to_string(number); }

std::string build_of(const Plugin& plugin) {
  return std::string(plugin.standard_library) + ", recipes of " +
         std::to_string(plugin.options_bytes) + " and metas of " +
         std::to_string(plugin.meta_bytes) + " bytes";
}

void check_build(const std::string& path, const Plugin& plugin) {
  constexpr Plugin kOurs;
  const std::string remedy =
      "; build it again with the headers of this build (" + config::version() + ")";
  if (plugin.version != kOurs.version) {
    refuse(path, "built for " + version(plugin.version) + ", and this program has " +
                     version(kOurs.version) + remedy);
  }
  if (build_of(plugin) != build_of(kOurs)) {
    refuse(path, "built with " + build_of(plugin) + ", and this program with " + build_of(kOurs) +
                     remedy);
  }
}

const Plugin& plugin_of(const config::CodeName& name) {
  const std::string& path = name.text();
  void* const function = ::dlsym(open_library(name), kPluginFunction);
  if (function == nullptr) {
    refuse(path, "holds no provider; its source needs the line MILLRACE_PROVIDER(make_yours)");
  }
  const Plugin* const plugin = reinterpret_cast<const Plugin* (*)()>(function)();
  if (plugin == nullptr) refuse(path, "holds no provider; use the macro MILLRACE_PROVIDER");
  check_build(path, *plugin);
  return *plugin;
}

/// Checks that the meta is what a trainer, which does not have the library, expects by the recipe.
void check_meta(const std::string& path, const proto::StreamMeta& meta,
                const config::Options& options) {
  if (const std::string name = config::provider_name(options); meta.provider != name) {
    refuse(path,
           "its meta says provider '" + meta.provider + "', and a library of this name makes '" +
               name +
               "'; rename one of them, or set meta.provider = config::provider_name(options)");
  }
  if (meta.data_seed != options.data.data_seed) {
    refuse(path, "its meta has another data_seed than the recipe");
  }
  const auto found = proto::differences(config::stream_settings(options), meta.settings);
  if (!found.empty()) {
    refuse(path, proto::describe(found, "in the recipe", "in its meta") +
                     "; set meta.settings = config::stream_settings(options)");
  }
  if (meta.fingerprint != proto::fingerprint_of(meta)) {
    refuse(path,
           "the fingerprint is not that of its meta; set it last, to proto::fingerprint_of(meta)");
  }
}

}  // namespace

std::unique_ptr<DataProvider> make_from_library(const config::Options& options) {
  const std::string& path = options.provider.name;
  std::unique_ptr<DataProvider> provider =
      plugin_of(config::CodeName(options, "provider.name")).make(options);
  if (provider == nullptr) refuse(path, "its factory made nothing");
  proto::check(provider->meta().schema);
  check_meta(path, provider->meta(), options);
  return provider;
}

}  // namespace millrace::providers

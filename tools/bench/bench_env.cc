// The temporary folder and the transport of a measurement.
#include "tools/bench/bench_env.h"

#include <stdlib.h>

#include <stdexcept>
#include <system_error>

#include "config/recipe.h"
#include "producer/open_ends.h"
#include "proto/files.h"
#include "tools/bench/free_port.h"

namespace millrace::tools {
namespace {

std::string own_place(const queue::Uri& uri, const std::filesystem::path& folder) {
  switch (uri.transport->medium) {
    case queue::Medium::kMemory: break;
    case queue::Medium::kFiles: return folder / "queue";
    case queue::Medium::kTcp: return "127.0.0.1:" + std::to_string(free_port());
    case queue::Medium::kUnixSocket: return folder / "race.sock";
  }
  return uri.rest;
}

}  // namespace

BenchEnv::TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "millrace-bench-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error(name + ": cannot make a folder; set TMPDIR to one that has room");
  }
  path = name;
}

BenchEnv::TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

BenchEnv::BenchEnv(const config::Options& options, bool keep_uri) : options_(options) {
  const queue::Uri uri = producer::queue_uri(options);
  options_.train.out_dir = *this / "out";
  options_.watch = {};
  if (!keep_uri) options_.queue.uri = uri.transport->prefix() + own_place(uri, folder_.path);
}

std::string BenchEnv::write_recipe(const std::string& name, const config::Options& options) const {
  const std::filesystem::path path = *this / name;
  proto::replace_file(path, config::to_toml(options));
  return path;
}

}  // namespace millrace::tools

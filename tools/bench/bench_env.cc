// The temporary folder and the transport of a measurement.
#include "tools/bench/bench_env.h"

#include <stdlib.h>

#include <stdexcept>
#include <system_error>

#include "config/errors.h"
#include "config/recipe.h"
#include "proto/files.h"
#include "queue/transports.h"
#include "tools/bench/free_port.h"

namespace millrace::tools {
namespace {

queue::Uri read_uri(const std::string& text) try {
  return queue::parse_uri(text);
} catch (const std::invalid_argument& error) {
  throw config::UsageError(error.what());
}

std::string own_uri(const queue::Uri& uri, const std::filesystem::path& folder) {
  const std::string_view scheme = uri.transport->scheme;
  if (scheme == "file") return "file://" + (folder / "queue").string();
  if (scheme == "ipc") return "ipc://" + (folder / "race.sock").string();
  if (scheme == "tcp") return "tcp://127.0.0.1:" + std::to_string(free_port());
  return uri.text;
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
  const queue::Uri uri = read_uri(options.queue.uri);
  options_.train.out_dir = *this / "out";
  options_.watch = {};
  if (!keep_uri) options_.queue.uri = own_uri(uri, folder_.path);
}

std::string BenchEnv::write_recipe(const std::string& name, const config::Options& options) const {
  const std::filesystem::path path = *this / name;
  proto::replace_file(path, config::to_toml(options));
  return path;
}

}  // namespace millrace::tools

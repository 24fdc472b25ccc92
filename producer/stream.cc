// Opens the stream of a recipe (stream.h).
#include "producer/stream.h"

#include "providers/registry.h"

namespace millrace::producer {

Stream open_stream(const config::Options& options) {
  Stream stream{providers::make_provider(options), {}};
  stream.meta = stream.provider->meta();
  stream.meta.probe = providers::probe(*stream.provider);
  return stream;
}

}  // namespace millrace::producer

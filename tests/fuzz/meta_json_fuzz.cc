// proto::meta_from_json, the reader of meta.json.
#include "proto/meta_json.h"
#include "tests/fuzz/harness.h"

namespace millrace::fuzz {

bool take_meta_json(std::string_view input) {
  proto::StreamMeta meta;
  try {
    meta = proto::meta_from_json(input);
  } catch (const std::runtime_error&) {
    return false;
  }
  require(meta.fingerprint == proto::fingerprint_of(meta),
          "a meta that is taken has its own fingerprint");
  require(proto::meta_from_json(proto::to_json(meta)) == meta,
          "and can be written and read as the same");
  return true;
}

}  // namespace millrace::fuzz

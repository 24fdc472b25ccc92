// proto::SafetensorsFile::open on a file's bytes.
#include <algorithm>

#include "base/text.h"
#include "proto/safetensors.h"
#include "tests/fuzz/harness.h"

namespace millrace::fuzz {
namespace {

bool same(const proto::NamedTensor& a, const proto::NamedTensor& b) {
  return a.name == b.name && a.type == b.type && a.shape == b.shape &&
         std::ranges::equal(a.bytes, b.bytes);
}

}  // namespace

bool take_safetensors(std::string_view input) {
  std::string damage;
  const auto file = proto::SafetensorsFile::open(scratch_file("a.safetensors", input), damage);
  require(file.has_value() == damage.empty(), "a file that is refused is refused for a reason");
  if (!file) return false;
  for (const proto::NamedTensor& tensor : file->tensors()) {
    const proto::NamedTensor* found = file->find(tensor.name);
    require(found != nullptr && same(*found, tensor), "every tensor is found by its name");
  }
  const proto::SafetensorsPieces written(file->tensors(), file->metadata());
  const auto again = proto::SafetensorsFile::open(
      scratch_file("b.safetensors", base::joined(written.pieces(), "")), damage);
  require(again.has_value(), "a file that is taken can be written and taken again");
  require(again->metadata() == file->metadata(), "with the same metadata");
  require(std::ranges::equal(again->tensors(), file->tensors(), same), "and the same tensors");
  return true;
}

}  // namespace millrace::fuzz

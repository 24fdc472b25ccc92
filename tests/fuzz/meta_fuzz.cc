// A stream's meta with values from the input, which must survive encoding and decoding, in protobuf
// and in JSON. It has the right fingerprint, as decoding refuses any other.
#include "datasets/io/utf8.h"
#include "proto/messages.h"
#include "proto/meta_json.h"
#include "tests/fuzz/harness.h"

namespace millrace::fuzz {
namespace {

/// Takes values from the front of the input; zeros and empty texts when it is used up.
class Picker {
 public:
  explicit Picker(std::string_view input) : rest_(input) {}

  std::uint64_t number(std::size_t bytes) {
    std::uint64_t value = 0;
    for (const char c : take(bytes)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  std::uint32_t small() { return static_cast<std::uint32_t>(number(1)); }
  /// Valid UTF-8, as protobuf requires; other bytes are left out.
  std::string text() {
    const std::string_view bytes = take(small() % 32);
    std::string valid;
    for (std::size_t at = 0; at < bytes.size();) {
      const auto decoded = datasets::decode_utf8(bytes, at);
      const std::size_t length = decoded ? decoded->bytes : 1;
      if (decoded) valid += bytes.substr(at, length);
      at += length;
    }
    return valid;
  }
  template <class Make>
  auto several(Make make) {
    std::vector<decltype(make())> all;
    for (std::uint32_t left = small() % 8; left > 0; --left) all.push_back(make());
    return all;
  }

 private:
  std::string_view take(std::size_t bytes) {
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(taken.size());
    return taken;
  }

  std::string_view rest_;
};

proto::Field field_from(Picker& pick) {
  proto::Field field;
  field.name = pick.text();
  field.wire = static_cast<proto::WireType>(pick.small());
  field.logical = static_cast<proto::LogicalType>(pick.small());
  field.shape = pick.several([&] { return static_cast<std::uint32_t>(pick.number(3)); });
  field.role = static_cast<proto::Role>(pick.small());
  field.sentinel = pick.small() % 2 == 1;
  return field;
}

proto::StreamMeta meta_from(Picker& pick) {
  proto::StreamMeta meta;
  meta.schema.fields = pick.several([&] { return field_from(pick); });
  meta.provider = pick.text();
  meta.format_version = static_cast<std::uint32_t>(pick.number(4));
  for (std::uint32_t left = pick.small() % 8; left > 0; --left) {
    const std::string key = pick.text();
    meta.settings[key] = pick.text();
  }
  meta.dataset_name = pick.text();
  meta.dataset_hash = pick.text();
  meta.data_seed = pick.number(8);
  meta.vocabulary = pick.several([&] { return pick.text(); });
  meta.vocab_size = static_cast<std::uint32_t>(pick.number(4));
  if (pick.small() % 2 == 1) meta.mask_token_id = static_cast<std::uint32_t>(pick.number(4));
  meta.ignore_index = static_cast<std::int64_t>(pick.number(8));
  meta.block_size = static_cast<std::uint32_t>(pick.number(4));
  meta.train_stages = pick.several([&] { return pick.text(); });
  meta.val_stages = pick.several([&] { return pick.text(); });
  for (std::uint64_t& size : meta.sizes) size = pick.number(8);
  for (std::string& probe : meta.probe) probe = pick.text();
  if (pick.small() % 2 == 1) meta.epoch_samples = pick.number(8);
  meta.fingerprint = proto::fingerprint_of(meta);
  return meta;
}

/// Whether the meta is one that decoding accepts.
bool allowed(const proto::StreamMeta& meta) {
  for (const proto::Field& field : meta.schema.fields) {
    if (to_string(field.wire) == "?") return false;
  }
  try {
    proto::check(meta);
    return true;
  } catch (const std::invalid_argument&) {
    return false;
  }
}

}  // namespace

bool take_meta(std::string_view input) {
  Picker pick(input);
  const proto::StreamMeta meta = meta_from(pick);
  const proto::Decoded decoded = proto::decode(proto::encode(proto::Hello{meta, 1}));
  if (!allowed(meta)) {
    require(decoded.status == proto::DecodeStatus::kBadHeader,
            "a schema that is not allowed is refused");
    return false;
  }
  require(decoded.status == proto::DecodeStatus::kOk, "a meta that is allowed is taken");
  require(std::get<proto::Hello>(decoded.message).meta == meta, "and arrives as it was sent");
  require(proto::meta_from_json(proto::to_json(meta)) == meta, "also as JSON");
  return true;
}

}  // namespace millrace::fuzz

// The only file that sees the generated protobuf code.
#include "proto/codec.h"

#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <stdexcept>

#include "base/utf8.h"
#include "proto/digest.h"
#include "proto/meta_json.h"
#include "stream.pb.h"

namespace millrace::proto {
namespace {

template <class Enum>
Enum checked(std::uint32_t value) {
  const auto result = static_cast<Enum>(value);
  if (value > 255 || to_string(result) == "?") throw std::invalid_argument("unknown type");
  return result;
}

v1::Range to_pb(const Range& range) {
  v1::Range pb;
  pb.set_split(static_cast<std::uint32_t>(range.split));
  pb.set_first(range.first);
  pb.set_count(range.count);
  if (range.stage) pb.set_stage(*range.stage);
  return pb;
}

Range from_pb(const v1::Range& pb) {
  Range range{checked<Split>(pb.split()), pb.first(), pb.count(), std::nullopt};
  if (range.first > kEndless - range.count) {
    throw std::invalid_argument("a range beyond the end of all indices");
  }
  if (pb.has_stage()) {
    if (pb.stage() >= kMaxStages) throw std::invalid_argument("stage number too large");
    range.stage = static_cast<std::uint8_t>(pb.stage());
  }
  return range;
}

v1::Field to_pb(const Field& field) {
  v1::Field pb;
  pb.set_name(field.name);
  pb.set_wire(static_cast<std::uint32_t>(field.wire));
  pb.set_logical(static_cast<std::uint32_t>(field.logical));
  pb.mutable_shape()->Add(field.shape.begin(), field.shape.end());
  pb.set_role(static_cast<std::uint32_t>(field.role));
  pb.set_sentinel(field.sentinel);
  return pb;
}

Field from_pb(const v1::Field& pb) {
  return {pb.name(),
          checked<WireType>(pb.wire()),
          checked<LogicalType>(pb.logical()),
          {pb.shape().begin(), pb.shape().end()},
          checked<Role>(pb.role()),
          pb.sentinel()};
}

v1::Meta to_pb(const StreamMeta& meta) {
  v1::Meta pb;
  pb.set_provider(meta.provider);
  pb.set_format_version(meta.format_version);
  for (const auto& [key, value] : meta.settings) {
    v1::Setting* setting = pb.add_settings();
    setting->set_key(key);
    setting->set_value(value);
  }
  pb.set_dataset_name(meta.dataset_name);
  pb.set_dataset_hash(meta.dataset_hash);
  pb.set_data_seed(meta.data_seed);
  for (const Field& field : meta.schema.fields) *pb.add_fields() = to_pb(field);
  pb.mutable_vocabulary()->Assign(meta.vocabulary.begin(), meta.vocabulary.end());
  if (meta.byte_level) pb.set_byte_level(true);
  pb.set_vocab_size(meta.vocab_size);
  if (meta.mask_token_id) pb.set_mask_token_id(*meta.mask_token_id);
  pb.set_ignore_index(meta.ignore_index);
  pb.set_block_size(meta.block_size);
  pb.mutable_train_stages()->Assign(meta.train_stages.begin(), meta.train_stages.end());
  pb.mutable_val_stages()->Assign(meta.val_stages.begin(), meta.val_stages.end());
  pb.mutable_sizes()->Assign(meta.sizes.begin(), meta.sizes.end());
  if (meta.epoch_samples) pb.set_epoch_samples(*meta.epoch_samples);
  pb.set_fingerprint(meta.fingerprint);
  pb.mutable_probe()->Assign(meta.probe.begin(), meta.probe.end());
  return pb;
}

/// Throws std::invalid_argument for values that no stream has.
StreamMeta from_pb(const v1::Meta& pb) {
  StreamMeta meta;
  meta.provider = pb.provider();
  meta.format_version = pb.format_version();
  for (const v1::Setting& setting : pb.settings()) meta.settings[setting.key()] = setting.value();
  meta.dataset_name = pb.dataset_name();
  meta.dataset_hash = pb.dataset_hash();
  meta.data_seed = pb.data_seed();
  for (const v1::Field& field : pb.fields()) meta.schema.fields.push_back(from_pb(field));
  meta.vocabulary = {pb.vocabulary().begin(), pb.vocabulary().end()};
  meta.byte_level = pb.byte_level();
  meta.vocab_size = pb.vocab_size();
  if (pb.has_mask_token_id()) meta.mask_token_id = pb.mask_token_id();
  meta.ignore_index = pb.ignore_index();
  meta.block_size = pb.block_size();
  meta.train_stages = {pb.train_stages().begin(), pb.train_stages().end()};
  meta.val_stages = {pb.val_stages().begin(), pb.val_stages().end()};
  if (pb.sizes_size() != kSplitCount || pb.probe_size() != kSplitCount) {
    throw std::invalid_argument("not three splits");
  }
  std::copy(pb.sizes().begin(), pb.sizes().end(), meta.sizes.begin());
  std::copy(pb.probe().begin(), pb.probe().end(), meta.probe.begin());
  if (pb.has_epoch_samples()) meta.epoch_samples = pb.epoch_samples();
  meta.fingerprint = pb.fingerprint();
  if (meta.fingerprint != fingerprint_of(meta)) {
    throw std::invalid_argument("the fingerprint is not the one of the settings");
  }
  check(meta);
  return meta;
}

v1::BatchInfo to_pb(const BatchInfo& info) {
  v1::BatchInfo pb;
  pb.set_lease(info.lease);
  pb.set_fingerprint(info.fingerprint);
  pb.set_held_us(info.held_us);
  *pb.mutable_range() = to_pb(info.range);
  for (const ColumnInfo& column : info.columns) {
    v1::Column* one = pb.add_columns();
    one->set_wire(static_cast<std::uint32_t>(column.wire));
    one->mutable_shape()->Add(column.shape.begin(), column.shape.end());
    one->set_checksum(column.checksum);
  }
  return pb;
}

BatchInfo from_pb(const v1::BatchInfo& pb) {
  if (pb.columns_size() > static_cast<int>(kMaxFields)) {
    throw std::invalid_argument("too many columns");
  }
  BatchInfo info{pb.lease(), pb.fingerprint(), from_pb(pb.range()), {}, pb.held_us()};
  for (const v1::Column& column : pb.columns()) {
    ColumnInfo one{checked<WireType>(column.wire()),
                   {column.shape().begin(), column.shape().end()},
                   column.checksum()};
    if (one.shape.empty() || one.shape.front() != info.range.count) {
      throw std::invalid_argument("a column of another count");
    }
    std::size_t bytes_per_sample = width(one.wire);
    for (std::size_t i = 1; i < one.shape.size(); ++i) {
      if (one.shape[i] == 0 || one.shape[i] > kMaxSampleBytes / bytes_per_sample) {
        throw std::invalid_argument("impossible shape");
      }
      bytes_per_sample *= one.shape[i];
    }
    info.columns.push_back(std::move(one));
  }
  return info;
}

/// The first kMaxReasonBytes bytes of a reason, cut between characters, as protobuf refuses half of
/// one.
std::string cut(const std::string& reason) {
  return std::string(base::whole_characters(reason, kMaxReasonBytes));
}

/// A name as logs show it: short, and without control characters, which a terminal would obey.
std::string printable(std::string name) {
  name.resize(std::min(name.size(), kMaxNameBytes));
  std::ranges::replace_if(
      name, [](char c) { return c < ' ' || c > '~'; }, '?');
  return name;
}

/// Control characters of an address would reach logs and terminals.
void check_address(const std::string& address) {
  const bool printable =
      std::ranges::none_of(address, [](unsigned char c) { return c < ' ' || c == 0x7f; });
  if (address.empty() || address.size() > kMaxAddressBytes || !printable) {
    throw std::invalid_argument("not an address");
  }
}

struct ToPb {
  v1::Header pb;
  void operator()(const Hello& hello) {
    *pb.mutable_hello()->mutable_meta() = to_pb(hello.meta);
    pb.mutable_hello()->set_capacity(hello.capacity);
    pb.mutable_hello()->set_name(hello.name);
  }
  void operator()(const Welcome& welcome) {
    pb.mutable_welcome()->set_epoch(welcome.epoch);
    pb.mutable_welcome()->mutable_ranks()->Assign(welcome.ranks.begin(), welcome.ranks.end());
  }
  void operator()(const Refuse& refuse) { pb.mutable_refuse()->set_reason(cut(refuse.reason)); }
  void operator()(const Lease& lease) {
    pb.mutable_lease()->set_number(lease.number);
    *pb.mutable_lease()->mutable_range() = to_pb(lease.range);
  }
  void operator()(const BatchInfo& info) { *pb.mutable_batch() = to_pb(info); }
  void operator()(const Ping& ping) {
    pb.mutable_ping()->set_epoch(ping.epoch);
    pb.mutable_ping()->mutable_leases()->Assign(ping.leases.begin(), ping.leases.end());
    pb.mutable_ping()->set_ranks_digest(ping.ranks_digest);
  }
  void operator()(const SayHello& say) { pb.mutable_say_hello()->set_epoch(say.epoch); }
  void operator()(const Bye&) { pb.mutable_bye(); }
  void operator()(const Register& one) {
    pb.mutable_register_()->set_run_id(one.run_id);
    pb.mutable_register_()->set_rank(one.rank);
    pb.mutable_register_()->set_address(one.address);
    pb.mutable_register_()->set_secret(one.secret);
  }
  void operator()(const Failed& failed) {
    pb.mutable_failed()->set_lease(failed.lease);
    pb.mutable_failed()->set_reason(cut(failed.reason));
  }
};

Welcome from_pb(const v1::Welcome& pb) {
  if (pb.ranks_size() > static_cast<int>(kMaxRanks)) throw std::invalid_argument("too many ranks");
  for (const std::string& address : pb.ranks()) check_address(address);
  return {pb.epoch(), {pb.ranks().begin(), pb.ranks().end()}};
}

Lease from_pb(const v1::Lease& pb) {
  if (pb.range().count() == 0) throw std::invalid_argument("a lease of no samples");
  return {pb.number(), from_pb(pb.range())};
}

Ping from_pb(const v1::Ping& pb) {
  if (pb.leases_size() > static_cast<int>(kMaxHeldLeases)) {
    throw std::invalid_argument("too many leases");
  }
  return {pb.epoch(), {pb.leases().begin(), pb.leases().end()}, pb.ranks_digest()};
}

Register from_pb(const v1::Register& pb) {
  if (pb.rank() >= kMaxRanks) throw std::invalid_argument("rank number too large");
  if (pb.secret().size() > kMaxSecretBytes) throw std::invalid_argument("not a secret");
  check_address(pb.address());
  return {pb.run_id(), pb.rank(), pb.address(), pb.secret()};
}

Header from_pb(const v1::Header& pb) {
  switch (pb.kind_case()) {
    case v1::Header::kHello:
      return Hello{from_pb(pb.hello().meta()), pb.hello().capacity(), printable(pb.hello().name())};
    case v1::Header::kWelcome: return from_pb(pb.welcome());
    case v1::Header::kRefuse: return Refuse{cut(pb.refuse().reason())};
    case v1::Header::kLease: return from_pb(pb.lease());
    case v1::Header::kBatch: return from_pb(pb.batch());
    case v1::Header::kPing: return from_pb(pb.ping());
    case v1::Header::kSayHello: return SayHello{pb.say_hello().epoch()};
    case v1::Header::kBye: return Bye{};
    case v1::Header::kRegister: return from_pb(pb.register_());
    case v1::Header::kFailed: return Failed{pb.failed().lease(), cut(pb.failed().reason())};
    case v1::Header::KIND_NOT_SET: break;
  }
  throw std::invalid_argument("no kind");
}

bool parse(google::protobuf::MessageLite& pb, std::string_view bytes) {
  // Protobuf logs texts that are not UTF-8; a peer that sends them must not fill the log.
  const google::protobuf::LogSilencer quiet;
  return bytes.size() <= kMaxHeaderBytes &&
         pb.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace

std::size_t ColumnInfo::bytes() const {
  std::size_t bytes = width(wire);
  for (const std::uint32_t extent : shape) bytes *= extent;
  return bytes;
}

BatchInfo describe_batch(std::uint64_t lease, const std::string& fingerprint, const Schema& schema,
                         const Batch& batch) {
  BatchInfo info{lease, fingerprint, batch.range, {}};
  const std::vector<std::uint64_t> sums = checksums(batch.columns);
  for (std::size_t i = 0; i < schema.fields.size(); ++i) {
    ColumnInfo column{schema.fields[i].wire, {batch.range.count}, sums[i]};
    column.shape.insert(column.shape.end(), schema.fields[i].shape.begin(),
                        schema.fields[i].shape.end());
    info.columns.push_back(std::move(column));
  }
  return info;
}

std::string encode_batch_info(const BatchInfo& info) { return to_pb(info).SerializeAsString(); }

std::optional<BatchInfo> decode_batch_info(std::string_view bytes) try {
  v1::BatchInfo pb;
  if (!parse(pb, bytes)) return std::nullopt;
  return from_pb(pb);
} catch (const std::invalid_argument&) {
  return std::nullopt;
}

std::string encode_header(const Header& header) {
  ToPb visitor;
  std::visit(visitor, header);
  return visitor.pb.SerializeAsString();
}

std::optional<Header> decode_header(std::string_view bytes) try {
  v1::Header pb;
  if (!parse(pb, bytes)) return std::nullopt;
  return from_pb(pb);
} catch (const std::invalid_argument&) {
  return std::nullopt;
}

std::string to_json(const StreamMeta& meta) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(to_pb(meta), &json, options);
  if (!status.ok()) {
    throw std::runtime_error("cannot write the stream's meta as JSON: " + status.ToString());
  }
  return json;
}

StreamMeta meta_from_json(std::string_view json) try {
  v1::Meta pb;
  const auto status = google::protobuf::util::JsonStringToMessage({json.data(), json.size()}, &pb);
  if (!status.ok()) {
    throw std::runtime_error("not a stream's meta: " + std::string(status.message()));
  }
  return from_pb(pb);
} catch (const std::invalid_argument& error) {
  throw std::runtime_error(std::string("not a stream's meta: ") + error.what());
}

}  // namespace millrace::proto

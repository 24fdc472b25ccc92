// The messages between producers and consumers as plain structs, and the codec between them and
// frames.
//
// A message is sent as a list of frames: magic and version, a protobuf header, then raw columns.
// Grammar and worked example: docs/reference/message.md. Decoding trusts nothing and never throws:
// it returns a status.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "proto/batch.h"
#include "proto/meta.h"
#include "proto/types.h"

namespace millrace::proto {

inline constexpr std::string_view kMessageMagic = "MLRC";
inline constexpr std::uint16_t kProtocolVersion = 1;
/// A longer header is dropped before it is parsed, as parsing takes many times its bytes. The
/// largest vocabulary of characters fits.
inline constexpr std::size_t kMaxHeaderBytes = std::size_t{8} << 20;
/// Ranks of one run. A producer holds a connection to each.
inline constexpr std::size_t kMaxRanks = 256;
inline constexpr std::size_t kMaxAddressBytes = 255;
inline constexpr std::size_t kMaxSecretBytes = 64;  // of a Register
inline constexpr std::size_t kMaxNameBytes = 64;    // of a Hello's name
/// Leases that one producer may hold of one consumer at once.
inline constexpr std::size_t kMaxHeldLeases = 1024;
/// Bytes of the samples that one lease may ask for. Any single sample fits; a consumer of ours asks
/// for a few MiB at most.
inline constexpr std::uint64_t kMaxLeaseBytes = kMaxSampleBytes;
/// Longer reasons are cut.
inline constexpr std::size_t kMaxReasonBytes = 4096;

/// Producer to consumer: presents its stream. `capacity`: the ranges that it works on at once.
struct Hello {
  StreamMeta meta;
  std::uint32_t capacity = 1;
  std::string name{};  ///< for logs
};
/// Consumer to producer: accepted. `epoch` is random for each start of the consumer. `ranks`: the
/// addresses of the run's other ranks, where the producer should say Hello too. Sent again whenever
/// these change, and to all producers when a connection ends, to find out whose it was.
struct Welcome {
  std::uint64_t epoch = 0;
  std::vector<std::string> ranks{};
};
/// Consumer to producer: refused, with a reason that a person can act on.
struct Refuse {
  std::string reason;
};
/// Consumer to producer: compute this range.
struct Lease {
  std::uint64_t number = 0;
  Range range;
  bool operator==(const Lease&) const = default;
};
/// Producer to consumer: the samples of a lease's range. `held_us`: how long it had the lease.
struct Filled {
  std::uint64_t lease = 0;
  std::string fingerprint;
  Batch batch;
  std::uint64_t held_us = 0;
};
/// Producer to consumer: cannot compute the lease's range, for a reason that a person can act on.
struct Failed {
  std::uint64_t lease = 0;
  std::string reason;
};
/// Another rank to rank 0 of the same run: where producers reach it. `secret`: what only the ranks
/// of this start of the trainer know; never logged.
struct Register {
  std::string run_id;
  std::uint32_t rank = 0;
  std::string address;
  std::string secret{};
};
/// Producer to consumer: alive. The epoch that it was welcomed to, the leases that it holds and has
/// not answered, and the ranks that it knows. Where the consumer knows otherwise, a message was
/// lost, and it sends that message again.
struct Ping {
  std::uint64_t epoch = 0;
  std::vector<std::uint64_t> leases{};
  std::uint64_t ranks_digest = 0;
};
/// Ping::ranks_digest: xxh64 of the addresses, each followed by a newline.
[[nodiscard]] std::uint64_t digest_of_ranks(const std::vector<std::string>& ranks);
/// Consumer to producer: unknown sender of a Ping or a batch; say Hello again.
struct SayHello {
  std::uint64_t epoch = 0;
};
/// Either way: a clean end.
struct Bye {};

using Message =
    std::variant<Hello, Welcome, Refuse, Lease, Filled, Ping, SayHello, Bye, Register, Failed>;
using Frames = std::vector<SharedBytes>;

/// The frames of a message; a Filled has the columns of `schema`.
[[nodiscard]] Frames encode(const Message& message, const Schema& schema);
/// The same for messages without columns.
[[nodiscard]] Frames encode(const Message& message);

enum class DecodeStatus {
  kOk,
  kForeign,      ///< not Millrace's magic
  kVersion,      ///< another protocol version
  kBadHeader,    ///< not a header, or one with impossible values
  kBadColumns,   ///< the header names another number or other sizes of column frames
  kBadChecksum,  ///< a column's bytes do not match their checksum
};
/// A sentence for logs and counters.
[[nodiscard]] std::string_view describe(DecodeStatus status);

/// The result of decoding.
struct Decoded {
  DecodeStatus status = DecodeStatus::kOk;
  Message message;          ///< meaningful where status is kOk
  std::uint64_t lease = 0;  ///< of a batch with a good header and bad columns
};
/// Decodes a message. Its columns are views of the frames; copies where a frame is not aligned to
/// its values' width.
[[nodiscard]] Decoded decode(const Frames& frames);

}  // namespace millrace::proto

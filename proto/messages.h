// The messages between producers and consumers as plain structs, and the codec between them and
// frames.
//
// On the wire a message is a list of frames: magic and version, a protobuf header, then the columns
// raw. The grammar and a worked example stand in docs/reference/message.md. Decoding trusts
// nothing: it never throws, and answers with a status.
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
/// A header that is longer is dropped before it is parsed, which takes many times its bytes. The
/// largest vocabulary of characters fits.
inline constexpr std::size_t kMaxHeaderBytes = std::size_t{8} << 20;
/// More ranks than any run has, and longer than any address.
inline constexpr std::size_t kMaxRanks = 4096;
inline constexpr std::size_t kMaxAddressBytes = 256;
inline constexpr std::size_t kMaxNameBytes = 64;
/// Leases that one producer holds of one consumer at once.
inline constexpr std::size_t kMaxHeldLeases = 1024;
/// A longer reason is cut short.
inline constexpr std::size_t kMaxReasonBytes = 4096;

/// A producer presents its stream; `capacity` is how many ranges it works on at once.
struct Hello {
  StreamMeta meta;
  std::uint32_t capacity = 1;
  std::string name{};  ///< for logs
};
/// The consumer accepts; `epoch` is random per start of the consumer. `ranks`: where the run's
/// other ranks want to be greeted, too; sent again whenever that changes, and to all after the end
/// of a connection, to find whose it was.
struct Welcome {
  std::uint64_t epoch = 0;
  std::vector<std::string> ranks{};
};
/// The consumer declines, with a reason a person can act on.
struct Refuse {
  std::string reason;
};
/// The consumer asks one producer for a range.
struct Lease {
  std::uint64_t number = 0;
  Range range;
  bool operator==(const Lease&) const = default;
};
/// The producer's answer to a lease; `held_us`: how long it had it.
struct Filled {
  std::uint64_t lease = 0;
  std::string fingerprint;
  Batch batch;
  std::uint64_t held_us = 0;
};
/// The producer cannot compute this lease's range, for a reason a person can act on.
struct Failed {
  std::uint64_t lease = 0;
  std::string reason;
};
/// Another rank of the same run presents itself to rank 0, and says where producers reach it.
struct Register {
  std::string run_id;
  std::uint32_t rank = 0;
  std::string address;
};
/// A producer's sign of life: the epoch it was welcomed to, the leases that it holds and has not
/// answered, and the ranks it knows. What the consumer thinks otherwise was lost on the way, and is
/// said again.
struct Ping {
  std::uint64_t epoch = 0;
  std::vector<std::uint64_t> leases{};
  std::uint64_t ranks_digest = 0;
};
/// xxh64 of the addresses, each followed by a newline.
[[nodiscard]] std::uint64_t digest_of_ranks(const std::vector<std::string>& ranks);
/// The consumer does not know the producer that sent a Ping or a batch.
struct SayHello {
  std::uint64_t epoch = 0;
};
/// A clean end, both ways.
struct Bye {};

using Message =
    std::variant<Hello, Welcome, Refuse, Lease, Filled, Ping, SayHello, Bye, Register, Failed>;
using Frames = std::vector<SharedBytes>;

[[nodiscard]] Frames encode(const Message& message, const Schema& schema);
/// For messages without columns.
[[nodiscard]] Frames encode(const Message& message);

enum class DecodeStatus {
  kOk,
  kForeign,      ///< not Millrace's magic
  kVersion,      ///< another protocol version
  kBadHeader,    ///< not a header of ours, or with impossible values
  kBadColumns,   ///< number or size of the column frames is not what the header says
  kBadChecksum,  ///< a column's bytes do not match their checksum
};
/// A sentence for logs and counters.
[[nodiscard]] std::string_view describe(DecodeStatus status);

struct Decoded {
  DecodeStatus status = DecodeStatus::kOk;
  Message message;          ///< meaningful where status is kOk
  std::uint64_t lease = 0;  ///< of a batch whose header could be read and whose columns are bad
};
/// Columns are views of the frames where those are aligned to their values' width, and copies where
/// not.
[[nodiscard]] Decoded decode(const Frames& frames);

}  // namespace millrace::proto

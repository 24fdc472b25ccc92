// Messages: every kind over the wire and back, limits, and every kind of damage.
#include "proto/messages.h"

#include <gtest/gtest.h>

#include <cstring>

#include "tests/support/sample_stream.h"

namespace millrace::proto {
namespace {

using testing::same_bytes;
using testing::sample_batch;
using testing::sample_meta;
using testing::sample_schema;

template <class T>
T round_trip(const T& message) {
  const Decoded decoded = decode(encode(message, sample_schema()));
  EXPECT_EQ(decoded.status, DecodeStatus::kOk);
  return std::get<T>(decoded.message);
}

SharedBytes copy_of(const SharedBytes& frame, std::size_t offset = 0) {
  auto memory = std::make_shared<std::vector<std::byte>>(frame.bytes.size() + offset);
  std::memcpy(memory->data() + offset, frame.bytes.data(), frame.bytes.size());
  return {memory, std::span(*memory).subspan(offset)};
}

void flip(SharedBytes& frame, std::size_t byte, int bit) {
  frame = copy_of(frame);
  auto* bytes = const_cast<std::byte*>(frame.bytes.data());
  bytes[byte] ^= std::byte{1} << bit;
}

Filled sample_filled() {
  return {9, sample_meta().fingerprint, sample_batch({Split::kTrain, 64, 4, {}}), 1500};
}

TEST(Messages, EveryKindSurvivesTheWire) {
  EXPECT_EQ(round_trip(Hello{sample_meta(), 3}).meta, sample_meta());
  EXPECT_EQ(round_trip(Hello{sample_meta(), 3, "host:17\x1b[2J"}).name, "host:17?[2J");
  EXPECT_EQ(round_trip(Welcome{42}).epoch, 42U);
  EXPECT_EQ(round_trip(Welcome{42, {"tcp://127.0.0.1:1", "ipc://a"}}).ranks.at(1), "ipc://a");
  EXPECT_EQ(round_trip(Register{"run", 3, "tcp://127.0.0.1:1"}).address, "tcp://127.0.0.1:1");
  EXPECT_EQ(round_trip(Register{"run", 3, "tcp://127.0.0.1:1"}).rank, 3U);
  EXPECT_EQ(round_trip(Failed{8, "no such column"}).reason, "no such column");
  EXPECT_EQ(round_trip(Refuse{"block_size differs"}).reason, "block_size differs");
  const Lease lease{5, {Split::kVal, 1ULL << 40, 128, 7}};
  EXPECT_EQ(round_trip(lease), lease);
  const Ping ping = round_trip(Ping{1, {7, 9}, 5});
  EXPECT_EQ(ping.epoch, 1U);
  EXPECT_EQ(ping.leases, (std::vector<std::uint64_t>{7, 9}));
  EXPECT_EQ(ping.ranks_digest, 5U);
  EXPECT_EQ(round_trip(SayHello{2}).epoch, 2U);
  (void)round_trip(Bye{});
  const Filled filled = round_trip(sample_filled());
  EXPECT_EQ(filled.lease, 9U);
  EXPECT_EQ(filled.held_us, 1500U);
  EXPECT_EQ(filled.fingerprint, sample_meta().fingerprint);
  EXPECT_TRUE(same_bytes(filled.batch, sample_filled().batch));
}

TEST(Messages, AlignedColumnsAreViewedAndOthersCopied) {
  Frames frames = encode(sample_filled(), sample_schema());
  frames[3] = copy_of(frames[3], 1);  // y is u16: an odd address
  const Decoded decoded = decode(frames);
  ASSERT_EQ(decoded.status, DecodeStatus::kOk);
  const Batch& batch = std::get<Filled>(decoded.message).batch;
  EXPECT_EQ(batch.columns[0].bytes.data(), frames[2].bytes.data());
  EXPECT_NE(batch.columns[1].bytes.data(), frames[3].bytes.data());
  EXPECT_TRUE(same_bytes(batch, sample_filled().batch));
}

TEST(Messages, ForeignAndOtherVersionsAreTold) {
  Frames frames = encode(Ping{1});
  EXPECT_EQ(decode({}).status, DecodeStatus::kForeign);
  EXPECT_EQ(decode({frames[0]}).status, DecodeStatus::kForeign);
  Frames foreign = frames;
  flip(foreign[0], 0, 3);
  EXPECT_EQ(decode(foreign).status, DecodeStatus::kForeign);
  Frames newer = frames;
  flip(newer[0], 4, 1);
  EXPECT_EQ(decode(newer).status, DecodeStatus::kVersion);
}

TEST(Messages, AFlippedBitOfAColumnIsNoticed) {
  for (std::size_t column = 2; column < 6; ++column) {
    Frames frames = encode(sample_filled(), sample_schema());
    flip(frames[column], frames[column].bytes.size() / 2, 5);
    EXPECT_EQ(decode(frames).status, DecodeStatus::kBadChecksum);
  }
}

TEST(Messages, ABadBatchStillTellsItsLease) {
  Frames flipped = encode(sample_filled(), sample_schema());
  flip(flipped[2], 0, 1);
  EXPECT_EQ(decode(flipped).lease, 9U);
  Frames missing = encode(sample_filled(), sample_schema());
  missing.pop_back();
  EXPECT_EQ(decode(missing).lease, 9U);
}

TEST(Messages, AddressesAndReasonsAreBounded) {
  EXPECT_EQ(decode(encode(Welcome{1, {std::string(kMaxAddressBytes + 1, 'a')}})).status,
            DecodeStatus::kBadHeader);
  EXPECT_EQ(decode(encode(Welcome{1, std::vector<std::string>(kMaxRanks + 1, "a")})).status,
            DecodeStatus::kBadHeader);
  EXPECT_EQ(decode(encode(Welcome{1, {"tcp://127.0.0.1:1\nforged"}})).status,
            DecodeStatus::kBadHeader);
  EXPECT_EQ(decode(encode(Register{"run", 1, "a", std::string(kMaxSecretBytes + 1, '7')})).status,
            DecodeStatus::kBadHeader);
  EXPECT_EQ(decode(encode(Lease{1, {Split::kTrain, 0, 0, {}}})).status, DecodeStatus::kBadHeader);
  EXPECT_EQ(decode(encode(Ping{1, std::vector<std::uint64_t>(kMaxHeldLeases + 1, 7), 0})).status,
            DecodeStatus::kBadHeader);
  EXPECT_EQ(decode(encode(Register{"run", kMaxRanks, "a"})).status, DecodeStatus::kBadHeader);
  EXPECT_EQ(round_trip(Refuse{std::string(kMaxReasonBytes + 1, 'a')}).reason.size(),
            kMaxReasonBytes);
}

TEST(Messages, MissingShortAndSurplusColumnsAreNoticed) {
  Frames missing = encode(sample_filled(), sample_schema());
  missing.pop_back();
  EXPECT_EQ(decode(missing).status, DecodeStatus::kBadColumns);
  Frames surplus = encode(Ping{1});
  surplus.push_back(surplus[0]);
  EXPECT_EQ(decode(surplus).status, DecodeStatus::kBadColumns);
  Frames shortened = encode(sample_filled(), sample_schema());
  shortened[2].bytes = shortened[2].bytes.first(3);
  EXPECT_EQ(decode(shortened).status, DecodeStatus::kBadColumns);
}

TEST(Messages, AFlippedBitOfTheFirstTwoFramesIsNoticed) {
  const Frames whole = encode(Hello{sample_meta(), 3});
  for (const std::size_t frame : {0U, 1U}) {
    for (std::size_t byte = 0; byte < whole[frame].bytes.size(); ++byte) {
      if (frame == 0 && (byte == 6 || byte == 7)) continue;  // reserved, and ignored
      for (int bit = 0; bit < 8; ++bit) {
        Frames damaged = whole;
        flip(damaged[frame], byte, bit);
        EXPECT_NE(decode(damaged).status, DecodeStatus::kOk) << frame << ' ' << byte << ' ' << bit;
      }
    }
  }
}

TEST(Messages, AMetaWhoseFingerprintIsForgedIsRefused) {
  StreamMeta forged = sample_meta();
  forged.settings["block_size"] = "6";
  EXPECT_EQ(decode(encode(Hello{forged, 1})).status, DecodeStatus::kBadHeader);
}

}  // namespace
}  // namespace millrace::proto

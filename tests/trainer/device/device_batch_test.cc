// Batches on a device: the sentinel becomes ignore_index, and every wire type arrives.
#include "trainer/device/device_batch.h"

#include <gtest/gtest.h>

#include "tests/support/masked_stream.h"

namespace millrace::trainer {
namespace {

using testing::masked_batch;
using testing::masked_meta;

constexpr std::int64_t kIgnore = -100;

TEST(DeviceBatch, TurnsTheSentinelIntoIgnoreIndexAndKeepsTheRest) {
  const auto batch = masked_batch({proto::Split::kTrain, 0, 7, std::nullopt});
  const auto wide = to_device(masked_meta(), batch, CopyStream(torch::kCPU));
  const auto x = wide.at(proto::Role::kInput), y = wide.at(proto::Role::kTarget);
  ASSERT_EQ(y.sizes(), (std::vector<std::int64_t>{7, 12}));
  ASSERT_EQ(y.scalar_type(), torch::kInt64);
  for (std::int64_t i = 0; i < 84; ++i) {
    const auto n = static_cast<std::size_t>(i);
    EXPECT_EQ(x.flatten()[i].item<std::int64_t>(), batch.values<std::uint8_t>(0)[n]);
    const std::int64_t narrow = batch.values<std::uint8_t>(1)[n];
    EXPECT_EQ(y.flatten()[i].item<std::int64_t>(),
              narrow == testing::kMaskedSentinel ? kIgnore : narrow);
  }
  EXPECT_TRUE(torch::equal(wide.stages(), torch::tensor({0, 1, 0, 1, 0, 1, 0})));
  EXPECT_THROW((void)wide.at(proto::Role::kTime), std::runtime_error);
}

TEST(DeviceBatch, ConvertsEveryWireType) {
  using namespace proto;
  StreamMeta meta = masked_meta();
  meta.schema = {{{"x", WireType::kU16, LogicalType::kI64, {2}, Role::kInput, false},
                  {"y", WireType::kU32, LogicalType::kI64, {2}, Role::kTarget, true},
                  {"t", WireType::kF32, LogicalType::kF32, {}, Role::kTime, false}}};
  const auto buffer = make_batch(meta.schema, {Split::kTrain, 0, 1, std::nullopt});
  buffer.view.values<std::uint16_t>(0)[1] = 65535;
  buffer.view.values<std::uint32_t>(1)[0] = 4'000'000'000;
  buffer.view.values<std::uint32_t>(1)[1] = 4'294'967'295;
  buffer.view.values<float>(2)[0] = 0.25F;
  const auto wide = to_device(meta, buffer.batch, CopyStream(torch::kCPU));
  EXPECT_TRUE(torch::equal(wide.at(Role::kInput), torch::tensor({{0, 65535}})));
  EXPECT_TRUE(torch::equal(wide.at(Role::kTarget),
                           torch::tensor({{std::int64_t{4'000'000'000}, kIgnore}})));
  EXPECT_TRUE(torch::equal(wide.at(Role::kTime), torch::tensor({0.25F})));
  EXPECT_TRUE(torch::equal(wide.stages(), torch::zeros({1}, torch::kInt64)));
}

TEST(DeviceBatch, APaddedCopyIsRefilledInPlace) {
  const auto batch_of = [](std::uint64_t first, const torch::Tensor& loss_positions) {
    return to_device(masked_meta(), masked_batch({proto::Split::kTrain, first, 2, std::nullopt}),
                     CopyStream(torch::kCPU))
        .with_loss_positions(loss_positions);
  };
  const DeviceBatch first = batch_of(0, torch::tensor({3, 7, 9})),
                    second = batch_of(4, torch::tensor({5}));
  DeviceBatch copy = first.padded_copy(4);
  EXPECT_TRUE(torch::equal(copy.loss_positions(), torch::tensor({3, 7, 9, -1})));
  EXPECT_TRUE(torch::equal(copy.at(proto::Role::kInput), first.at(proto::Role::kInput)));
  const torch::Tensor input = copy.at(proto::Role::kInput), positions = copy.loss_positions();
  EXPECT_NE(input.data_ptr(), first.at(proto::Role::kInput).data_ptr());
  copy.copy_from(second);
  EXPECT_TRUE(torch::equal(positions, torch::tensor({5, -1, -1, -1})));
  EXPECT_TRUE(torch::equal(input, second.at(proto::Role::kInput)));
}

}  // namespace
}  // namespace millrace::trainer

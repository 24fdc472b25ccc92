// An objective behind a clean prefix: the network's input, and the loss of the target alone.
#include "trainer/objectives/cascade.h"

#include <gtest/gtest.h>

#include "tests/support/columns.h"
#include "trainer/models/bidirectional_transformer.h"
#include "trainer/objectives/mdlm.h"

namespace millrace::trainer {
namespace {

using proto::Role;
using testing::batch_of;

constexpr std::int64_t kMask = 5;

std::unique_ptr<Objective> inner() { return make_mdlm(make_noise({}), kMask); }

struct Case {
  Case() {
    torch::manual_seed(13);
    prefix = torch::randint(5, {3, 4}, torch::kInt64);
    x0 = torch::randint(5, {3, 6}, torch::kInt64);
    x = x0.masked_fill(torch::rand({3, 6}).lt(0.6), kMask);
    t = torch::tensor({0.25F, 0.5F, 1.0F});
  }
  [[nodiscard]] DeviceBatch batch() const {
    return batch_of(
        {{Role::kInput, x}, {Role::kTarget, x0}, {Role::kTime, t}, {Role::kPrefix, prefix}});
  }
  torch::Tensor prefix, x0, x, t;
};

TEST(Cascade, ShowsTheNetworkThePrefixAndCountsTheTargetAlone) {
  const Case given;
  testing::FixedNetwork network(torch::randn({3, 10, 6}, torch::kFloat64));
  testing::FixedNetwork of_target(network.logits.narrow(1, 4, 6));
  const auto cascade = make_cascade(inner());
  const auto loss = cascade->loss(network, given.batch());
  const auto wanted = inner()->loss(of_target, given.batch());
  EXPECT_TRUE(torch::equal(network.asked.tokens, at::cat({given.prefix, given.x}, 1)));
  EXPECT_TRUE(torch::equal(network.asked.time, of_target.asked.time));
  EXPECT_TRUE(torch::equal(loss.sum, wanted.sum));
  EXPECT_TRUE(torch::equal(cascade->logits(network, given.batch()), of_target.logits));
  EXPECT_TRUE(torch::equal(cascade->weight(given.batch()), torch::full({3}, 6)));
}

TEST(Cascade, AModelLearnsFromThePrefix) {
  Case given;
  const auto model = make_bidirectional_transformer(
      {.vocab_size = 6, .block_size = 10, .n_layer = 1, .n_head = 2, .n_embd = 8, .cond_dim = 4});
  const auto before = make_cascade(inner())->loss(*model, given.batch()).sum.detach();
  given.prefix = (given.prefix + 1) % 5;
  const auto after = make_cascade(inner())->loss(*model, given.batch()).sum.detach();
  EXPECT_FALSE(torch::allclose(before, after));
}

}  // namespace
}  // namespace millrace::trainer

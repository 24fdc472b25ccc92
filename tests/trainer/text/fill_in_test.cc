// A sample as three texts: masked, filled in, original.
#include "trainer/text/fill_in.h"

#include <gtest/gtest.h>

namespace millrace::trainer {
namespace {

proto::StreamMeta letters() {
  proto::StreamMeta meta;
  meta.vocabulary = {"\n", "a", "b", "ü", "[MASK]"};
  meta.mask_token_id = 4;
  return meta;
}

TEST(FillIn, ShowsMasksGuessesAndOriginals) {
  // b was replaced by a (position 1, visible), b masked (2), ü kept although selected (3).
  const std::vector<std::int64_t> input{1, 1, 4, 3, 0}, target{-100, 2, 2, 3, -100},
      guess{2, 2, 1, 2, 2};
  const FilledIn text = fill_in(letters(), {input, target, guess}, 100);
  EXPECT_EQ(text.masked, "aa▒ü↵");
  EXPECT_EQ(text.filled, "aaaü↵");
  EXPECT_EQ(text.original, "abbü↵");
}

TEST(FillIn, ShowsBareIdsAsNumbers) {
  proto::StreamMeta meta;  // token files without a tokenizer: no vocabulary
  meta.mask_token_id = 50257;
  const std::vector<std::int64_t> input{17, 50257}, target{-100, 4}, guess{17, 5};
  const FilledIn text = fill_in(meta, {input, target, guess}, 100);
  EXPECT_EQ(text.masked, "17 ▒");
  EXPECT_EQ(text.filled, "17 5 ");
  EXPECT_EQ(text.original, "17 4 ");
}

TEST(FillIn, EscapesControlCharacters) {
  proto::StreamMeta meta;
  meta.vocabulary = {"\x1b", "a"};
  const std::vector<std::int64_t> tokens{0, 1};
  EXPECT_EQ(fill_in(meta, {tokens, tokens, tokens}, 100).original, "\\x1ba");
}

TEST(FillIn, StopsAtTheWidth) {
  const std::vector<std::int64_t> input{1, 4, 1}, target{-100, 2, -100}, guess{1, 2, 1};
  EXPECT_EQ(fill_in(letters(), {input, target, guess}, 2).filled, "ab");
}

}  // namespace
}  // namespace millrace::trainer

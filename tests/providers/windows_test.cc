#include "providers/windows.h"

#include <gtest/gtest.h>

#include "providers/open_datasets.h"
#include "support.h"

namespace millrace::providers {
namespace {

std::string repeated(const std::string& line, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += line;
  return text;
}

Windows windows_of(const std::string& text, double val_fraction, std::uint32_t length) {
  const TextFile file(text, "some.txt");
  config::Options options;
  options.data.path = file.path();
  options.data.val_fraction = val_fraction;
  return {open_datasets(options.data), options, length};
}

std::string error_of(const std::string& text, double val_fraction, std::uint32_t length) {
  return message_of<std::runtime_error>([&] { (void)windows_of(text, val_fraction, length); });
}

TEST(Windows, SayWhichPartIsTooShort) {
  const std::string text = repeated("abcdefghi\n", 10);
  expect_contains(error_of(text, 0.1, 91), {"some.txt", "train part has 90 tokens", "takes 91", "block_size", "longer text"});
  expect_contains(error_of(text, 0.1, 11), {"val part has 10 tokens", "val_fraction"});
}

TEST(Windows, SayWhenNoLineStartsEarlyEnough) {
  const std::string text = std::string(100, '\n') + "abbbbbbbbb";
  expect_contains(error_of(text, 0.0, 11), {"no line starts early enough", "110 tokens"});
}

TEST(Windows, HaveNoValWhereTheFractionIsZero) { EXPECT_EQ(windows_of("abc\nabc\n", 0.0, 4).size(proto::Split::kVal), 0U); }

}  // namespace
}  // namespace millrace::providers

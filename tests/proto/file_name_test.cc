// Names that may become part of a path, and those that may not.
#include "proto/file_name.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "proto/files.h"
#include "tests/support/messages.h"

namespace millrace::proto {
namespace {

using testing::message_of;

TEST(FileName, OneComponentOfPlainCharacters) {
  for (const std::string& name :
       {std::string("model.safetensors"), std::string("shard-00000-of-00001"), std::string("a"),
        std::string("A_b.c..d"), std::string(kMostFileNameBytes, 'n')}) {
    EXPECT_TRUE(is_file_name(name)) << name;
    EXPECT_EQ(file_in("/f", name, "it"), std::filesystem::path("/f") / name);
  }
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("../x"), std::string("a/b"),
        std::string("/etc/passwd"), std::string(".hidden"), std::string("a b"), std::string("a\nb"),
        std::string("a\x1b[2J"), std::string("a\0b", 3), std::string("\xc3\xa4"),
        std::string(kMostFileNameBytes + 1, 'n')}) {
    EXPECT_FALSE(is_file_name(name)) << name;
    EXPECT_THROW((void)file_in("/f", name, "it"), std::runtime_error) << name;
  }
}

TEST(FileName, AnIdIsSixteenHexDigits) {
  EXPECT_TRUE(is_id("0123456789abcdef"));
  EXPECT_TRUE(is_id(random_id()));
  for (const char* const name : {"", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF",
                                 "0123456789abcde/", "../../../../../x"}) {
    EXPECT_FALSE(is_id(name)) << name;
    EXPECT_THROW((void)file_of_id("/f", name, "it"), std::runtime_error) << name;
  }
}

TEST(FileName, ARefusalIsOneLineThatATerminalShows) {
  EXPECT_EQ(message_of<std::runtime_error>(
                [] { (void)file_of_id("/f", "/home/me/thesis\n\x1b[2J", "the run id"); }),
            "the run id is not 16 lower-case hex digits: \"/home/me/thesis??[2J\"");
  EXPECT_LT(message_of<std::runtime_error>([] {
              (void)file_in("/f", std::string(10000, '/'), "a shard's name");
            }).size(),
            300U);
}

TEST(FileName, ATemporaryNameHoldsTheLongestAndCannotBeGuessed) {
  const std::string longest(kMostFileNameBytes, 'n');
  const std::string temporary = temporary_name(longest).string();
  EXPECT_EQ(temporary.size(), kMostFileNameBytes + kTemporaryNameBytes);
  EXPECT_EQ(final_name_of(temporary), longest);
  const std::string first = temporary_name("a").string();
  const std::string second = temporary_name("a").string();
  int same = 0;
  for (std::size_t i = 0; i < first.size(); ++i) same += first[i] == second[i] ? 1 : 0;
  EXPECT_LT(same, 18) << first << " and " << second << " share more than chance and the frame";
}

}  // namespace
}  // namespace millrace::proto

// Group files: a round trip, and files that are damaged or impossible.
#include "proto/group_file.h"

#include <gtest/gtest.h>

#include "proto/files.h"
#include "tests/support/fake_disk.h"

namespace millrace::proto {
namespace {

struct GroupFile : ::testing::Test {
  testing::FakeDisk disk;

  static Group some_group() {
    Group group{.run_id = "run", .owner = "0123456789abcdef", .heartbeat = 3};
    group.window(Split::kTrain) = {1ULL << 40, (1ULL << 40) + 5};
    group.stage_log = {{0, 0}, {640, 3}};
    return group;
  }
  std::optional<Group> read(const std::string& content) {
    replace_file("g", content, disk);
    return read_group("g", disk);
  }
  /// Reads a group file in which `from` is replaced by `to`.
  std::optional<Group> with(const std::string& from, const std::string& to) {
    write_group("g", some_group(), disk);
    std::string json = read_file("g", disk);
    const std::size_t at = json.find(from);
    if (at == std::string::npos) throw std::logic_error(from + " is not in " + json);
    return read(json.replace(at, from.size(), to));
  }
};

TEST_F(GroupFile, RoundTrip) {
  for (const Group& group : {some_group(), Group{.run_id = "other"}}) {
    write_group("g", group, disk);
    EXPECT_EQ(read_group("g", disk), group);
  }
}

TEST_F(GroupFile, DamageIsNoGroup) {
  EXPECT_EQ(read_group("absent", disk), std::nullopt);
  for (const char* const damaged : {"", "{\"version\":1", "[]", "null", "{\"version\":1}"}) {
    EXPECT_EQ(read(damaged), std::nullopt);
  }
  EXPECT_EQ(with("\"version\":1", "\"version\":2"), std::nullopt);
  EXPECT_EQ(read(std::string(kMaxGroupBytes, ' ') + "{}"), std::nullopt);
}

TEST_F(GroupFile, NumbersThatMakeNoSenseAreNoGroup) {
  EXPECT_EQ(with("\"cursor\":1099511627776", "\"cursor\":1099511627776"), some_group());
  EXPECT_EQ(with("\"cursor\":1099511627776", "\"cursor\":1099511627782"), std::nullopt)
      << "behind its end";
  EXPECT_EQ(with("1099511627781", "18446744073709551615"), std::nullopt) << "endless";
  EXPECT_EQ(with("\"cursor\":1099511627776", "\"cursor\":-1"), std::nullopt);
  EXPECT_EQ(with("[640,3]", "[640,259]"), std::nullopt) << "no such stage";
  EXPECT_EQ(with("[640,3]", "[0,3]"), std::nullopt) << "not ascending";
  EXPECT_EQ(with("[0,0],", ""), std::nullopt) << "begins late";
}

}  // namespace
}  // namespace millrace::proto

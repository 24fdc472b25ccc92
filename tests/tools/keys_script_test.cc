// scripts/keys: a key pair that the queue reads, in a file with owner-only access, never
// overwritten.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "proto/files.h"
#include "queue/zmq/keys.h"
#include "tests/support/messages.h"
#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"

namespace millrace::tools {
namespace {

using testing::contains;
namespace fs = std::filesystem;

class KeysScript : public ::testing::Test {
 protected:
  [[nodiscard]] testing::Ran keys(std::vector<std::string> words) const {
    words.insert(words.begin(), std::string(MILLRACE_SOURCE_DIR) + "/scripts/keys");
    return testing::run_program(words, folder_.path());
  }

  testing::TemporaryFolder folder_;
};

TEST_F(KeysScript, MakesAPairAndPrintsItsPublicKey) {
  const testing::Ran ran = keys({"trainer"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const queue::KeyPair pair = queue::read_key_pair(folder_ / "trainer.key");
  EXPECT_EQ(ran.out, pair.public_key + "\n");
  EXPECT_EQ((ran.out + ran.err).find(pair.secret_key), std::string::npos);
  EXPECT_TRUE(contains(ran.err, "queue.allowed_keys"));
}

TEST_F(KeysScript, ItsFileIsForItsOwnerAlone) {
  const mode_t before = ::umask(0);
  EXPECT_EQ(keys({"trainer"}).status, 0);
  ::umask(before);
  EXPECT_EQ(fs::status(folder_ / "trainer.key").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(KeysScript, EachPairIsAnother) { EXPECT_NE(keys({"a"}).out, keys({"b.key"}).out); }

TEST_F(KeysScript, AFileThatIsThereIsKept) {
  ASSERT_EQ(keys({"trainer"}).status, 0);
  const std::string before = proto::read_file(folder_ / "trainer.key");
  const testing::Ran ran = keys({"trainer"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_TRUE(contains(ran.err, "trainer.key is there already and is kept"));
  EXPECT_EQ(proto::read_file(folder_ / "trainer.key"), before);
}

TEST_F(KeysScript, WrongUseIsSaid) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{}, {"a", "b"}, {"--force"}, {""}}) {
    EXPECT_EQ(keys(words).status, 2);
  }
  EXPECT_EQ(keys({"nowhere/trainer"}).status, 1);
}

}  // namespace
}  // namespace millrace::tools

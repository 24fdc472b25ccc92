// Key files: reading them, and refusing bad ones without showing a key.
#include "queue/zmq/keys.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "tests/support/key_pairs.h"
#include "tests/support/messages.h"
#include "tests/support/temporary_folder.h"

namespace millrace::queue {
namespace {

using testing::contains;
using testing::message_of;
namespace fs = std::filesystem;

class Keys : public ::testing::Test {
 protected:
  fs::path write(const std::string& name, const std::string& content,
                 fs::perms mode = fs::perms::owner_read) const {
    const fs::path path = folder_ / name;
    std::ofstream(path) << content;
    fs::permissions(path, mode | fs::perms::owner_write);
    return path;
  }
  fs::path write_pair(const std::string& name, const KeyPair& pair) const {
    return write(name,
                 "public = \"" + pair.public_key + "\"\nsecret = \"" + pair.secret_key + "\"\n");
  }
  std::string complaint(const std::string& content) const {
    return message_of<std::invalid_argument>([&] { (void)read_key_pair(write("a.key", content)); });
  }

  testing::TemporaryFolder folder_;
  KeyPair pair_ = testing::new_key_pair();
  KeyPair other_ = testing::new_key_pair();
};

TEST_F(Keys, APairIsReadAsItWasWritten) {
  const fs::path path = write("a.key", "# mine\n\n  secret=\"" + pair_.secret_key +
                                           "\"\npublic = \"" + pair_.public_key + "\"");
  EXPECT_EQ(read_key_pair(path).public_key, pair_.public_key);
  EXPECT_EQ(read_key_pair(path).secret_key, pair_.secret_key);
}

TEST_F(Keys, AFileThatOthersCanReadIsRefused) {
  const std::string content =
      "public = \"" + pair_.public_key + "\"\nsecret = \"" + pair_.secret_key + "\"\n";
  for (const fs::perms mode :
       {fs::perms::group_read, fs::perms::others_read, fs::perms::group_write}) {
    const fs::path path = write("a.key", content, fs::perms::owner_read | mode);
    EXPECT_TRUE(contains(message_of<std::invalid_argument>([&] { (void)read_key_pair(path); }),
                         "run: chmod 600 " + path.string()));
  }
}

TEST_F(Keys, MalformedFilesAreRefusedWithTheLineAndWithoutTheKey) {
  const std::string publics = "public = \"" + pair_.public_key + "\"\n";
  for (const std::string& line :
       {"secret = " + pair_.secret_key, "secret = \"" + pair_.secret_key.substr(1) + "\"",
        "secret = \"" + pair_.secret_key + "x\"", "secret \"" + pair_.secret_key + "\"",
        "secrets = \"" + pair_.secret_key + "\"", std::string("secret = \"")}) {
    const std::string message = complaint(publics + line + "\n");
    EXPECT_TRUE(contains(message, "a.key:2: expected public = ")) << line;
    EXPECT_EQ(message.find(pair_.secret_key.substr(1, 20)), std::string::npos);
  }
  EXPECT_TRUE(contains(complaint(publics + publics), "a.key:2: a second public key"));
  EXPECT_TRUE(contains(complaint(publics), "a.key: does not hold both"));
  EXPECT_TRUE(contains(complaint(""), "a.key: does not hold both"));
}

TEST_F(Keys, AMixedUpPairIsRefused) {
  EXPECT_TRUE(contains(
      complaint("public = \"" + other_.public_key + "\"\nsecret = \"" + pair_.secret_key + "\"\n"),
      "its public key is not that of its secret key"));
}

TEST_F(Keys, AListHasOneKeyALine) {
  const fs::path path =
      write("allowed", "# producers\n" + pair_.public_key + "   # the big host\n\n#" +
                           std::string(39, 'a') + "\n" + other_.public_key + "\r\n");
  EXPECT_EQ(read_public_keys(path), (std::set<std::string>{pair_.public_key, other_.public_key}));
}

TEST_F(Keys, AListWithAnythingElseIsRefused) {
  for (const std::string& line : {pair_.public_key + "x", pair_.public_key + " big host",
                                  std::string("\"") + pair_.public_key + "\""}) {
    EXPECT_TRUE(contains(message_of<std::invalid_argument>([&] {
                           (void)read_public_keys(write("allowed", "#\n" + line + "\n"));
                         }),
                         "allowed:2: expected a public key"));
  }
  EXPECT_TRUE(contains(message_of<std::invalid_argument>(
                           [&] { (void)read_public_keys(write("allowed", "# none\n")); }),
                       "holds no key, so nobody could connect"));
  EXPECT_TRUE(
      contains(message_of<std::runtime_error>([&] { (void)read_public_keys(folder_ / "none"); }),
               "cannot read"));
}

TEST_F(Keys, ATrainerNeedsItsPairAndAList) {
  const fs::path key_file = write_pair("trainer.key", pair_);
  const fs::path allowed = write("allowed", other_.public_key + "\n");
  const Security security = trainer_security({key_file, pair_.public_key, allowed});
  EXPECT_EQ(security.own->public_key, pair_.public_key);
  EXPECT_EQ(security.allowed, std::set<std::string>{other_.public_key});
  const auto refusal = [](const KeyFiles& files) {
    return message_of<std::invalid_argument>([&] { (void)trainer_security(files); });
  };
  EXPECT_TRUE(contains(refusal({key_file, "", ""}), "needs queue.allowed_keys"));
  EXPECT_TRUE(contains(refusal({"", "", allowed}), "queue.allowed_keys: needs queue.key_file"));
  EXPECT_TRUE(contains(refusal({key_file, other_.public_key, allowed}),
                       "queue.server_key: not the public key in"));
  EXPECT_FALSE(trainer_security({}).own);
}

TEST_F(Keys, AProducerNeedsItsPairAndTheTrainersKey) {
  const fs::path key_file = write_pair("producer.key", pair_);
  const Security security = producer_security({key_file, other_.public_key, ""});
  EXPECT_EQ(security.own->public_key, pair_.public_key);
  EXPECT_EQ(security.server_key, other_.public_key);
  const auto refusal = [](const KeyFiles& files) {
    return message_of<std::invalid_argument>([&] { (void)producer_security(files); });
  };
  EXPECT_TRUE(contains(refusal({key_file, "", ""}), "needs queue.server_key"));
  EXPECT_TRUE(
      contains(refusal({"", other_.public_key, ""}), "queue.server_key: needs queue.key_file"));
  EXPECT_TRUE(contains(refusal({key_file, "short", ""}),
                       "queue.server_key: not a public key of 40 characters"));
  EXPECT_FALSE(producer_security({}).own);
}

TEST_F(Keys, AFingerprintDoesNotShowTheKey) {
  EXPECT_EQ(key_fingerprint(pair_.public_key).size(), 16U);
  EXPECT_NE(key_fingerprint(pair_.public_key), key_fingerprint(other_.public_key));
}

}  // namespace
}  // namespace millrace::queue

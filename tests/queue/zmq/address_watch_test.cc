// Why nobody can be reached at an address.
#include "queue/zmq/address_watch.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include "tests/support/captured_log.h"
#include "tests/support/messages.h"
#include "tests/support/temporary_folder.h"

namespace millrace::queue {
namespace {

using namespace std::chrono_literals;
using testing::contains;

/// What is known after several looks; a name is looked up beside this thread.
std::string reason_at(const std::string& address) {
  AddressWatch watch(address);
  const Time now = std::chrono::steady_clock::now();
  for (int i = 0; i < 500 && watch.reason().empty(); ++i) {
    watch.look(now + i * 10ms);
    std::this_thread::sleep_for(i < 10 ? 1ms : 10ms);
  }
  return watch.reason();
}

TEST(AddressWatch, SaysWhyANameDoesNotResolve) {
  // No name server is asked: a part of a name has at most 63 characters.
  const std::string name(70, 'x');
  const testing::CapturedLog log;
  const std::string reason = reason_at("tcp://" + name + ":5555");
  EXPECT_TRUE(contains(reason, name + ": "));
  EXPECT_GT(reason.size(), name.size() + 2);
  EXPECT_TRUE(contains(log.text(), reason + "; trying again, as it may come up later"));
}

TEST(AddressWatch, HasNothingAgainstNumbersAndNamesThatResolve) {
  for (const char* address : {"tcp://127.0.0.1:5555", "tcp://[::1]:5555", "tcp://localhost:5555"}) {
    AddressWatch watch(address);
    const Time now = std::chrono::steady_clock::now();
    for (int i = 0; i < 20; ++i) {
      watch.look(now + i * 1s);
      std::this_thread::sleep_for(1ms);
    }
    EXPECT_EQ(watch.reason(), "") << address;
  }
}

TEST(AddressWatch, LooksAtWhatLiesAtAnIpcPath) {
  const testing::TemporaryFolder folder;
  const std::string path = "ipc://" + (folder / "file").string();
  AddressWatch watch(path);
  Time now = std::chrono::steady_clock::now();
  watch.look(now);
  EXPECT_EQ(watch.reason(), "");  // a trainer may make its socket later
  std::ofstream(folder / "file") << "text";
  watch.look(now += 1s);
  EXPECT_EQ(watch.reason(), "");
  watch.look(now += 10s);
  EXPECT_EQ(watch.reason(), "what lies there is no socket");
  std::filesystem::remove(folder / "file");
  watch.look(now += 10s);
  EXPECT_EQ(watch.reason(), "");
  EXPECT_EQ(reason_at("ipc://" + (folder / "none" / "file").string()),
            "there is no folder " + (folder / "none").string());
}

}  // namespace
}  // namespace millrace::queue

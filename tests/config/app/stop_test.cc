// The stop flag under one and two signals.
#include <gtest/gtest.h>

#include <csignal>

#include "config/app/stop.h"

namespace millrace::config {
namespace {

// Signals belong to the whole process, so each case runs in a child of its own.
TEST(StopDeathTest, OneSignalIsARequest) {
  EXPECT_EXIT(
      {
        catch_stop_signals();
        const bool before = stop_requested();
        std::raise(SIGTERM);
        std::_Exit(!before && stop_requested() ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST(StopDeathTest, ASecondSignalEndsTheProcess) {
  EXPECT_EXIT(
      {
        catch_stop_signals();
        std::raise(SIGTERM);
        std::raise(SIGINT);
        std::_Exit(0);
      },
      testing::KilledBySignal(SIGINT), "");
}

TEST(StopDeathTest, ARequestIsNotAFirstSignal) {
  EXPECT_EXIT(
      {
        catch_stop_signals();
        request_stop();
        std::raise(SIGINT);
        std::_Exit(stop_requested() ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace millrace::config

// The flags of stop.h under signals of schedulers, persons and nohup.
#include <gtest/gtest.h>

#include <csignal>
#include <thread>

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

TEST(StopDeathTest, MoreSignalsOfASchedulerChangeNothing) {
  EXPECT_EXIT(
      {
        catch_stop_signals();
        for (const int number : {SIGTERM, SIGTERM, SIGHUP, SIGINT, SIGINT, SIGTERM}) {
          std::raise(number);
        }
        std::_Exit(stop_requested() ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST(StopDeathTest, ASecondInterruptLaterEndsTheProcess) {
  EXPECT_EXIT(
      {
        catch_stop_signals();
        std::raise(SIGINT);
        std::this_thread::sleep_for(kImpatientAfter);
        std::raise(SIGTERM);
        std::raise(SIGINT);
        std::_Exit(0);
      },
      testing::KilledBySignal(SIGINT), "");
}

TEST(StopDeathTest, WhatIsIgnoredStaysIgnored) {
  for (const int number : {SIGHUP, SIGINT}) {  // as nohup does, and a shell behind &
    EXPECT_EXIT(
        {
          std::signal(number, SIG_IGN);
          catch_stop_signals();
          std::raise(number);
          std::_Exit(stop_requested() ? 1 : 0);
        },
        testing::ExitedWithCode(0), "");
  }
}

TEST(StopDeathTest, ASaveIsAskedForOnceAndIsNoStop) {
  EXPECT_EXIT(
      {
        catch_stop_signals();
        const bool before = take_save_request();
        std::raise(SIGUSR1);
        const bool asked = take_save_request();
        std::_Exit(!before && asked && !take_save_request() && !stop_requested() ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
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

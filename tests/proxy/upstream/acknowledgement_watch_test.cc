// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/acknowledgement_watch.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint kStart{seconds(100)};

Acknowledgements nothing_owed(milliseconds since_ack) {
  return {.is_waited_for = false, .since_ack = since_ack, .since_sent = since_ack};
}
Acknowledgements data_owed(milliseconds since_ack, milliseconds since_sent) {
  return {.is_waited_for = true, .since_ack = since_ack, .since_sent = since_sent};
}
// Sent by the kernel; data was acknowledged before.
Acknowledgements probe_owed(milliseconds since_ack) {
  return {.is_waited_for = true, .since_ack = since_ack, .since_sent = since_ack + seconds(1)};
}

TEST(AcknowledgementWatch, NothingIsOwedHoweverLongTheLastWordIsAgo) {
  AcknowledgementWatch watch;
  EXPECT_EQ(watch.owed_for(nothing_owed(seconds(60)), kStart), Duration{});
  EXPECT_EQ(watch.owed_for(nothing_owed(seconds(61)), kStart + seconds(1)), Duration{});
}

TEST(AcknowledgementWatch, DataIsOwedFromItsSendingThoughItIsSentAgain) {
  AcknowledgementWatch watch;
  EXPECT_EQ(watch.owed_for(data_owed(seconds(30), milliseconds(400)), kStart), milliseconds(400));
  EXPECT_EQ(watch.owed_for(data_owed(seconds(31), milliseconds(100)), kStart + seconds(1)),
            milliseconds(1400));
  EXPECT_EQ(watch.owed_for(data_owed(seconds(34), seconds(2)), kStart + seconds(4)),
            milliseconds(4400));
}

TEST(AcknowledgementWatch, ABusyConnectionOwesSomethingElseAtEachLook) {
  AcknowledgementWatch watch;
  for (int second = 0; second < 60; ++second) {
    EXPECT_LE(watch.owed_for(data_owed(milliseconds(8), milliseconds(4)), kStart + seconds(second)),
              milliseconds(4));
  }
}

TEST(AcknowledgementWatch, WhatHasComeBetweenTwoLooksIsNotOwed) {
  AcknowledgementWatch watch;
  EXPECT_EQ(watch.owed_for(data_owed(seconds(3), seconds(1)), kStart), seconds(1));
  EXPECT_EQ(watch.owed_for(nothing_owed(milliseconds(500)), kStart + seconds(1)), Duration{});
  EXPECT_EQ(watch.owed_for(data_owed(milliseconds(1500), milliseconds(200)), kStart + seconds(2)),
            milliseconds(200));
}

TEST(AcknowledgementWatch, AProbeIsOwedFromTheFirstLook) {
  AcknowledgementWatch watch;
  EXPECT_EQ(watch.owed_for(probe_owed(seconds(20)), kStart), Duration{});
  EXPECT_EQ(watch.owed_for(probe_owed(seconds(25)), kStart + seconds(5)), seconds(5));
  // Answered, and another one is on its way.
  EXPECT_EQ(watch.owed_for(probe_owed(seconds(2)), kStart + seconds(10)), Duration{});
}

}  // namespace
}  // namespace understudy

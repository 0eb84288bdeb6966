// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/session_image.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

Bytes bytes_of(const char* text) {
  return std::make_shared<const std::string>(text);
}

SessionDelta delta_on(const SessionImage& image, RequestId request) {
  SessionDelta delta;
  delta.base = image.position.version;
  delta.position = {image.position.epoch, image.position.version + 1};
  delta.request_id = request;
  return delta;
}

TEST(SessionImage, SnapshotsDoNotChangeWithTheSession) {
  SessionImage image;
  image.position = {1, 0};
  SessionDelta first = delta_on(image, 1);
  first.changes = {{"a", bytes_of("1")}};
  image.apply(first, TimePoint());
  const auto snapshot = image.attributes;
  SessionDelta second = delta_on(image, 2);
  second.changes = {{"a", bytes_of("2")}, {"b", bytes_of("3")}};
  image.apply(second, TimePoint());
  EXPECT_EQ(*snapshot->at("a"), "1");
  EXPECT_EQ(snapshot->size(), 1u);
  EXPECT_EQ(*image.attributes->at("a"), "2");
}

TEST(SessionImage, ARemovedAttributeIsGone) {
  const Attributes before{{"a", bytes_of("1")}, {"b", bytes_of("2")}};
  const auto after = merged(before, {{"a", nullptr}, {"c", bytes_of("3")}});
  EXPECT_FALSE(after->contains("a"));
  EXPECT_EQ(after->size(), 2u);
}

TEST(SessionImageDeath, ADeltaThatDoesNotFollowIsABug) {
  SessionImage image;
  image.position = {1, 5};
  SessionDelta delta = delta_on(image, 1);
  delta.base = 4;
  EXPECT_DEATH(image.apply(delta, TimePoint()), "without a gap");
}

TEST(SessionImage, ADeltaForgetsAndRemembersRequests) {
  SessionImage image;
  image.position = {1, 0};
  const TimePoint now = TimePoint(std::chrono::seconds(7));
  image.apply(delta_on(image, 1), TimePoint());
  image.apply(delta_on(image, 2), TimePoint());
  SessionDelta third = delta_on(image, 3);
  third.forgotten = {1};
  image.apply(third, now);
  EXPECT_EQ(image.requests.find(1), nullptr);
  EXPECT_NE(image.requests.find(2), nullptr);
  ASSERT_NE(image.requests.find(3), nullptr);
  EXPECT_EQ(image.requests.find(3)->version, 3u);
  EXPECT_EQ(image.requests.find(3)->since, now);
}

TEST(RequestMemory, RemembersUntilItIsTold) {
  RequestMemory memory;
  for (RequestId id = 1; id <= RequestMemory::kMax; ++id) memory.add({id, id, nullptr});
  EXPECT_NE(memory.find(1), nullptr);
  EXPECT_TRUE(memory.forget(1));
  EXPECT_FALSE(memory.forget(1));
  EXPECT_EQ(memory.find(1), nullptr);
  EXPECT_NE(memory.find(2), nullptr);
  EXPECT_EQ(memory.size(), RequestMemory::kMax - 1);
}

TEST(RequestMemory, ARequestWithoutAnIdIsNeverFound) {
  RequestMemory memory;
  memory.add({0, 1, nullptr});
  EXPECT_EQ(memory.find(0), nullptr);
}

TEST(RequestMemoryDeath, ARequestIsCommittedOnce) {
  RequestMemory memory;
  memory.add({7, 1, nullptr});
  EXPECT_DEATH(memory.add({7, 2, nullptr}), "S11");
}

TEST(RequestMemoryDeath, WhatMayComeAgainDoesNotGiveWay) {
  RequestMemory memory;
  for (RequestId id = 1; id <= RequestMemory::kMax; ++id) memory.add({id, id, nullptr});
  EXPECT_DEATH(memory.add({999, 1, nullptr}), "S11");
}

}  // namespace
}  // namespace understudy

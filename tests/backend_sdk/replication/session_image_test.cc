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
  image.apply(first);
  const auto snapshot = image.attributes;
  SessionDelta second = delta_on(image, 2);
  second.changes = {{"a", bytes_of("2")}, {"b", bytes_of("3")}};
  image.apply(second);
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
  EXPECT_DEATH(image.apply(delta), "without a gap");
}

TEST(RequestRing, RemembersTheLastEight) {
  RequestRing ring;
  for (RequestId id = 1; id <= RequestRing::kSize; ++id) ring.add({id, id, nullptr});
  EXPECT_NE(ring.find(1), nullptr);
  ring.add({99, 99, nullptr});
  EXPECT_EQ(ring.find(1), nullptr);
  EXPECT_NE(ring.find(2), nullptr);
  EXPECT_EQ(ring.oldest_first().size(), RequestRing::kSize);
}

TEST(RequestRing, ARequestWithoutAnIdIsNeverFound) {
  RequestRing ring;
  ring.add({0, 1, nullptr});
  EXPECT_EQ(ring.find(0), nullptr);
}

TEST(RequestRingDeath, ARequestIsCommittedOnce) {
  RequestRing ring;
  ring.add({7, 1, nullptr});
  EXPECT_DEATH(ring.add({7, 2, nullptr}), "S11");
}

}  // namespace
}  // namespace understudy

// SPDX-License-Identifier: Apache-2.0
#include "proxy/server/status.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

MemberStatus member(const std::string& name, uint32_t mid, uint64_t requests) {
  MemberStatus out{.name = name, .address = name + ":1", .mid = mid};
  out.counters.requests = requests;
  return out;
}

WorkerStatus worker(std::size_t index, uint64_t version, std::vector<MemberStatus> members) {
  WorkerStatus out{.worker = index};
  out.counters.requests = 10;
  out.counters.responses_by_class[2] = 9;
  out.clusters.push_back({.label = "c",
                          .has_view = version > 0,
                          .view_hash = version,
                          .view_version = version,
                          .members = std::move(members)});
  return out;
}

TEST(Status, IsTheSumOverTheWorkers) {
  ServerStatus status;
  status.workers = {worker(0, 3, {member("a", 1, 5), member("b", 2, 1)}),
                    worker(1, 3, {member("a", 1, 7), member("b", 2, 2)})};
  sum_workers(status);
  EXPECT_EQ(status.counters.requests, 20U);
  EXPECT_EQ(status.counters.responses_by_class[2], 18U);
  ASSERT_EQ(status.clusters.size(), 1U);
  ASSERT_EQ(status.clusters[0].members.size(), 2U);
  EXPECT_EQ(status.clusters[0].members[0].counters.requests, 12U);
  EXPECT_EQ(status.clusters[0].members[1].counters.requests, 3U);
}

TEST(Status, ShowsTheNewestViewThatAnyWorkerHas) {
  for (const bool newest_first : {true, false}) {
    ServerStatus status;
    status.workers = {worker(0, 3, {member("a", 1, 5), member("b", 2, 1)}),
                      worker(1, 4, {member("a", 1, 7), member("c", 3, 2)})};
    if (newest_first) std::swap(status.workers[0], status.workers[1]);
    sum_workers(status);
    EXPECT_EQ(status.clusters[0].view_version, 4U);
    ASSERT_EQ(status.clusters[0].members.size(), 2U);
    EXPECT_EQ(status.clusters[0].members[0].counters.requests, 12U);
    EXPECT_EQ(status.clusters[0].members[1].name, "c");
  }
}

TEST(Status, DoesNotAddWhatARestartedMemberDidInItsFormerLife) {
  ServerStatus status;
  status.workers = {worker(0, 3, {member("a", 1, 5)}), worker(1, 4, {member("a", 9, 2)})};
  sum_workers(status);
  EXPECT_EQ(status.clusters[0].members[0].counters.requests, 2U);
}

TEST(Status, LeavesOutTheClustersOfAWorkerThatHasAnotherConfiguration) {
  ServerStatus status{.generation = 1};
  status.workers = {worker(0, 0, {member("a", 1, 5)})};
  sum_workers(status);
  EXPECT_TRUE(status.clusters.empty());
  EXPECT_EQ(status.counters.requests, 10U);
}

}  // namespace
}  // namespace understudy

// SPDX-License-Identifier: Apache-2.0
#include "base/tls_tickets.h"

#include <gtest/gtest.h>

#include <chrono>

namespace understudy {
namespace {

constexpr TlsTickets::Host kOne = {1};
constexpr TlsTickets::Host kOther = {2};

TEST(TlsTickets, ATicketIsFoundByItsName) {
  const ManualClock clock;
  TlsTickets tickets(clock);
  const TlsTickets::Keys made = tickets.newest(kOne);
  const auto found = tickets.find(kOne, made.name);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->is_newest);
  EXPECT_EQ(found->cipher, made.cipher);
  EXPECT_EQ(found->mac, made.mac);
  EXPECT_NE(found->mac, found->cipher);
}

TEST(TlsTickets, HostsHaveNothingInCommon) {
  const ManualClock clock;
  TlsTickets tickets(clock);
  const TlsTickets::Keys one = tickets.newest(kOne);
  const TlsTickets::Keys other = tickets.newest(kOther);
  EXPECT_NE(one.cipher, other.cipher);
  EXPECT_NE(one.mac, other.mac);
  EXPECT_FALSE(tickets.find(kOther, one.name));
}

TEST(TlsTickets, ASecretRotatesAndIsForgotten) {
  ManualClock clock;
  TlsTickets tickets(clock);
  const TlsTickets::Keys first = tickets.newest(kOne);
  clock.advance(TlsTickets::kLife - Duration(1));
  EXPECT_EQ(tickets.newest(kOne).cipher, first.cipher);
  clock.advance(Duration(1));
  EXPECT_NE(tickets.newest(kOne).cipher, first.cipher);
  ASSERT_TRUE(tickets.find(kOne, first.name));
  EXPECT_FALSE(tickets.find(kOne, first.name)->is_newest);
  clock.advance(TlsTickets::kLife - Duration(1));
  EXPECT_TRUE(tickets.find(kOne, first.name));
  clock.advance(Duration(1));
  EXPECT_FALSE(tickets.find(kOne, first.name));
}

TEST(TlsTickets, AfterASilenceNothingOldIsLeft) {
  ManualClock clock;
  TlsTickets tickets(clock);
  const TlsTickets::Keys first = tickets.newest(kOne);
  clock.advance(2 * TlsTickets::kLife);
  EXPECT_FALSE(tickets.find(kOne, first.name));
}

TEST(TlsTickets, TwoProcessesHaveDifferentSecrets) {
  const ManualClock clock;
  TlsTickets here(clock);
  TlsTickets there(clock);
  EXPECT_NE(here.newest(kOne).cipher, there.newest(kOne).cipher);
}

}  // namespace
}  // namespace understudy

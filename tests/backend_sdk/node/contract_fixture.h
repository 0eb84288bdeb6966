// SPDX-License-Identifier: Apache-2.0
// For the tests of the HTTP contract: member a of a cluster of two, with a key of its own.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "backend_sdk/membership/view.h"
#include "backend_sdk/node/contract.h"
#include "tests/backend_sdk/node/test_cluster.h"

namespace understudy {

inline std::shared_ptr<const Keyring> keys(std::uint8_t fill) {
  const std::vector<std::uint8_t> bytes(kKeyBytesMin, fill);
  const Keyring::NamedKey key{.id = 'a', .bytes = bytes};
  return Keyring::from_keys({&key, 1}).keyring;
}

class Contract : public ::testing::Test {
 protected:
  Contract() { publish(Liveness::kAlive); }

  void publish(Liveness liveness_of_b) {
    MemberView view;
    view.term = 1;
    view.seq = ++seq_;
    view.members = {member(10, "a", Liveness::kAlive), member(20, "b", liveness_of_b)};
    changed_ = board_.publish(view, 10);
  }
  static Member member(MemberId mid, const std::string& name, Liveness liveness) {
    Member member;
    member.mid = mid;
    member.name = name;
    member.http_address = "127.0.0.1:" + std::to_string(7000 + mid);
    member.liveness = liveness;
    return member;
  }
  ContractFacts read(const std::vector<Header>& headers) const {
    const Asked asked{.headers = headers};
    return contract_.read(AskedView(asked).view());
  }
  static SessionToken token() {
    return {.sid = {{1, 2, 3}}, .primary = 10, .secondary = 20, .floor = {3, 99}};
  }
  // The Set-Cookie value of a release for `token`.
  std::string cookie_line(const SessionToken& token, bool tls = false) const {
    ContractFacts facts;
    facts.tls = tls;
    CommitOutcome outcome;
    outcome.kind = CommitOutcome::Kind::kReleased;
    outcome.cookie = token;
    return header_of(contract_.release(facts, outcome).headers, "Set-Cookie");
  }
  static std::string value_of(const std::string& line) {
    return line.substr(4, line.find(';') - 4);
  }

  ViewBoard board_{*keys(1), "c", std::chrono::milliseconds(200)};
  HttpContract contract_{{.keyring = keys(1), .cluster = "c", .cookie_name = "SID"}, board_};
  std::uint32_t seq_ = 0;
  bool changed_ = false;
};

}  // namespace understudy

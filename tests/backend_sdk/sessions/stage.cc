// SPDX-License-Identifier: Apache-2.0
#include "tests/backend_sdk/sessions/stage.h"

#include "base/check.h"
#include "base/log.h"

namespace understudy::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kAnswerWithin = seconds(60);

}  // namespace

Stage::Stage(const Weather& weather) : network_(1, weather) {
  CHECK(open_log("-", LogLevel::kError, "stage").has_value());
  options_.membership.interval = milliseconds(200);
  options_.replication.beat = milliseconds(200);
  options_.sessions.quiet_before_bulk = milliseconds(200);
}

void Stage::boot(size_t count) {
  for (size_t index = 0; index < 8; ++index) {
    options_.membership.seeds.push_back(Address::loopback(static_cast<uint16_t>(7100 + index)));
  }
  for (size_t index = 0; index < count; ++index) add_member();
  run_for(seconds(4));
  for (const auto& member : members_) ASSERT_TRUE(member->core().is_admitted());
}

SimMember& Stage::add_member() {
  const size_t index = members_.size();
  NodeCoreOptions options = options_;
  options.membership.self.name = "member" + std::to_string(index);
  options.membership.self.machine = "machine" + std::to_string(index);
  members_.push_back(std::make_unique<SimMember>(network_, index, options, 100 + index, *this));
  members_.back()->boot();
  return *members_.back();
}

SimMember& Stage::member_of(MemberId mid) {
  for (const auto& member : members_) {
    if (member->is_up() && member->mid() == mid) return *member;
  }
  CHECK(false, "no such member");
  return *members_.front();
}

Stage::Waiting Stage::begin_later(SimMember& member, std::optional<SessionToken> token, How how) {
  auto waiting = std::make_shared<std::optional<BeginOutcome>>();
  BeginRequest request;
  request.token = std::move(token);
  request.request_id = how.request;
  request.failover = how.failover;
  request.exclusive = how.exclusive;
  request.moved = how.moved;
  request.unreachable = how.unreachable;
  request.broken_off = how.broken_off;
  request.order = how.order;
  request.waited = how.waited;
  request.answered = how.answered;
  member.run([request, waiting](NodeCore& core) {
    core.begin(request, [waiting](BeginOutcome outcome) {
      EXPECT_FALSE(waiting->has_value()) << "a callback comes once";
      *waiting = std::move(outcome);
    });
  });
  return waiting;
}

BeginOutcome Stage::begin(SimMember& member, std::optional<SessionToken> token, How how) {
  const Waiting waiting = begin_later(member, std::move(token), how);
  EXPECT_TRUE(network_.run_until([&] { return waiting->has_value(); }, kAnswerWithin));
  return waiting->value_or(BeginOutcome());
}

Stage::WaitingCommit Stage::commit_later(SimMember& member, RequestHandle handle, Change change) {
  auto waiting = std::make_shared<std::optional<CommitOutcome>>();
  member.run([&](NodeCore& core) {
    core.commit(handle, std::move(change), [waiting](CommitOutcome outcome) {
      EXPECT_FALSE(waiting->has_value()) << "a callback comes once";
      *waiting = std::move(outcome);
    });
  });
  return waiting;
}

CommitOutcome Stage::commit(SimMember& member, RequestHandle handle, Change change) {
  const WaitingCommit waiting = commit_later(member, handle, std::move(change));
  EXPECT_TRUE(network_.run_until([&] { return waiting->has_value(); }, kAnswerWithin));
  return waiting->value_or(CommitOutcome());
}

SessionToken Stage::write(SimMember& member, std::optional<SessionToken> token,
                          const std::string& name, const std::string& text, RequestId request) {
  const BeginOutcome begun = begin(member, token, {.request = request});
  EXPECT_EQ(begun.kind, BeginOutcome::Kind::kProceed);
  const CommitOutcome done = commit(member, begun.handle, set(name, text));
  EXPECT_EQ(done.kind, CommitOutcome::Kind::kReleased);
  return done.cookie ? *done.cookie : token.value_or(SessionToken());
}

std::string Stage::value(const BeginOutcome& outcome, const std::string& name) {
  if (!outcome.attributes) return "(no attributes)";
  const auto found = outcome.attributes->find(name);
  return found == outcome.attributes->end() ? "(none)" : *found->second;
}

Change Stage::set(const std::string& name, const std::string& text) {
  Change change;
  change.attributes.push_back({name, std::make_shared<const std::string>(text)});
  return change;
}

SessionId Stage::fresh(uint8_t byte) {
  SessionId id;
  id.bytes.fill(byte);
  return id;
}

Change Stage::login(uint8_t id) {
  Change change;
  change.new_id = fresh(id);
  return change;
}

Change Stage::logout() {
  Change change;
  change.invalidate = true;
  return change;
}

}  // namespace understudy::sim

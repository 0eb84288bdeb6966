// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/membership.h"

#include "backend_sdk/membership/core.h"

namespace understudy {

Membership::Membership(const MembershipOptions& options, const Clock& clock, Random& random,
                       Transport& transport, Listener& listener)
    : core_(std::make_unique<Core>(options, clock, random, transport, listener)) {}

Membership::~Membership() = default;

bool Membership::owns(FrameType type) {
  return type >= FrameType::kJoin && type < FrameType::kOpen;
}

void Membership::start() {
  core_->start();
}

void Membership::leave() {
  core_->leave();
}

void Membership::advance() {
  core_->advance();
}

TimePoint Membership::wake_at() const {
  return core_->wake_at();
}

void Membership::set_operator_state(OperatorState state) {
  core_->set_operator_state(state);
}

void Membership::report_load(uint16_t load, uint32_t sessions) {
  core_->report_load(load, sessions);
}

void Membership::ask_for_view(const Peer& of) {
  core_->ask_for_view_of(of);
}

void Membership::search_groups() {
  core_->search_groups();
}

Search::Finding Membership::found_groups() const {
  return core_->found_groups();
}

void Membership::on_sign_of_life(MemberId mid) {
  core_->on_sign_of_life(mid);
}

MemberId Membership::mid() const {
  return core_->mid();
}

const MemberView& Membership::view() const {
  return core_->outlook().view();
}

bool Membership::is_admitted() const {
  return core_->is_admitted();
}

const std::string& Membership::obstacle() const {
  return core_->obstacle();
}

bool Membership::is_leader() const {
  return core_->is_leader();
}

bool Membership::has_quorum() const {
  return core_->outlook().has_quorum();
}

bool Membership::is_quorum(const std::set<MemberId>& seen) const {
  return core_->outlook().is_quorum(seen);
}

const Fates& Membership::fates() const {
  return core_->fates();
}

std::vector<Address> Membership::rejoin_seeds() const {
  return core_->rejoin_seeds();
}

void Membership::on_frame(const Peer& from, Frame frame) {
  core_->on_frame(from, frame);
}

void Membership::on_link_down(const Peer& peer, LinkDown why) {
  core_->on_link_down(peer, why);
}

void Membership::on_datagram(MemberId from, const Datagram& datagram) {
  core_->on_datagram(from, datagram);
}

void Membership::on_probe_failed(const Peer& peer, LinkDown why) {
  core_->on_probe_failed(peer, why);
}

void Membership::on_probe_answered(const Peer& peer) {
  core_->on_probe_answered(peer);
}

}  // namespace understudy

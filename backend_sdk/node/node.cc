// SPDX-License-Identifier: Apache-2.0
#include "understudy/node.h"

#include "backend_sdk/node/running.h"

namespace understudy {

Outcome<std::unique_ptr<Node>> Node::open(const Options& options, Hooks hooks) {
  Outcome<std::unique_ptr<Running>> running = Running::open(options, std::move(hooks));
  if (!running) return running.failure();
  return std::unique_ptr<Node>(new Node(*std::move(running)));
}

Node::Node(std::unique_ptr<Running> running) : running_(std::move(running)) {}
Node::~Node() {
  // The thread, the locks and the epoll are the parent's: what is here is left as it is.
  if (running_ && running_->is_in_child()) static_cast<void>(running_.release());
}

void Node::begin(const RequestView& request, const BeginOptions& options,
                 std::function<void(Decision)> callback) {
  running_->begin(request, options, std::move(callback));
}

void Node::finish(Session session, std::function<void(Release)> callback) {
  running_->finish(std::move(session), std::move(callback));
}

void Node::commit(Session& session, std::function<void(Release)> callback) {
  running_->commit(session, std::move(callback));
}

std::vector<Header> Node::headers_for(const RequestView& request) const {
  return running_->headers_for(request);
}

void Node::drain(std::function<void()> callback, std::shared_ptr<Executor> executor) {
  running_->drain(std::move(callback), std::move(executor));
}

std::optional<Failure> Node::reload_keys() {
  return running_->reload_keys();
}

void Node::abandon() {
  running_->stop(false);
}

Readiness Node::readiness() const {
  return running_->readiness();
}

std::optional<Failure> Node::wait_ready(std::chrono::milliseconds at_most, Readiness least) const {
  return running_->wait_ready(at_most, least);
}

NodeStatistics Node::statistics() const {
  return running_->statistics();
}

std::vector<MemberStatus> Node::members() const {
  return running_->members();
}

const Options& Node::options() const {
  return running_->options();
}

std::string Node::cluster_address() const {
  return running_->cluster_address();
}

std::uint32_t Node::mid() const {
  return running_->mid();
}

}  // namespace understudy

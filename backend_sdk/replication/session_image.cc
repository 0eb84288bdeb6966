// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/session_image.h"

#include <algorithm>

#include "base/check.h"

namespace understudy {

namespace {

// What an attribute costs beside its own bytes, roughly: a node of the map and of the value.
constexpr size_t kAttributeOverhead = 96;

}  // namespace

const CommittedRequest* RequestMemory::find(RequestId id) const {
  if (id == 0) return nullptr;
  const auto found =
      std::find_if(requests_.begin(), requests_.end(),
                   [id](const CommittedRequest& request) { return request.id == id; });
  return found == requests_.end() ? nullptr : &*found;
}

void RequestMemory::add(CommittedRequest request) {
  if (request.id == 0) return;
  CHECK(find(request.id) == nullptr, "a request is committed once (S11)");
  CHECK(requests_.size() < kMax, "what may come again is not forgotten (S11)");
  requests_.push_back(std::move(request));
}

bool RequestMemory::forget(RequestId id) {
  return std::erase_if(requests_, [id](const CommittedRequest& request) {
           return request.id == id;
         }) > 0;
}

void RequestMemory::set_since(TimePoint now) {
  for (CommittedRequest& request : requests_) request.since = now;
}

size_t RequestMemory::bytes() const {
  size_t sum = requests_.size() * sizeof(CommittedRequest);
  for (const CommittedRequest& request : requests_) {
    if (request.response) sum += request.response->size();
  }
  return sum;
}

void SessionImage::apply(const SessionDelta& delta, TimePoint now) {
  CHECK(delta.position.epoch == position.epoch, "a delta stays in its epoch");
  CHECK(delta.base == position.version && delta.position.version == position.version + 1,
        "deltas follow one another without a gap");
  if (!delta.changes.empty()) attributes = merged(*attributes, delta.changes);
  position = delta.position;
  ttl = delta.ttl;
  for (const RequestId id : delta.forgotten) requests.forget(id);
  requests.add({delta.request_id, delta.position.version, delta.response, now});
}

size_t SessionImage::bytes() const {
  return content_bytes(*attributes) + requests.bytes();
}

std::shared_ptr<const Attributes> merged(const Attributes& attributes,
                                         const std::vector<AttributeChange>& changes) {
  auto result = std::make_shared<Attributes>(attributes);
  for (const AttributeChange& change : changes) {
    if (change.value) {
      result->insert_or_assign(change.name, change.value);
    } else {
      result->erase(change.name);
    }
  }
  return result;
}

size_t content_bytes(const Attributes& attributes) {
  size_t sum = 0;
  for (const auto& [name, value] : attributes) {
    sum += name.size() + value->size() + kAttributeOverhead;
  }
  return sum;
}

}  // namespace understudy

// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/client.h"

#include <algorithm>

#include "backend_sdk/wire/bytes.h"
#include "base/check.h"

namespace understudy::sim {

namespace {

constexpr const char* kLog = "log";
constexpr const char* kBlob = "blob";
constexpr char kCounterPrefix = '#';
constexpr size_t kSlotsMax = 64;
// More than a client may be ahead, so that no two that are under way have the same.
constexpr size_t kMarks = 128;

Bytes bytes_of(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

std::string encode_log(const std::vector<RequestId>& log) {
  std::string out;
  ByteWriter writer(out);
  for (const RequestId request : log) writer.u64(request);
  return out;
}

}  // namespace

bool Client::has_session() const {
  return std::ranges::any_of(cookies, [](const auto& cookie) { return cookie.has_value(); });
}

std::string encode(const Shown& shown) {
  std::string out;
  ByteWriter writer(out);
  writer.text32(encode_log(shown.log));
  for (size_t number = 0; number < shown.counters.size(); ++number) {
    writer.u32(shown.counters[number]);
  }
  return out;
}

Shown decode_shown(const std::string& text) {
  Shown shown;
  ByteReader reader(text);
  ByteReader log(reader.text32(1u << 20));
  while (log.remaining() > 0) shown.log.push_back(log.u64());
  for (size_t number = 0; reader.ok() && reader.remaining() > 0; ++number) {
    shown.counters.set(number, reader.u32());
  }
  CHECK(reader.is_complete());
  return shown;
}

Shown shown_from(const Attributes& attributes) {
  Shown shown;
  for (const auto& [name, value] : attributes) {
    ByteReader reader(*value);
    if (name == kLog) {
      while (reader.remaining() > 0) shown.log.push_back(reader.u64());
    } else if (name.front() == kCounterPrefix) {
      shown.counters.set(std::stoul(name.substr(1)), reader.u32());
    }
  }
  return shown;
}

size_t counter_of(const Exchange& exchange) {
  CHECK(exchange.slot < kSlotsMax);
  return exchange.action == Action::kMark ? kSlotsMax + exchange.number % kMarks : exchange.slot;
}

Change handle(const Exchange& exchange, const BeginOutcome& begun, Random& random, Shown& shown) {
  shown = shown_from(*begun.attributes);
  Change change;
  if (begun.replayed) return change;
  switch (exchange.action) {
    case Action::kAppend:
    case Action::kAnswer:
      shown.log.push_back(exchange.request);
      change.attributes.push_back({kLog, bytes_of(encode_log(shown.log))});
      if (exchange.action == Action::kAnswer) change.response = bytes_of(encode(shown));
      break;
    case Action::kSlot:
    case Action::kMark: {
      const size_t number = counter_of(exchange);
      shown.counters.raise(number);
      std::string value;
      ByteWriter(value).u32(shown.counters[number]);
      std::string name = kCounterPrefix + std::to_string(number);
      change.attributes.push_back({std::move(name), bytes_of(std::move(value))});
      break;
    }
    case Action::kBlob:
      change.attributes.push_back({kBlob, bytes_of(std::string(exchange.blob_bytes, 'x'))});
      break;
    case Action::kRead:
      break;
    case Action::kLogin: {
      if (begun.is_new) break;
      SessionId fresh;
      random.fill(fresh.bytes);
      change.new_id = fresh;
      break;
    }
    case Action::kLogout:
      change.invalidate = true;
      shown = {};
      break;
  }
  return change;
}

}  // namespace understudy::sim

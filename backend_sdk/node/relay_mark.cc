// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/relay_mark.h"

#include "cookies/contract.h"

namespace understudy {
namespace {

constexpr std::size_t kFieldsBytes = kHex64Bytes + 1 + kMidBytes;  // time, '.', from
constexpr std::size_t kMarkBytes = kFieldsBytes + 1 + kSignatureChars;

std::string signed_text(std::string_view fields, const RelayedRequest& request) {
  const MidText to = format_mid(request.to);
  std::string text = "relay1.";
  text.append(fields).append(1, '.').append(to.data(), to.size());
  for (const std::string_view line :
       {request.method, request.target, request.request_id, request.failover}) {
    text.append(1, '\n').append(line);
  }
  return text;
}

}  // namespace

std::string RelayMark::write(const RelayedRequest& request, MemberId from, Time now) const {
  const Hex64 time = format_hex64(static_cast<std::uint64_t>(now.time_since_epoch().count()));
  const MidText mid = format_mid(from);
  std::string mark(time.data(), time.size());
  mark.append(1, '.').append(mid.data(), mid.size());
  std::string text = signed_text(mark, request);
  const std::size_t size = text.size();
  text.resize(size + kSignatureChars);
  signer_.sign(text.data(), text.data() + size);
  return mark.append(1, '.').append(text, size);
}

bool RelayMark::holds(std::string_view mark, const RelayedRequest& request, Time now) const {
  if (mark.size() != kMarkBytes || mark[kFieldsBytes] != '.') return false;
  const auto written = parse_hex64(mark.substr(0, kHex64Bytes));
  if (!written || !parse_mid(mark.substr(kHex64Bytes + 1, kMidBytes))) return false;
  const Time time{std::chrono::milliseconds(static_cast<std::int64_t>(*written))};
  if (time < now - kAgeMax || time > now + kAgeMax) return false;
  std::string text = signed_text(mark.substr(0, kFieldsBytes), request);
  text.append(mark.substr(kFieldsBytes + 1));
  return signer_.check(text) == Signature::kGood;
}

}  // namespace understudy

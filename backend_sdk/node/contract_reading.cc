// SPDX-License-Identifier: Apache-2.0
// HttpContract: what a request says.
#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "backend_sdk/node/contract.h"
#include "cookies/contract.h"
#include "cookies/form_field.h"
#include "cookies/session_text.h"

namespace understudy {
namespace {

constexpr std::string_view kForwardedProto = "X-Forwarded-Proto";
constexpr std::chrono::milliseconds kLongestWait{std::numeric_limits<std::uint32_t>::max()};

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : c; };
    return lower(x) == lower(y);
  });
}

// Nothing: not a number. What is too large counts as the longest.
std::optional<std::chrono::milliseconds> read_milliseconds(std::string_view digits) {
  std::uint32_t ms = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), ms);
  if (digits.empty() || end != digits.data() + digits.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return kLongestWait;
  return std::chrono::milliseconds(ms);
}

RelayMark::Time wall_clock() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

}  // namespace

ViewQuestion HttpContract::read_view_question(const RequestView& request) {
  ViewQuestion question;
  for (const HeaderView& line : request.headers) {
    if (equal_ignoring_case(line.name, kViewSeenHeader)) question.seen = parse_hex64(line.value);
  }
  const std::size_t mark = request.target.find('?');
  if (mark == std::string_view::npos) return question;
  std::string_view query = request.target.substr(mark + 1);
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(part.size() + 1, query.size()));
    if (!part.starts_with(kViewWaitParameter) || part.size() <= kViewWaitParameter.size() ||
        part[kViewWaitParameter.size()] != '=') {
      continue;
    }
    const auto wait = read_milliseconds(part.substr(kViewWaitParameter.size() + 1));
    if (wait) question.wait = std::min(*wait, kViewWaitMax);
  }
  return question;
}

ContractFacts HttpContract::read(const RequestView& request, std::string_view body) const {
  ContractFacts facts{.request_id = 0, .view_seen = {}, .tls = request.tls};
  for (const HeaderView& line : request.headers) {
    if (equal_ignoring_case(line.name, "Cookie")) {
      read_cookies(line.value, facts.tokens);
    } else if (equal_ignoring_case(line.name, kRequestIdHeader)) {
      facts.request_id = parse_hex64(line.value).value_or(0);
    } else if (equal_ignoring_case(line.name, kRelayedHeader)) {
      facts.is_relayed = true;
    } else if (equal_ignoring_case(line.name, kFailoverHeader)) {
      facts.failover = !line.value.empty();
      facts.moved = line.value == kFailoverDrain;
      facts.unreachable = line.value == kFailoverUnreachable;
      facts.broken_off = line.value == kFailoverReset;
    } else if (equal_ignoring_case(line.name, kDrainingHeader)) {
      facts.move = line.value == kDrainingMove;
    } else if (equal_ignoring_case(line.name, kViewSeenHeader)) {
      facts.view_seen = parse_hex64(line.value);
      facts.from_proxy = true;
    } else if (equal_ignoring_case(line.name, kWaitedHeader)) {
      // What cannot be read has waited for who knows how long.
      facts.waited = read_milliseconds(line.value).value_or(kLongestWait);
    } else if (equal_ignoring_case(line.name, kAnsweredHeader)) {
      const AnsweredIds answered = parse_answered(line.value);
      facts.answered.assign(answered.view().begin(), answered.view().end());
    } else if (equal_ignoring_case(line.name, kForwardedProto)) {
      facts.tls = facts.tls || equal_ignoring_case(line.value, "https");
    }
  }
  if (facts.tokens.empty()) read_elsewhere(request, body, facts.tokens);
  return facts;
}

void HttpContract::read_cookies(std::string_view line, std::vector<SessionToken>& tokens) const {
  while (tokens.size() < kTokensMax) {
    const auto value = find_cookie(line, cookie_name_);
    if (!value) return;
    line.remove_prefix(static_cast<std::size_t>(value->data() + value->size() - line.data()));
    read_value(*value, tokens);
  }
}

// Where the proxy looks too, and where no cookie has a session: the path, then a form.
void HttpContract::read_elsewhere(const RequestView& request, std::string_view body,
                                  std::vector<SessionToken>& tokens) const {
  if (!parameter_.empty()) {
    std::array<char, kAffinityValueBytesMax> room;
    const auto value = find_path_parameter(request.target, parameter_, room);
    if (value) read_value(*value, tokens);
  }
  if (!tokens.empty() || form_field_.empty()) return;
  const auto look_into = [&](std::string_view form) {
    FormField field(form_field_);
    field.feed(form);
    field.finish();
    if (const auto value = field.value()) read_value(*value, tokens);
  };
  const std::size_t mark = request.target.find('?');
  if (mark != std::string_view::npos) {
    look_into(request.target.substr(mark + 1, request.target.find('#', mark) - mark - 1));
  }
  if (!tokens.empty() || request.method != "POST" || body.size() > kFormBytesMax) return;
  constexpr std::string_view kForm = "application/x-www-form-urlencoded";
  for (const HeaderView& line : request.headers) {
    const bool is_form = equal_ignoring_case(line.name, "Content-Type") &&
                         equal_ignoring_case(line.value.substr(0, kForm.size()), kForm);
    if (is_form) return look_into(body);
  }
}

void HttpContract::read_value(std::string_view value, std::vector<SessionToken>& tokens) const {
  const auto its = codec();
  NativeRoom room;
  const ReadSessionText text = read_session_text(value, room);
  const DecodedAffinity affinity = its->decode(text.native);
  if (!affinity || !affinity.token.verified || !affinity.token.primary) return;
  const AffinityToken& token = affinity.token;
  tokens.push_back(
      {.sid = {token.sid},
       .primary = *token.primary,
       .secondary = token.secondary.value_or(kNobody),
       .floor = {token.epoch, token.version},
       .is_to_renew = text.dialect != dialect_ || !its->is_signed_with_first_key(text.native)});
}

bool HttpContract::holds_mark(const RequestView& request, MemberId self) const {
  RelayedRequest relayed{.method = request.method, .target = request.target, .to = self};
  std::string_view said;
  for (const HeaderView& line : request.headers) {
    if (equal_ignoring_case(line.name, kRelayedHeader)) {
      said = line.value;
    } else if (equal_ignoring_case(line.name, kRequestIdHeader)) {
      relayed.request_id = line.value;
    } else if (equal_ignoring_case(line.name, kFailoverHeader)) {
      relayed.failover = line.value;
    }
  }
  return mark()->holds(said, relayed, wall_clock());
}

std::string HttpContract::relay_mark(const RelayedRequest& request, MemberId from) const {
  return mark()->write(request, from, wall_clock());
}

}  // namespace understudy

// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/contract.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "backend_sdk/node/stored_reply.h"
#include "base/check.h"
#include "base/log.h"
#include "cookies/contract.h"

namespace understudy {
namespace {

static_assert(kReservedPath == kViewPath);

constexpr std::string_view kPlainText = "text/plain; charset=utf-8";
constexpr std::string_view kForwardedProto = "X-Forwarded-Proto";
constexpr std::chrono::milliseconds kLongestWait{std::numeric_limits<std::uint32_t>::max()};

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : c; };
    return lower(x) == lower(y);
  });
}

Reply plain(int status, std::string_view text) {
  return Reply{.status = status,
               .headers = {{"Content-Type", std::string(kPlainText)}},
               .body = std::string(text)};
}

std::string_view path_of(std::string_view target) {
  return target.substr(0, target.find_first_of("?#"));
}

RelayMark::Time wall_clock() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::string seconds_text(Duration duration) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(duration).count();
  return std::to_string(std::max<std::int64_t>(seconds, 1));
}

// Nothing: not a number. What is too large counts as the longest.
std::optional<std::chrono::milliseconds> read_milliseconds(std::string_view digits) {
  std::uint32_t ms = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), ms);
  if (digits.empty() || end != digits.data() + digits.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return kLongestWait;
  return std::chrono::milliseconds(ms);
}

}  // namespace

HttpContract::HttpContract(const Options& options, const ViewBoard& board)
    : cluster_(options.cluster),
      cookie_name_(options.cookie_name),
      attributes_(options.attributes),
      board_(board) {
  use_keys(options.keyring);
}

void HttpContract::use_keys(std::shared_ptr<const Keyring> keyring) {
  auto codec = std::make_shared<const AffinityCodec>(
      AffinityCodec::Options{.dialect = Dialect::kNative, .keyring = keyring, .cluster = cluster_});
  auto mark = std::make_shared<const RelayMark>(*keyring, cluster_);
  const std::lock_guard lock(mutex_);
  codec_ = std::move(codec);
  mark_ = std::move(mark);
}

std::shared_ptr<const RelayMark> HttpContract::mark() const {
  const std::lock_guard lock(mutex_);
  return mark_;
}

std::shared_ptr<const AffinityCodec> HttpContract::codec() const {
  const std::lock_guard lock(mutex_);
  return codec_;
}

bool HttpContract::is_view_path(const RequestView& request) {
  return path_of(request.target) == kViewPath;
}

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

ContractFacts HttpContract::read(const RequestView& request) const {
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
  return facts;
}

void HttpContract::read_cookies(std::string_view line, std::vector<SessionToken>& tokens) const {
  const auto its = codec();
  while (tokens.size() < kTokensMax) {
    const auto value = find_cookie(line, cookie_name_);
    if (!value) return;
    line.remove_prefix(static_cast<std::size_t>(value->data() + value->size() - line.data()));
    const DecodedAffinity affinity = its->decode(*value);
    if (!affinity || !affinity.token.verified || !affinity.token.primary) continue;
    const AffinityToken& token = affinity.token;
    tokens.push_back({.sid = {token.sid},
                      .primary = *token.primary,
                      .secondary = token.secondary.value_or(kNobody),
                      .floor = {token.epoch, token.version},
                      .is_to_renew = !its->is_signed_with_first_key(*value)});
  }
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

Reply HttpContract::refused_mark(const ContractFacts& facts) const {
  Reply reply = plain(421, "This request was not relayed by a member of this cluster.\n");
  reply.headers.push_back({std::string(kHandledHeader), std::string(kHandledNo)});
  add_view(facts, reply.headers);
  return reply;
}

void HttpContract::add_view(const ContractFacts& facts, std::vector<Header>& headers) const {
  if (!facts.view_seen) return;
  const auto view = board_.current();
  if (!view || view->text.empty()) return;
  headers.push_back({std::string(kViewHeader),
                     std::string(*facts.view_seen == view->hash ? view->hash_view()
                                                                : view_header_value(view->text))});
}

std::vector<Header> HttpContract::view_headers(const ContractFacts& facts) const {
  std::vector<Header> headers;
  add_view(facts, headers);
  return headers;
}

void HttpContract::add_cookie(const ContractFacts& facts, const SessionToken& token,
                              std::vector<Header>& headers) const {
  AffinityToken affinity;
  affinity.sid = token.sid.bytes;
  affinity.primary = token.primary;
  if (token.secondary != kNobody) affinity.secondary = token.secondary;
  affinity.epoch = token.floor.epoch;
  affinity.version = token.floor.version;
  const std::optional<AffinityText> value = codec()->encode(affinity);
  CHECK(value, "a token of ours can be written: there are keys, and it has a primary");
  const auto line = build_set_cookie(cookie_name_, value->view(), attributes_, facts.tls);
  CHECK(line, "Options::validate() refuses names and attributes that no cookie can have");
  headers.push_back({"Set-Cookie", *line});
}

void HttpContract::clear_cookie(const ContractFacts& facts, std::vector<Header>& headers) const {
  // A cookie is deleted only by one of the same path and domain.
  CookieAttributes gone = attributes_;
  gone.max_age = std::chrono::seconds(0);
  const auto line = build_set_cookie(cookie_name_, "", gone, facts.tls);
  CHECK(line);
  headers.push_back({"Set-Cookie", *line});
}

Reply HttpContract::unavailable(std::string_view why, Duration retry_after) {
  Reply reply = plain(503, "This member cannot serve the session now: " + std::string(why) + ".\n");
  reply.headers.push_back({"Retry-After", seconds_text(retry_after)});
  return reply;
}

Reply HttpContract::redirect(const ContractFacts& facts, MemberId route) const {
  if (route == kNobody) {
    Reply reply = unavailable("it is being taken over", std::chrono::seconds(1));
    add_view(facts, reply.headers);
    return reply;
  }
  Reply reply = plain(421, "Another member serves this session.\n");
  const MidText mid = format_mid(route);
  reply.headers.push_back({std::string(kRouteHeader), std::string(mid.data(), mid.size())});
  add_view(facts, reply.headers);
  return reply;
}

Reply HttpContract::reply_to(const ContractFacts& facts, const BeginOutcome& outcome) const {
  switch (outcome.kind) {
    case BeginOutcome::Kind::kAnswer: {
      std::optional<Reply> stored;
      if (outcome.response) stored = decode_reply(*outcome.response);
      if (!stored) {
        LOG(kError, "a stored response cannot be read; answering 500 to the repeated request");
        return plain(500, "The answer to this repeated request cannot be read.\n");
      }
      if (outcome.cookie) add_cookie(facts, *outcome.cookie, stored->headers);
      if (outcome.recovered) {
        stored->headers.push_back({std::string(kSessionHeader), std::string(kSessionRecovered)});
      } else if (outcome.solo) {
        stored->headers.push_back({std::string(kSessionHeader), std::string(kSessionSolo)});
      }
      add_view(facts, stored->headers);
      return *std::move(stored);
    }
    case BeginOutcome::Kind::kRedirect: {
      Reply reply = redirect(facts, outcome.route);
      if (reply.status == 421) {
        reply.headers.push_back({std::string(kHandledHeader), std::string(kHandledNo)});
      }
      return reply;
    }
    case BeginOutcome::Kind::kUnavailable: {
      Reply reply = unavailable(to_string(outcome.reason), outcome.retry_after);
      if (outcome.reason == Unavailable::kOutdated) {
        reply.headers.push_back({std::string(kSessionHeader), std::string(kSessionOutdated)});
      }
      add_view(facts, reply.headers);
      return reply;
    }
    case BeginOutcome::Kind::kProceed:
      break;
  }
  CHECK(false, "a request that proceeds has no reply yet");
  return {};
}

Release HttpContract::release(const ContractFacts& facts, const CommitOutcome& outcome) const {
  switch (outcome.kind) {
    case CommitOutcome::Kind::kReleased: {
      Release release;
      if (outcome.lost) {
        release.note = SessionNote::kLost;
      } else if (outcome.recovered) {
        release.note = SessionNote::kRecovered;
      } else if (outcome.solo) {
        release.note = SessionNote::kSolo;
      }
      if (outcome.clear_cookie) {
        clear_cookie(facts, release.headers);
      } else if (outcome.cookie) {
        add_cookie(facts, *outcome.cookie, release.headers);
      }
      if (release.note != SessionNote::kNone) {
        release.headers.push_back(
            {std::string(kSessionHeader), std::string(to_text(release.note))});
      }
      add_view(facts, release.headers);
      return release;
    }
    case CommitOutcome::Kind::kFenced:
      return {.reply = redirect(facts, outcome.route), .headers = {}};
    case CommitOutcome::Kind::kTooLarge:
      return {.reply = refused_change(facts, outcome.text), .headers = {}};
    case CommitOutcome::Kind::kReadOnly:
      return {.reply = refused_change(facts, "the request has been committed before"),
              .headers = {}};
    case CommitOutcome::Kind::kUnavailable: {
      Reply reply = unavailable(to_string(outcome.reason), outcome.retry_after);
      add_view(facts, reply.headers);
      return {.reply = std::move(reply), .headers = {}};
    }
  }
  CHECK(false, "every outcome is answered above");
  return {};
}

Reply HttpContract::refused_change(const ContractFacts& facts, std::string_view why) const {
  Reply reply = plain(500, "The session was not changed: " + std::string(why) + ".\n");
  add_view(facts, reply.headers);
  return reply;
}

Reply HttpContract::view_reply(const ViewQuestion& question) const {
  const auto view = board_.current();
  if (!view || view->text.empty()) {
    return unavailable("it has not joined the cluster yet", std::chrono::seconds(1));
  }
  Reply reply = plain(200, question.seen == view->hash ? view->hash_view() : view->text);
  reply.headers.push_back({"Cache-Control", "no-store"});
  return reply;
}

}  // namespace understudy

// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/contract.h"

#include <algorithm>

#include "backend_sdk/node/stored_reply.h"
#include "base/check.h"
#include "base/log.h"
#include "cookies/contract.h"
#include "cookies/session_text.h"

namespace understudy {
namespace {

static_assert(kReservedPath == kViewPath);

constexpr std::string_view kPlainText = "text/plain; charset=utf-8";

Reply plain(int status, std::string_view text) {
  return Reply{.status = status,
               .headers = {{"Content-Type", std::string(kPlainText)}},
               .body = std::string(text)};
}

std::string_view path_of(std::string_view target) {
  return target.substr(0, target.find_first_of("?#"));
}

std::string seconds_text(Duration duration) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(duration).count();
  return std::to_string(std::max<std::int64_t>(seconds, 1));
}

}  // namespace

HttpContract::HttpContract(const Options& options, const ViewBoard& board)
    : cluster_(options.cluster),
      cookie_name_(options.cookie_name),
      attributes_(options.attributes),
      dialect_(options.dialect),
      parameter_(options.parameter),
      form_field_(options.form_field),
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

// Empty: not known, or not for a cookie.
std::string HttpContract::name_of(MemberId member) const {
  const auto view = board_.current();
  if (!view) return {};
  for (const MemberStatus& one : view->members) {
    if (one.mid == member && decode_route("1~." + one.name)) return one.name;
  }
  return {};
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
  std::optional<AffinityText> text = value;
  if (dialect_ != Dialect::kNative) {
    const std::string route = dialect_ == Dialect::kRoute ? name_of(token.primary) : std::string();
    text = write_session_text({.dialect = dialect_,
                               .native = value->view(),
                               .primary = affinity.primary,
                               .secondary = affinity.secondary,
                               .route = route});
    CHECK(text, "a signed value with '~' for its dots is an id in every look");
  }
  const auto line = build_set_cookie(cookie_name_, text->view(), attributes_, facts.tls);
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
      // Other members may serve it. All that waited here when a life ended are told at once.
      if (outcome.reason == Unavailable::kNotJoined || outcome.reason == Unavailable::kMinority) {
        reply.headers.push_back({std::string(kHandledHeader), std::string(kHandledNo)});
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

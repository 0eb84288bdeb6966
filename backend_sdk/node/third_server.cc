// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/third_server.h"

#include <algorithm>
#include <utility>

#include "backend_sdk/node/relayed_state.h"
#include "base/log.h"
#include "cookies/contract.h"

namespace understudy {
namespace {

constexpr Duration kRetryAfter = std::chrono::seconds(1);
// Of an answer that its door takes whole.
constexpr std::size_t kCollectedBytesMax = 16u << 20;

Decision to_decision(Reply reply) {
  Decision decision;
  decision.reply = std::move(reply);
  return decision;
}

Reply bad_gateway(std::string_view why) {
  return {.status = 502,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
          .body = "The member that serves this session " + std::string(why) + ".\n"};
}

std::string_view header(const std::vector<Header>& headers, std::string_view name) {
  for (const Header& one : headers) {
    if (is_same_header(one.name, name)) return one.value;
  }
  return {};
}

std::vector<Header> relayed_headers(std::vector<Header>& headers) {
  std::erase_if(headers, [](const Header& one) { return !is_relayed_header(one.name); });
  return std::move(headers);
}

// Reads all of it, then answers.
void collect(const std::shared_ptr<RelayExchange>& exchange, const std::shared_ptr<Reply>& reply,
             const std::shared_ptr<Pending<Decision>>& pending) {
  exchange->read([exchange, reply, pending](RelayedChunk chunk) {
    reply->body += chunk.bytes;
    if (chunk.kind == RelayedChunk::Kind::kLast) return pending->answer(to_decision(*reply));
    if (chunk.kind == RelayedChunk::Kind::kBroken) {
      return pending->answer(to_decision(bad_gateway("broke its answer off")));
    }
    if (reply->body.size() > kCollectedBytesMax) {
      LOG(kError, "an answer of more than {} bytes cannot be relayed whole; it is answered 502",
          kCollectedBytesMax);
      exchange->close();
      return pending->answer(to_decision(bad_gateway("gave an answer that is too large")));
    }
    collect(exchange, reply, pending);
  });
}

}  // namespace

bool ThirdServer::takes(const std::shared_ptr<BeginCall>& asked, const BeginOutcome& outcome) {
  if (!asked->relay) return false;
  using Kind = BeginOutcome::Kind;
  if (outcome.kind == Kind::kUnavailable && outcome.reason == Unavailable::kSuspect &&
      !asked->facts.failover) {
    again(asked, kFailoverTimeout);
    return true;
  }
  if (outcome.kind != Kind::kRedirect || outcome.route == kNobody) return false;
  if (asked->relay->asks_for_upgrade) {
    Reply reply = contract_.reply_to(asked->facts, outcome);
    reply.body =
        "Another member serves this session, and an Upgrade is not relayed: the balancer "
        "has to send it there.\n";
    asked->pending->answer(to_decision(std::move(reply)));
    return true;
  }
  return relay(asked, outcome.route);
}

bool ThirdServer::relay(const std::shared_ptr<BeginCall>& asked, MemberId to) {
  const Member* member = core_.view().find(to);
  if (member == nullptr || to == core_.mid()) return false;
  const Result<Address> address = Address::parse(member->http_address);
  if (!address) {
    LOG(kWarn, "nothing is relayed to member {}: its Listen '{}' is no address in digits",
        member->name, member->http_address);
    return false;
  }
  if (++asked->hops > kRelayTries) {
    give_up(*asked, "it moves from member to member");
    return true;
  }
  asked->draws_id = asked->draws_id || asked->facts.request_id == 0;
  while (asked->facts.request_id == 0) asked->facts.request_id = random_.next();
  ++relayed_;
  relays_.send(order_for(*asked, *member, *address),
               [this, asked](RelayFault fault, const std::shared_ptr<RelayExchange>& exchange) {
                 on_relayed(asked, fault, exchange);
               });
  return true;
}

RelayOrder ThirdServer::order_for(const BeginCall& asked, const Member& to,
                                  const Address& address) {
  const RelayRequest& request = *asked.relay;
  const Hex64 id = format_hex64(asked.facts.request_id);
  const std::string_view id_text(id.data(), id.size());
  std::vector<Header> more{{std::string(kRequestIdHeader), std::string(id_text)}};
  const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(
      asked.facts.waited + (loop_.now() - asked.arrived));
  if (waited.count() > 0) {
    more.push_back({std::string(kWaitedHeader), std::to_string(waited.count())});
  }
  if (!asked.failover.empty()) {
    more.push_back({std::string(kFailoverHeader), std::string(asked.failover)});
  }
  if (const auto ids = relays_.take_answered(to.mid); !ids.empty()) {
    AnsweredText room;
    more.push_back({std::string(kAnsweredHeader), std::string(format_answered(ids, room))});
  }
  more.push_back({std::string(kRelayedHeader), contract_.relay_mark({.method = request.method,
                                                                     .target = request.target,
                                                                     .request_id = id_text,
                                                                     .failover = asked.failover,
                                                                     .to = to.mid},
                                                                    core_.mid())});
  return {.to = to.mid,
          .address = address,
          .text = request.text(more, to.http_address),
          .is_head = request.method == "HEAD",
          .request_id = asked.draws_id ? asked.facts.request_id : 0};
}

void ThirdServer::on_relayed(const std::shared_ptr<BeginCall>& asked, RelayFault fault,
                             const std::shared_ptr<RelayExchange>& exchange) {
  switch (fault) {
    case RelayFault::kNone: {
      const bool is_ours = !header(exchange->headers(), kRouteHeader).empty() ||
                           !header(exchange->headers(), kHandledHeader).empty();
      if (exchange->status() == 421 && is_ours) return on_misdirected(asked, *exchange);
      return hand_on(asked, exchange);
    }
    case RelayFault::kFull:
      return give_up(*asked, "too many requests are relayed; RelayConnections says how many");
    case RelayFault::kUnreachable:
      return again(asked, kFailoverRefused);
    case RelayFault::kBroken:
      if (asked->relay->is_idempotent()) return again(asked, kFailoverReset);
      return asked->pending->answer(to_decision(bad_gateway("ended before it answered")));
  }
}

void ThirdServer::on_misdirected(const std::shared_ptr<BeginCall>& asked, RelayExchange& exchange) {
  const bool is_unseen = header(exchange.headers(), kHandledHeader) == kHandledNo;
  const auto route = parse_mid(header(exchange.headers(), kRouteHeader));
  exchange.close();
  if (!is_unseen && !asked->relay->is_idempotent()) {
    return give_up(*asked, "the session moved while its handler ran, which changed nothing");
  }
  asked->failover = kFailoverRoute;
  asked->facts.failover = true;
  if (!route || !relay(asked, *route)) again(asked, kFailoverRoute);
}

void ThirdServer::again(const std::shared_ptr<BeginCall>& asked, std::string_view failover) {
  asked->failover = failover;
  asked->facts.failover = true;
  asked->facts.broken_off = failover == kFailoverReset;
  host_.begin_again(asked);
}

void ThirdServer::hand_on(const std::shared_ptr<BeginCall>& asked,
                          const std::shared_ptr<RelayExchange>& exchange) {
  if (!asked->relay->streams) {
    auto reply = std::make_shared<Reply>(
        Reply{.status = exchange->status(), .headers = relayed_headers(exchange->headers())});
    // Its library says how long it is; of an answer to HEAD only the member knows.
    if (asked->relay->method != "HEAD") {
      std::erase_if(reply->headers,
                    [](const Header& one) { return is_same_header(one.name, "Content-Length"); });
    }
    return collect(exchange, reply, asked->pending);
  }
  auto state = std::make_unique<Relayed::State>();
  state->status = exchange->status();
  state->headers = relayed_headers(exchange->headers());
  state->exchange = exchange;
  state->under_way = asked->under_way;
  state->executor = asked->pending->executor();
  Decision decision;
  decision.relayed = Relayed(std::move(state));
  asked->pending->answer(std::move(decision));
}

void ThirdServer::give_up(const BeginCall& asked, std::string_view why) {
  asked.pending->answer(to_decision(HttpContract::unavailable(why, kRetryAfter)));
}

void ThirdServer::on_view(const MemberView& view) {
  relays_.on_gone([&view](MemberId mid) {
    const Member* member = view.find(mid);
    return member == nullptr || !member->is_usable();
  });
}

}  // namespace understudy

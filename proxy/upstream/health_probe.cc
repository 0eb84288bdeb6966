// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/health_probe.h"

#include <utility>

#include "base/check.h"
#include "proxy/http/http1/http1_parser.h"

namespace understudy {

HealthProbe::HealthProbe(const IoContext& io, const config::HealthCheck& check, User& user)
    : io_(io),
      check_(check),
      user_(user),
      timeout_(Timer::of<&HealthProbe::on_timeout>(io.loop.timers(), *this)) {}

HealthProbe::~HealthProbe() {
  if (upstream_) std::exchange(upstream_, nullptr)->release();
}

void HealthProbe::ask(const MemberConnections::Options& member) {
  if (is_open()) return;
  body_.clear();
  host_ = !check_.host.empty()       ? check_.host
          : member.address.is_unix() ? std::string("localhost")
                                     : member.address.to_string();
  MemberConnections::Options options = member;
  options.label = "health check";
  options.connect_timeout = check_.timeout;
  options.keep_alive = false;
  options.open_max = 1;
  options.idle_count_max = 0;
  connections_ = std::make_unique<MemberConnections>(io_, std::move(options));
  auto upstream = connections_->connect(*this);
  if (!upstream) {
    // For want of a descriptor of ours nothing is known of the member; the next check comes anyway.
    if (upstream.error().code == ErrorCode::kUnavailable) return;
    return user_.on_checked(false, upstream.error().detail);
  }
  upstream_ = *upstream;
  timeout_.start_at(io_.loop.now() + check_.timeout);
}

void HealthProbe::on_connected(Upstream& connection) {
  upstream_ = &connection;
  if (check_.kind == config::HealthCheck::Kind::kTcp) {
    if (!connection.ask_alive()) end(true, {});
    return;
  }
  const std::string text = check_.method + " " + check_.path + " HTTP/1.1\r\nHost: " + host_ +
                           "\r\nUser-Agent: understudy-health-check\r\n\r\n";
  // The head goes the way of every other head, so that there is one writer.
  http::HeadProgress progress;
  http::RequestHead head;
  const http::HeadLimits limits;
  const auto parsed = http::parse_request_head(
      text, {.limits = limits, .fields = io_.scratch.request_fields}, progress, head);
  if (parsed.progress != http::Progress::kComplete) {
    return end(false, "the configured path or host cannot stand in a request");
  }
  io_.scratch.lines.clear();
  io_.scratch.dropped.clear();
  const http::RequestRewrite rewrite{
      .dropped = io_.scratch.dropped, .added = {}, .target = {}, .host = {}, .add_close = true};
  upstream_->send_head(head, rewrite, {.last = true});
}

void HealthProbe::on_response_head(const http::ResponseHead& head) {
  if (head.status < check_.status_min || head.status > check_.status_max) {
    return end(false, "it answered " + std::to_string(head.status));
  }
  if (check_.body.empty() || check_.method == "HEAD") return end(true, {});
  gather();
}

void HealthProbe::on_alive() {
  end(true, {});
}

void HealthProbe::on_response_body() {
  gather();
}

void HealthProbe::gather() {
  for (;;) {
    const BodyBytes body = upstream_->body(BodyForm::kPayload);
    body_ += body.bytes.substr(0, kCheckBodyBytesMax - body_.size());
    if (body_.find(check_.body) != std::string::npos) return end(true, {});
    if (body.last || body_.size() == kCheckBodyBytesMax) {
      return end(false, "its answer does not contain '" + check_.body + "'");
    }
    const bool some = !body.bytes.empty();
    upstream_->consume_body(body.bytes.size());
    if (some) continue;
    switch (upstream_->fetch()) {
      case Fetched::kSome:
        continue;
      case Fetched::kNone:
        return;
      case Fetched::kBroken:
        return end(false, "its answer broke off");
    }
  }
}

void HealthProbe::on_upstream_failed(ErrorCode, std::string_view detail) {
  end(false, detail);
}

void HealthProbe::on_timeout() {
  end(false, "it did not answer in time");
}

// The user comes last: he may ask again, or be done with this probe.
void HealthProbe::end(bool success, std::string_view why) {
  const std::string reason(why);  // it may lie in the connection that goes now
  timeout_.stop();
  std::exchange(upstream_, nullptr)->release();
  user_.on_checked(success, reason);
}

}  // namespace understudy

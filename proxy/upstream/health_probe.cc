// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/health_probe.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "proxy/http/http1/http1_parser.h"

namespace understudy {

HealthProbe::HealthProbe(const IoContext& io, const config::HealthCheck& check, User& user)
    : io_(io),
      check_(check),
      user_(user),
      timeout_(Timer::of<&HealthProbe::on_timeout>(io.loop.timers(), *this)) {
  for (const config::CheckRule& rule : check.rules) {
    auto pattern = Pattern::compile(rule.pattern);
    patterns_.push_back(pattern ? *std::move(pattern) : nullptr);
  }
}

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

bool HealthProbe::has_rules_of_body() const {
  return std::any_of(check_.rules.begin(), check_.rules.end(),
                     [](const config::CheckRule& rule) { return rule.is_of_body; });
}

bool HealthProbe::judges_status(unsigned status) const {
  if (check_.rules.empty()) return status >= check_.status_min && status <= check_.status_max;
  const std::string text = std::to_string(status);
  for (std::size_t i = 0; i < check_.rules.size(); ++i) {
    const config::CheckRule& rule = check_.rules[i];
    if (rule.is_of_body) continue;
    const bool matches = patterns_[i] != nullptr && patterns_[i]->matches(text);
    if (matches == rule.is_negated) return false;
  }
  return true;
}

bool HealthProbe::judges_body() const {
  for (std::size_t i = 0; i < check_.rules.size(); ++i) {
    const config::CheckRule& rule = check_.rules[i];
    if (!rule.is_of_body) continue;
    const bool matches = patterns_[i] != nullptr && patterns_[i]->matches(body_);
    if (matches == rule.is_negated) return false;
  }
  return true;
}

void HealthProbe::on_response_head(const http::ResponseHead& head) {
  if (!judges_status(head.status)) return end(false, "it answered " + std::to_string(head.status));
  const bool asks_body = !check_.body.empty() || has_rules_of_body();
  if (!asks_body || check_.method == "HEAD") return end(true, {});
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
    const bool has_rules = has_rules_of_body();
    if (!has_rules && body_.find(check_.body) != std::string::npos) return end(true, {});
    if (body.last || body_.size() == kCheckBodyBytesMax) {
      if (has_rules) {
        const bool is_right = judges_body();
        return end(is_right, is_right ? "" : "its answer is not what hcexpr= asks for");
      }
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

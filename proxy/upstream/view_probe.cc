// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/view_probe.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/check.h"
#include "cookies/view_header.h"
#include "proxy/http/http1/http1_parser.h"

namespace understudy {
namespace {

// The member answers after `wait` at the latest; the network may take this much longer.
constexpr Duration kGrace = std::chrono::seconds(1);

}  // namespace

ViewProbe::ViewProbe(const IoContext& io, User& user)
    : io_(io), user_(user), timeout_(Timer::of<&ViewProbe::on_timeout>(io.loop.timers(), *this)) {}

ViewProbe::~ViewProbe() {
  end();
}

void ViewProbe::ask(const Question& question) {
  if (is_open()) return;
  serial_ = question.serial;
  seen_ = question.seen;
  wait_ = std::min<Duration>(question.wait, kViewWaitMax);
  const Address& address = question.member.address;
  host_ = address.is_unix() ? "localhost" : address.to_string();
  text_.clear();
  MemberConnections::Options options = question.member;
  options.label = "view probe";
  options.keep_alive = false;
  options.open_max = 1;
  options.idle_count_max = 0;
  connections_ = std::make_unique<MemberConnections>(io_, std::move(options));
  auto upstream = connections_->connect(*this);
  if (!upstream) return;
  upstream_ = *upstream;
  timeout_.start_at(io_.loop.now() + wait_ + kGrace);
}

void ViewProbe::on_connected(Upstream& connection) {
  upstream_ = &connection;
  const auto wait_ms = std::chrono::duration_cast<std::chrono::milliseconds>(wait_);
  std::string text = "GET ";
  text += kViewPath;
  text += '?';
  text += kViewWaitParameter;
  text += '=';
  text += std::to_string(wait_ms.count());
  text += " HTTP/1.1\r\nHost: ";
  text += host_;
  text += "\r\n";
  text += kViewSeenHeader;
  text += ": ";
  text.append(seen_.data(), seen_.size());
  text += "\r\n\r\n";
  // The head goes the way of every other head, so that there is one writer.
  http::HeadProgress progress;
  http::RequestHead head;
  const http::HeadLimits limits;
  const auto parsed = http::parse_request_head(
      text, {.limits = limits, .fields = io_.scratch.request_fields}, progress, head);
  CHECK(parsed.progress == http::Progress::kComplete, "the probe's own request is refused");
  io_.scratch.lines.clear();
  io_.scratch.dropped.clear();
  const http::RequestRewrite rewrite{
      .dropped = io_.scratch.dropped, .added = {}, .target = {}, .host = {}, .add_close = true};
  upstream_->send_head(head, rewrite, {.last = true});
}

void ViewProbe::on_response_head(const http::ResponseHead& head) {
  if (head.status != 200) return end();
  gather();
}

void ViewProbe::on_response_body() {
  gather();
}

void ViewProbe::gather() {
  for (;;) {
    const BodyBytes body = upstream_->body(BodyForm::kPayload);
    if (text_.size() + body.bytes.size() > kViewTextBytesMax) return end();
    text_ += body.bytes;
    const bool some = !body.bytes.empty();
    upstream_->consume_body(body.bytes.size());
    if (body.last) break;
    if (some) continue;
    switch (upstream_->fetch()) {
      case Fetched::kSome:
        continue;
      case Fetched::kNone:
        return;
      case Fetched::kBroken:
        return end();
    }
  }
  const std::string text = std::move(text_);
  end();
  // Last, for the view may end this probe's owner's interest in it, or ask the next question.
  user_.on_view_text(serial_, text);
}

void ViewProbe::on_upstream_failed(ErrorCode, std::string_view) {
  end();
}

void ViewProbe::on_timeout() {
  end();
}

void ViewProbe::end() {
  timeout_.stop();
  text_.clear();
  if (!upstream_) return;
  std::exchange(upstream_, nullptr)->release();
}

}  // namespace understudy

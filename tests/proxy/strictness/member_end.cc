// SPDX-License-Identifier: Apache-2.0
#include "tests/proxy/strictness/member_end.h"

#include <utility>

#include "proxy/http/preface/http2_preface.h"
#include "tests/proxy/strictness/http2_text.h"

namespace understudy::test {

MemberEnd::MemberEnd(TestProxy& proxy, Speaks speaks, std::size_t index)
    : member_(proxy.member(index)), speaks_(speaks) {}

void MemberEnd::answer_once(const std::string& text, bool and_close) {
  once_ = text;
  closes_ = and_close;
}

void MemberEnd::pump_text() {
  if (std::exchange(closes_now_, false)) member_.connection().shutdown_write();
  if (answer_.empty() || member_.answer) return;
  member_.answer = [this](std::string_view request) {
    requests_.emplace_back(request);
    if (once_.empty()) return ok(answer_);
    closes_now_ = closes_;
    return std::exchange(once_, {});
  };
}

std::string MemberEnd::frames_for(const Http2Client::Response& request, uint32_t stream) {
  requests_.push_back(text_of(request));
  if (!once_.empty()) return answer_frames_of(std::exchange(once_, {}), stream);
  return headers(stream, {{":status", "200"}, {"content-length", std::to_string(answer_.size())}},
                 0) +
         data(stream, answer_, kEndStream);
}

void MemberEnd::pump() {
  if (speaks_ == Speaks::kHttp1) return pump_text();
  auto& connections = member_.connections();
  while (links_.size() < connections.size()) {
    links_.push_back(std::make_unique<Link>());
    links_.back()->peer = connections[links_.size() - 1].get();
  }
  for (auto& link : links_) {
    if (link->peer->is_open()) pump(*link);
  }
}

void MemberEnd::pump(Link& link) {
  std::string bytes = link.peer->take();
  if (!link.has_greeted) {
    link.before_greeting += bytes;
    if (link.before_greeting.size() < http::kHttp2Preface.size()) return;
    EXPECT_TRUE(link.before_greeting.starts_with(http::kHttp2Preface));
    bytes = link.before_greeting.substr(http::kHttp2Preface.size());
    link.has_greeted = true;
    link.peer->send_some(settings());
  }
  std::string reply = link.reader.read(bytes);
  constexpr uint32_t kStreamsMax = 64;
  for (uint32_t stream = 1; stream < kStreamsMax; stream += 2) {
    if (link.reader.responses() == 0) break;
    Http2Client::Response& request = link.reader.response(stream);
    if (request.request.empty()) break;
    link.last_stream = stream;
    if (answer_.empty() || !request.ended || !link.answered.insert(stream).second) continue;
    reply += frames_for(request, stream);
  }
  if (!reply.empty()) link.peer->send_some(reply);
}

Http2Client::Response* MemberEnd::last_request() {
  if (links_.size() < member_.accepted() || links_.empty()) return nullptr;
  Link& link = *links_.back();
  if (link.last_stream == 0) return nullptr;
  if (link.answered.count(link.last_stream) != 0) return nullptr;
  return &link.reader.response(link.last_stream);
}

uint32_t MemberEnd::last_stream() const {
  return links_.empty() ? 0 : links_.back()->last_stream;
}

bool MemberEnd::is_asked() {
  if (speaks_ == Speaks::kHttp1) return !member_.received().empty();
  return last_request() != nullptr;
}

bool MemberEnd::is_asked_whole() {
  if (speaks_ == Speaks::kHttp1) return message_bytes(member_.received()) != 0;
  const auto* request = last_request();
  return request != nullptr && request->ended;
}

std::string MemberEnd::body_so_far() {
  if (speaks_ == Speaks::kHttp1) {
    const std::string text = member_.received();
    const std::size_t end = text.find("\r\n\r\n");
    return end == std::string::npos ? std::string() : text.substr(end + 4);
  }
  const auto* request = last_request();
  return request == nullptr ? std::string() : request->body;
}

bool MemberEnd::was_broken_off() {
  if (is_asked_whole()) return false;
  if (speaks_ == Speaks::kHttp1) return member_.connection().is_closed();
  const auto* request = last_request();
  return request != nullptr && (request->reset >= 0 || links_.back()->peer->is_closed());
}

bool MemberEnd::has_any_of(const std::string& text) {
  if (member_.received().find(text) != std::string::npos) return true;
  for (auto& link : links_) {
    for (uint32_t stream = 1; stream <= link->last_stream; stream += 2) {
      const Http2Client::Response& request = link->reader.response(stream);
      if (request.body.find(text) != std::string::npos) return true;
      for (const auto& [name, value] : request.request) {
        if (value.find(text) != std::string::npos) return true;
      }
    }
  }
  return false;
}

}  // namespace understudy::test

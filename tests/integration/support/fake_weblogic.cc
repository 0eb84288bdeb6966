// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/support/fake_weblogic.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/socket.h"
#include "cookies/weblogic_view.h"

namespace understudy::testing {
namespace {

// As long as WebLogic's own.
constexpr const char* kSessionId = "Qm7TnLp2VhXs9RkYc4WdZb6FgJt8NvKq1MxPw3SrHy5CzBfDjGlA";

std::map<std::string, std::string> fields_of(const std::string& head) {
  std::map<std::string, std::string> fields;
  std::size_t at = head.find("\r\n");
  while (at != std::string::npos && at + 2 < head.size()) {
    const std::size_t end = head.find("\r\n", at + 2);
    const std::string line = head.substr(at + 2, end - at - 2);
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos) {
      std::string name = line.substr(0, colon);
      for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
      fields[name] = line.substr(colon + 2);
    }
    at = end;
  }
  return fields;
}

std::string field(const std::map<std::string, std::string>& fields, const std::string& name) {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string() : found->second;
}

}  // namespace

std::string FakeWeblogicDomain::list() const {
  std::string text;
  for (const FakeWeblogic* member : members) {
    if (!text.empty()) text += '|';
    text += std::to_string(member->id()) + "!127.0.0.1!" +
            std::to_string(member->address().port()) + "!-1";
  }
  return text;
}

struct FakeWeblogic::Connection final : FdWatcher::Handler {
  Connection(FakeWeblogic& server, Fd accepted) : its(server), fd(std::move(accepted)) {
    watcher.start(its.loop_, fd.value(), *this);
  }
  void on_ready(bool, bool) override {
    std::array<char, 4096> some;
    for (;;) {
      const ssize_t size = ::recv(fd.value(), some.data(), some.size(), 0);
      if (size <= 0) break;
      text.append(some.data(), static_cast<std::size_t>(size));
    }
    for (std::size_t end; (end = text.find("\r\n\r\n")) != std::string::npos;) {
      const std::string response = its.answer(text.substr(0, end + 2));
      text.erase(0, end + 4);
      static_cast<void>(::send(fd.value(), response.data(), response.size(), MSG_NOSIGNAL));
    }
  }

  FakeWeblogic& its;
  const Fd fd;
  FdWatcher watcher;
  std::string text;
};

FakeWeblogic::FakeWeblogic(EventLoop& loop, FakeWeblogicDomain& domain, std::string name,
                           std::int64_t id)
    : loop_(loop),
      domain_(domain),
      name_(std::move(name)),
      id_(id),
      address_(Address::loopback(0)) {
  start(id);
}

FakeWeblogic::~FakeWeblogic() {
  kill();
}

void FakeWeblogic::kill() {
  watcher_.stop();
  listener_.reset();
  connections_.clear();
  std::erase(domain_.members, this);
}

void FakeWeblogic::start(std::int64_t id) {
  id_ = id;
  listener_ = *listen_tcp(address_, {});
  address_ = local_address(listener_);
  watcher_.start_listening(loop_, listener_.value(), *this);
  domain_.members.push_back(this);
}

void FakeWeblogic::on_ready(bool, bool) {
  while (auto accepted = accept_tcp(listener_)) {
    if (!accepted->fd) return;
    connections_.push_back(std::make_unique<Connection>(*this, std::move(accepted->fd)));
  }
}

std::string FakeWeblogic::secondary() const {
  const auto& members = domain_.members;
  const auto self = std::find(members.begin(), members.end(), this);
  if (members.size() < 2 || self == members.end()) return "NONE";
  const auto next = std::next(self) == members.end() ? members.begin() : std::next(self);
  return std::to_string((*next)->id());
}

// A session that another one was primary of is this member's now, with a secondary of its choice.
void FakeWeblogic::add_session(const std::string& cookie, std::string& fields) {
  const std::string own = "!" + std::to_string(id_);
  if (cookie.find(own + "!") != std::string::npos && cookie.find('!') == cookie.find(own)) return;
  fields += "Set-Cookie: JSESSIONID=" + std::string(kSessionId) + own + "!" + secondary() +
            "; path=/; HttpOnly\r\n";
}

std::string FakeWeblogic::answer(const std::string& head) {
  const auto fields = fields_of(head);
  const bool is_question = head.starts_with("HEAD ");
  if (!is_question) {
    last_fields_ = fields;
    ++requests_;
  }
  std::string out;
  const std::string forced = field(fields, "x-weblogic-force-jvmid");
  if (!forced.empty() && forced != std::to_string(id_)) {
    out += "X-WebLogic-JVMID: " + std::to_string(id_) + "\r\n";
  }
  if (field(fields, "x-weblogic-request-clusterinfo") == "true" && !domain_.list().empty()) {
    const std::string hash = weblogic_hash(domain_.list());
    out += "X-WebLogic-Cluster-Hash: " + hash + "\r\n";
    if (field(fields, "x-weblogic-cluster-hash") != hash) {
      out += "X-WebLogic-Cluster-List: " + domain_.list() + "\r\n";
    }
  }
  const std::string cookie = field(fields, "cookie");
  if (!is_question && (head.starts_with("GET /login") || !cookie.empty())) add_session(cookie, out);
  const std::string body = is_question ? std::string() : name_;
  return "HTTP/1.1 " + std::to_string(status_) + " Sure\r\n" + out +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace understudy::testing

// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/id_probes.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/timer_wheel.h"
#include "cookies/contract.h"
#include "proxy/http/http1/http1_parser.h"
#include "proxy/upstream/upstream.h"

namespace understudy {

class IdProbes::Probe final : private Upstream::User {
 public:
  Probe(const IoContext& io, IdProbes::User& user, std::uint64_t serial)
      : io_(io),
        user_(user),
        serial_(serial),
        timeout_(Timer::of<&Probe::on_timeout>(io.loop.timers(), *this)) {}
  ~Probe() { end(); }

  void ask(MemberConnections::Options options, Duration wait) {
    host_ = options.address.is_unix() ? "localhost" : options.address.to_string();
    options.label = "id probe";
    options.keep_alive = false;
    options.open_max = 1;
    options.idle_count_max = 0;
    connections_ = std::make_unique<MemberConnections>(io_, std::move(options));
    auto upstream = connections_->connect(*this);
    if (!upstream) {  // said at the timer, for the caller is in the middle of something
      timeout_.start_at(io_.loop.now());
      is_failed_ = true;
      return;
    }
    upstream_ = *upstream;
    timeout_.start_at(io_.loop.now() + wait);
  }
  bool is_open() const { return upstream_ != nullptr || is_failed_; }

 private:
  void on_connected(Upstream& connection) override {
    upstream_ = &connection;
    const std::string text = "HEAD /understudy-id-probe HTTP/1.1\r\nHost: " + host_ + "\r\n" +
                             std::string(kWeblogicForceJvmidHeader) + ": unset\r\n\r\n";
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
  void on_interim_response(const http::ResponseHead&) override {}
  // The fields lie in the connection, which goes last.
  void on_response_head(const http::ResponseHead& head) override {
    timeout_.stop();
    Upstream* const answered = std::exchange(upstream_, nullptr);
    user_.on_id_answer(serial_, head.fields);
    answered->release();
  }
  void on_response_body() override {}
  void on_upstream_writable() override {}
  void on_upstream_failed(ErrorCode, std::string_view) override { on_timeout(); }

  void on_timeout() {
    end();
    user_.on_id_silence(serial_);
  }
  void end() {
    timeout_.stop();
    is_failed_ = false;
    if (upstream_ != nullptr) std::exchange(upstream_, nullptr)->release();
  }

  const IoContext io_;
  IdProbes::User& user_;
  const std::uint64_t serial_;
  std::string host_;
  std::unique_ptr<MemberConnections> connections_;
  Upstream* upstream_ = nullptr;
  bool is_failed_ = false;
  Timer timeout_;
};

IdProbes::IdProbes(const IoContext& io, User& user) : io_(io), user_(user) {}

IdProbes::~IdProbes() = default;

void IdProbes::ask(std::uint64_t serial, const MemberConnections::Options& member, Duration wait) {
  std::erase_if(probes_, [](const auto& probe) { return !probe->is_open(); });
  if (probes_.size() >= kIdProbesMax) return;
  probes_.push_back(std::make_unique<Probe>(io_, user_, serial));
  probes_.back()->ask(member, wait);
}

bool IdProbes::is_open() const {
  return std::any_of(probes_.begin(), probes_.end(),
                     [](const auto& probe) { return probe->is_open(); });
}

}  // namespace understudy

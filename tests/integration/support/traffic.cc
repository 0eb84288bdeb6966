// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/support/traffic.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "loadtest/http_client.h"
#include "loadtest/open_loop.h"
#include "tests/integration/support/site.h"

namespace understudy::testing {
namespace {

using loadtest::ClientResponse;
using loadtest::HttpClient;
using loadtest::make_request;
using loadtest::SessionChecker;

class Run {
 public:
  Run(EventLoop& loop, const Address& server, const TrafficOptions& options)
      : loop_(loop),
        server_(server),
        options_(options),
        client_(loop, server),
        checker_(options.sessions),
        cookies_(options.sessions) {}

  TrafficReport run() {
    create_sessions();
    loadtest::OpenLoop schedule(
        loop_, {.requests_per_second = options_.requests_per_second, .requests = options_.requests},
        [this](size_t index, TimePoint intended) { start(index, intended); });
    schedule.run();
    while (!schedule.all_started() || in_flight_ > 0) loop_.run_once(std::chrono::milliseconds(50));
    read_ends();
    finish_report();
    return std::move(report_);
  }

 private:
  std::string request(size_t session, bool post, std::string_view target) {
    std::vector<std::string> lines;
    if (!cookies_[session].empty()) lines.push_back("Cookie: " + cookies_[session]);
    return make_request({.method = post ? "POST" : "GET", .target = target}, server_, lines);
  }

  void keep_cookie(size_t session, const ClientResponse& response) {
    auto cookie = response.set_cookie(options_.cookie_name);
    if (!cookie.empty()) cookies_[session] = std::move(cookie);
  }

  // Sends one request for every session, at most 50 at once, and waits for all.
  void for_all(bool post, const char* target,
               const std::function<void(size_t, const ClientResponse&)>& on_answer) {
    size_t next = 0;
    size_t open = 0;
    while (next < options_.sessions || open > 0) {
      while (next < options_.sessions && open < 50) {
        const size_t session = next++;
        ++open;
        client_.send(request(session, post, target), [&, session](ClientResponse response) {
          --open;
          on_answer(session, response);
        });
      }
      loop_.run_once(std::chrono::milliseconds(50));
    }
  }

  void create_sessions() {
    for_all(true, "/count", [this](size_t session, const ClientResponse& response) {
      ASSERT_EQ(response.status, 200) << response.error << response.body;
      keep_cookie(session, response);
      count(checker_.on_sent(session), response);
    });
  }

  void count(const SessionChecker::Ticket& ticket, const ClientResponse& response) {
    const Json::Value answer = parse_json(response.body);
    checker_.on_answer(ticket, answer["session"].asString(), answer["count"].asUInt64());
  }

  void start(size_t index, TimePoint intended) {
    if (index == options_.event_after && options_.event) {
      event_at_ = SystemClock().now();
      options_.event();
    }
    const size_t session = index % options_.sessions;
    // Golden-ratio steps: both methods everywhere, in the same order in every run.
    const double place = static_cast<double>(index) * 0.618033988749895;
    const bool post =
        place - static_cast<double>(static_cast<uint64_t>(place)) < options_.post_share;
    const auto ticket = checker_.on_sent(session);
    ++in_flight_;
    client_.send(request(session, post, "/count"), [=, this](ClientResponse response) {
      --in_flight_;
      latencies_.push_back(SystemClock().now() - intended);
      if (response.status == 200) {
        ++report_.answered;
        keep_cookie(session, response);
        count(ticket, response);
        return;
      }
      checker_.on_unknown(ticket);
      report_.failures.push_back({.is_post = post,
                                  .status = response.status,
                                  .error = response.error + response.body.substr(0, 300),
                                  .after_event = intended - event_at_});
    });
  }

  void read_ends() {
    for_all(false, "/value", [this](size_t session, const ClientResponse& response) {
      EXPECT_EQ(response.status, 200) << response.error << response.body;
      if (response.status != 200) return;
      keep_cookie(session, response);
      const Json::Value answer = parse_json(response.body);
      checker_.on_final(session, answer["session"].asString(), answer["count"].asUInt64());
    });
  }

  void finish_report() {
    std::sort(latencies_.begin(), latencies_.end());
    if (!latencies_.empty()) {
      report_.longest = latencies_.back();
      report_.median = latencies_[latencies_.size() / 2];
    }
    report_.faults = checker_.faults();
    report_.findings = checker_.findings();
    report_.cookies = cookies_;
  }

  EventLoop& loop_;
  const Address server_;
  const TrafficOptions& options_;
  HttpClient client_;
  SessionChecker checker_;
  std::vector<std::string> cookies_;
  std::vector<Duration> latencies_;
  TimePoint event_at_ = TimePoint::max();
  size_t in_flight_ = 0;
  TrafficReport report_;
};

double ms(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

}  // namespace

TrafficReport run_traffic(EventLoop& loop, const Address& server, const TrafficOptions& options) {
  return Run(loop, server, options).run();
}

std::string summary(const TrafficReport& report) {
  std::string out = fmt::format(
      "{} answered, {} failed; latency from the intended start: median {:.2f} ms, longest stall "
      "{:.1f} ms; restarted {}, went back {}, counted twice {}, lost {}\n",
      report.answered, report.failures.size(), ms(report.median), ms(report.longest),
      report.faults.restarted, report.faults.went_back, report.faults.twice, report.faults.lost);
  for (const auto& finding : report.findings) out += "  " + finding + "\n";
  for (size_t i = 0; i < report.failures.size() && i < 10; ++i) {
    const Failure& failure = report.failures[i];
    out += fmt::format("  {} failed with {} ({:+.1f} ms from the event): {}\n",
                       failure.is_post ? "POST" : "GET", failure.status, ms(failure.after_event),
                       failure.error);
  }
  return out;
}

}  // namespace understudy::testing

// SPDX-License-Identifier: Apache-2.0
#include "proxy/server/access_log.h"

#include <utility>

#include "base/log.h"

namespace understudy {

namespace {
constexpr Duration kComplainAgain = std::chrono::seconds(10);
}  // namespace

BufferedAccessLog::BufferedAccessLog(EventLoop& loop, const std::vector<AccessLogTarget>& targets,
                                     std::string server_name)
    : loop_(loop),
      server_name_(std::move(server_name)),
      timer_(Timer::of<&BufferedAccessLog::on_timer>(loop.timers(), *this)) {
  for (const AccessLogTarget& target : targets) {
    outputs_.push_back({.target = target});
    const auto& wanted = target.format->response_fields();
    response_fields_.insert(response_fields_.end(), wanted.begin(), wanted.end());
  }
}

BufferedAccessLog::~BufferedAccessLog() {
  flush();
}

void BufferedAccessLog::write(const AccessRecord& record) {
  const LogFormat::Context context{
      .server_name = server_name_, .wall_us = wall_clock_us(), .memo = &memo_};
  for (Output& output : outputs_) {
    if (output.buffer.capacity() < kLogBufferBytes) output.buffer.reserve(kLogBufferBytes);
    output.target.format->append(record, context, output.buffer);
    if (output.buffer.size() >= kLogBufferBytes * 3 / 4) flush(output);
  }
  if (timer_.is_running()) return;
  const bool is_quiet =
      flushed_at_ == TimePoint::min() || loop_.now() >= flushed_at_ + kLogDelayMax;
  if (is_quiet) return flush();
  timer_.start_at(flushed_at_ + kLogDelayMax);
}

void BufferedAccessLog::flush() {
  flushed_at_ = loop_.now();
  for (Output& output : outputs_) flush(output);
}

void BufferedAccessLog::flush(Output& output) {
  if (output.buffer.empty()) return;
  if (!output.target.file->write(output.buffer)) {
    bytes_lost_ += output.buffer.size();
    if (complained_at_ == TimePoint::min() || loop_.now() >= complained_at_ + kComplainAgain) {
      complained_at_ = loop_.now();
      LOG(kError, "the access log '{}' cannot be written; up to {} bytes of it are lost so far",
          output.target.file->path(), bytes_lost_);
    }
  }
  output.buffer.clear();
}

}  // namespace understudy

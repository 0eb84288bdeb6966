// SPDX-License-Identifier: Apache-2.0
// BufferedAccessLog: the lines of one virtual host and one worker on their way to its files. They
// gather in a buffer that is written when it is full, a millisecond after the write before, or when
// the worker ends: so the lines of different workers come in their order, but for a busy moment. A
// file that takes nothing costs lines, never memory or the worker's time: the loss is counted and
// said in the error log. Owned by a worker's routes; worker thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/timer_wheel.h"
#include "proxy/exchange/access_record.h"
#include "proxy/server/log_file.h"
#include "proxy/server/log_format.h"

namespace understudy {

inline constexpr std::size_t kLogBufferBytes = std::size_t{32} * 1024;
inline constexpr Duration kLogDelayMax = std::chrono::milliseconds(1);

// Where and how one CustomLog writes; shared by all workers, immutable.
struct AccessLogTarget {
  LogFile* file = nullptr;  // borrowed from LogFiles
  std::shared_ptr<const LogFormat> format = {};
};

class BufferedAccessLog final : public AccessLog {
 public:
  BufferedAccessLog(EventLoop& loop, const std::vector<AccessLogTarget>& targets,
                    std::string server_name);
  ~BufferedAccessLog() override;

  const std::vector<std::string>& response_fields() const override { return response_fields_; }
  void write(const AccessRecord& record) override;
  void flush();

 private:
  struct Output {
    AccessLogTarget target;
    std::string buffer = {};
  };
  void flush(Output& output);
  void on_timer() { flush(); }

  // Constant after construction.
  EventLoop& loop_;
  const std::string server_name_;
  std::vector<std::string> response_fields_;

  // State of the worker thread.
  std::vector<Output> outputs_;
  Timer timer_;
  LogFormat::TimeMemo memo_;
  uint64_t bytes_lost_ = 0;
  TimePoint flushed_at_ = TimePoint::min();
  TimePoint complained_at_ = TimePoint::min();
};

}  // namespace understudy

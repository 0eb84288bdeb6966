// SPDX-License-Identifier: Apache-2.0
#include "proxy/server/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "base/clock.h"
#include "base/log.h"

namespace understudy {
namespace {

constexpr mode_t kLogMode = 0640;  // requests are for the group to read at most

Result<Fd> open_for_append(const std::string& path) {
  Fd fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, kLogMode));
  if (!fd) {
    return Error{.code = ErrorCode::kSystem,
                 .detail = "cannot open the log '" + path + "': " + std::strerror(errno)};
  }
  return fd;
}

bool is_regular(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// A pipe that can take PIPE_BUF bytes does not block for so many.
bool write_without_waiting(int fd, std::string_view lines) {
  while (!lines.empty()) {
    errno = 0;
    pollfd ready{.fd = fd, .events = POLLOUT, .revents = 0};
    if (::poll(&ready, 1, 0) != 1) return false;
    // The reader has ended; the write says so, too.
    if ((ready.revents & POLLERR) != 0) errno = EPIPE;
    if ((ready.revents & (POLLOUT | POLLERR)) != POLLOUT) return false;
    const std::string_view some = lines.substr(0, PIPE_BUF);
    const std::size_t end = some.rfind('\n');
    const std::size_t size = end == std::string_view::npos ? some.size() : end + 1;
    if (!write_all(fd, lines.substr(0, size))) return false;
    lines.remove_prefix(size);
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<LogFile>> LogFile::open(const std::string& path) {
  if (path == "stdout" || path == "stderr") {
    const int fd = path == "stdout" ? STDOUT_FILENO : STDERR_FILENO;
    return std::unique_ptr<LogFile>(new LogFile(path, Fd(), fd));
  }
  if (is_program(path)) {
    auto program = PipedProgram::open(path);
    if (!program) return std::move(program).error();
    return std::unique_ptr<LogFile>(new LogFile(path, *std::move(program)));
  }
  Result<Fd> fd = open_for_append(path);
  if (!fd) return std::move(fd).error();
  const int number = fd->value();
  return std::unique_ptr<LogFile>(new LogFile(path, *std::move(fd), number));
}

LogFile::~LogFile() = default;

bool LogFile::write(std::string_view lines) {
  if (is_regular(fd_)) return write_all(fd_, lines);
  if (write_without_waiting(fd_, lines)) return true;
  return errno == EPIPE && start_program_again() && write_without_waiting(fd_, lines);
}

bool LogFile::start_program_again() {
  std::lock_guard lock(mutex_);
  return program_ && program_->start_again(SystemClock().now());
}

Result<void> LogFile::reopen() {
  if (!owned_) return {};
  Result<Fd> fresh = open_for_append(path_);
  if (!fresh) return std::move(fresh).error();
  if (::dup3(fresh->value(), fd_, O_CLOEXEC) < 0) {
    return Error{.code = ErrorCode::kSystem,
                 .detail = "cannot reopen the log '" + path_ + "': " + std::strerror(errno)};
  }
  return {};
}

Result<LogFile*> LogFiles::open(const std::string& path) {
  for (const auto& file : files_) {
    if (file->path() == path) return file.get();
  }
  auto file = LogFile::open(path);
  if (!file) return std::move(file).error();
  files_.push_back(*std::move(file));
  return files_.back().get();
}

void LogFiles::reopen() {
  for (const auto& file : files_) {
    if (auto opened = file->reopen(); !opened) LOG(kError, "{}", opened.error().detail);
  }
}

}  // namespace understudy

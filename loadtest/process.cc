// SPDX-License-Identifier: Apache-2.0
#include "loadtest/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "base/check.h"

namespace understudy::loadtest {

Process::Process(const std::vector<std::string>& arguments, std::string log_path, int network)
    : log_path_(std::move(log_path)) {
  std::vector<char*> argv;
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  CHECK(pid_ >= 0);
  if (pid_ == 0) {
    // A process that dies takes the programs it started with it.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(126);
    const int log = ::open(log_path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(null, 0);
    ::dup2(log, 1);
    ::dup2(log, 2);
    if (network >= 0 && ::setns(network, CLONE_NEWNET) != 0) ::_exit(125);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  pidfd_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  CHECK(pidfd_);
}

Process::~Process() {
  if (reaped_) return;
  signal(SIGKILL);
  wait_exit(std::chrono::seconds(10));
}

void Process::signal(int number) {
  if (!reaped_) ::kill(pid_, number);
}

int Process::wait_exit(Duration timeout) {
  if (reaped_) return status_;
  pollfd entry{pidfd_.value(), POLLIN, 0};
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
  if (::poll(&entry, 1, static_cast<int>(ms)) != 1) return -1;
  int status = 0;
  CHECK(::waitpid(pid_, &status, 0) == pid_);
  reaped_ = true;
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return status_;
}

bool Process::is_running() {
  return wait_exit(Duration::zero()) == -1;
}

std::string Process::log() const {
  return read_file(log_path_);
}

std::string read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  stream << text;
  CHECK(stream.good());
}

}  // namespace understudy::loadtest

// SPDX-License-Identifier: Apache-2.0
#include "conf/files.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace understudy::conf {

namespace {

class Descriptor final {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number() const { return number_; }

 private:
  const int number_;
};

FileText failed(std::string why) {
  return {.text = std::nullopt, .error = std::move(why)};
}

FileText failed_with(int code) {
  return failed(std::generic_category().message(code));
}

FileText too_large(std::size_t bytes_max) {
  return failed("it is larger than " + std::to_string(bytes_max) + " bytes");
}

}  // namespace

FileText DiskFiles::read(const std::string& path, std::size_t bytes_max) const {
  // Non-blocking, so that a FIFO in the place of a file is refused below instead of waited for.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number() < 0) return failed_with(errno);
  struct stat status = {};
  if (::fstat(file.number(), &status) != 0) return failed_with(errno);
  if (S_ISDIR(status.st_mode)) {
    return {.text = std::nullopt, .error = "it is a directory", .is_directory = true};
  }
  if (!S_ISREG(status.st_mode)) return failed("it is not a regular file");

  std::string text;
  char chunk[16 * 1024];
  for (;;) {
    const ssize_t count = ::read(file.number(), chunk, sizeof chunk);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed_with(errno);
    if (count == 0) return {.text = std::move(text), .error = {}};
    text.append(chunk, static_cast<std::size_t>(count));
    if (text.size() > bytes_max) return too_large(bytes_max);
  }
}

std::vector<std::string> DiskFiles::matching(const std::string& pattern,
                                             std::size_t count_max) const {
  glob_t found = {};
  std::vector<std::string> paths;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    const std::size_t count = std::min(found.gl_pathc, count_max + 1);
    paths.assign(found.gl_pathv, found.gl_pathv + count);
  }
  ::globfree(&found);
  std::sort(paths.begin(), paths.end());  // glob() sorts by locale; the order must not depend on it
  return paths;
}

void MemoryFiles::add(std::string path, std::string text) {
  texts_.insert_or_assign(std::move(path), std::move(text));
}

FileText MemoryFiles::read(const std::string& path, std::size_t bytes_max) const {
  const auto found = texts_.find(path);
  if (found == texts_.end()) return failed_with(ENOENT);
  if (found->second.size() > bytes_max) return too_large(bytes_max);
  return {.text = found->second, .error = {}};
}

std::vector<std::string> MemoryFiles::matching(const std::string& pattern,
                                               std::size_t count_max) const {
  std::vector<std::string> paths;
  for (const auto& [path, text] : texts_) {
    if (paths.size() > count_max) break;
    if (::fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME | FNM_PERIOD) == 0) {
      paths.push_back(path);
    }
  }
  return paths;
}

}  // namespace understudy::conf

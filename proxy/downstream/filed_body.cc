// SPDX-License-Identifier: Apache-2.0
#include "proxy/downstream/filed_body.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "base/check.h"
#include "base/log.h"

namespace understudy {
namespace {

constexpr mode_t kOwnerOnly = 0600;

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

// Some file systems have no O_TMPFILE: there the name is taken away at once.
Fd make_file_and_unlink(const std::string& directory) {
  std::string name = directory + "/.understudy-XXXXXX";
  Fd file(::mkostemp(name.data(), O_CLOEXEC));
  if (file) ::unlink(name.c_str());
  return file;
}

}  // namespace

bool FiledBody::open(const std::string& directory) {
  file_ = Fd(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, kOwnerOnly));
  if (!file_ && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT)) {
    file_ = make_file_and_unlink(directory);
  }
  return static_cast<bool>(file_);
}

bool FiledBody::append(std::string_view bytes, const std::string& directory) {
  const bool is_written = (file_ || open(directory)) && write_all(file_.value(), bytes);
  if (!is_written) {
    LOG(kWarn, "a request's body cannot be kept in {}, so the request is sent once: {}", directory,
        std::strerror(errno));
    return false;
  }
  size_ += bytes.size();
  account_ += bytes.size();
  return true;
}

void FiledBody::rewind() {
  sent_ = 0;
  replaying_ = size_ != 0;
  if (replaying_) load();
}

void FiledBody::load() {
  const size_t block_bytes = blocks_.options().large_bytes;
  if (block_ == nullptr) block_ = blocks_.take(block_bytes);
  loaded_from_ = sent_;
  loaded_bytes_ = 0;
  const size_t wanted = static_cast<size_t>(std::min<uint64_t>(block_bytes, size_ - sent_));
  while (loaded_bytes_ < wanted) {
    const ssize_t got = ::pread(file_.value(), block_ + loaded_bytes_, wanted - loaded_bytes_,
                                static_cast<off_t>(sent_ + loaded_bytes_));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      LOG(kError, "a kept request body cannot be read again: {}",
          got == 0 ? "the file is shorter than what was written" : std::strerror(errno));
      failed_ = true;
      loaded_bytes_ = 0;
      return;
    }
    loaded_bytes_ += static_cast<size_t>(got);
  }
}

std::string_view FiledBody::unsent() const {
  if (!has_unsent() || failed_) return {};
  const size_t offset = static_cast<size_t>(sent_ - loaded_from_);
  return {block_ + offset, loaded_bytes_ - offset};
}

void FiledBody::consume(size_t bytes) {
  DCHECK(bytes <= unsent().size());
  sent_ += bytes;
  // What is appended from now on has been sent already.
  if (sent_ == size_) replaying_ = false;
  if (replaying_ && sent_ == loaded_from_ + loaded_bytes_) load();
}

void FiledBody::clear() {
  file_.reset();
  if (block_ != nullptr) blocks_.give_back(block_, blocks_.options().large_bytes);
  block_ = nullptr;
  account_ -= size_;
  size_ = sent_ = loaded_from_ = 0;
  loaded_bytes_ = 0;
  replaying_ = failed_ = false;
}

}  // namespace understudy

// SPDX-License-Identifier: Apache-2.0
// What relative paths start at while a configuration is read: the command line's directory, else
// ServerRoot, else the file that they stand in. One per parse; borrows files and sources.
#pragma once

#include <string>
#include <vector>

#include "conf/diagnostic.h"
#include "conf/files.h"
#include "conf/sources.h"
#include "conf/tree.h"

namespace understudy::conf {

class ServerRoot final {
 public:
  // `fixed` is the command line's; empty: it said none.
  ServerRoot(std::string fixed, const Files& files, const Sources& sources)
      : files_(files), sources_(sources), is_fixed_(!fixed.empty()), path_(std::move(fixed)) {}

  // The directive, which counts from here on. The directory of a tree that was copied elsewhere is
  // not there; that of the tree itself is meant then, with a warning.
  void set(const Word& word, Diagnostics& diagnostics);
  // Empty while no directory is known.
  const std::string& path() const { return path_; }
  // Where the file of a relative path may be, the first place first.
  std::vector<std::string> places_of(const Word& word) const;
  // " (ServerRoot is /etc/httpd)", for messages; empty while no directory is known.
  std::string note() const;

 private:
  bool has_directory(const std::string& path) const;

  const Files& files_;
  const Sources& sources_;
  const bool is_fixed_;
  std::string path_;
};

}  // namespace understudy::conf

// SPDX-License-Identifier: Apache-2.0
// From a file to a Config, or to the reasons why not. `understudy check` and `understudy run` both
// call this, so what was checked is what runs. Reads files, opens nothing else. Any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/socket.h"
#include "conf/diagnostic.h"
#include "conf/files.h"
#include "conf/parser.h"
#include "cookies/keyring.h"

namespace understudy::config {

struct Config;

struct LoadOptions {
  const conf::Files* files = nullptr;  // borrowed for the call; null: the disk
  conf::ParseOptions parse;
  std::function<KeyringResult(const std::string& path)> load_keyring = Keyring::load;
  std::function<bool()> has_ipv6 = understudy::has_ipv6;  // whether `Listen 80` is of both families
};

struct Loaded {
  std::shared_ptr<const Config> config;  // null if there was any error
  std::string diagnostics;  // errors and warnings for stderr: position, line, caret; may be empty
  std::vector<conf::Diagnostic> said;  // the same one by one, as far as they were kept
  std::size_t error_count = 0;
  std::size_t warning_count = 0;

  explicit operator bool() const { return config != nullptr; }
};

Loaded load(const std::string& path, const LoadOptions& options = {});

// The same for a text that is in no file; `name` stands in its diagnostics.
Loaded load_text(const std::string& name, const std::string& text, const LoadOptions& options = {});

}  // namespace understudy::config

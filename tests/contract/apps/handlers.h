// SPDX-License-Identifier: Apache-2.0
// What the contract applications in C++ answer (tests/contract/README.md), in the words of no
// server: an application carries requests to answer() and what it says to its clients.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "understudy/node.h"

namespace contract {

struct Asked {
  std::string_view path;
  std::string_view body;
  std::function<std::string(std::string_view name)> field;  // of the query; empty when absent
};

struct Answer {
  int status = 200;
  std::string body = {};
  std::string type = "text/plain; charset=utf-8";
  std::optional<std::string> body_when_repeated = {};  // to be stored with the session
};

// What a path needs; nothing: there is nothing at it. /slow is the application's own.
struct Needs {
  bool session = true;
  bool exclusive = false;
};
std::optional<Needs> needs_of(std::string_view path);

// Throws for /throw. `session` is empty where needs_of() says that none is needed.
Answer answer(understudy::Node& node, const Asked& asked, understudy::Session& session);

}  // namespace contract

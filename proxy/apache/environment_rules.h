// SPDX-License-Identifier: Apache-2.0
// SetEnvIf and its relatives (mod_setenvif), SetEnv and UnsetEnv (mod_env): what puts variables
// into the environment of a request. SetEnvIf is early, so that access rules may ask for its
// variables; SetEnv is late, behind them, as in Apache. Values of the immutable Config; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/pattern.h"
#include "proxy/apache/substitution.h"

namespace understudy::apache {

class Expression;
struct Request;

struct Assignment {
  std::string name = {};
  Substitution value = {};
  bool is_unset = false;
};

struct EnvironmentRule {
  enum class Subject : std::uint8_t {
    kField,       // the header field `name`
    kFields,      // each one whose name `names` matches
    kClient,      // Remote_Addr, Remote_Host
    kServer,      // Server_Addr
    kMethod,      // Request_Method
    kProtocol,    // Request_Protocol
    kPath,        // Request_URI
    kExpression,  // SetEnvIfExpr
    kAlways,      // SetEnv, UnsetEnv
  };
  Subject subject = Subject::kAlways;
  std::string name = {};  // of the field; without one in the request, of a variable
  std::shared_ptr<const Pattern> names = {};
  std::shared_ptr<const Pattern> pattern = {};
  std::shared_ptr<const Expression> expression = {};
  std::vector<Assignment> assignments = {};
};

// Changes the request's environment.
void set_variables(const std::vector<EnvironmentRule>& rules, const Request& request);

}  // namespace understudy::apache

// SPDX-License-Identifier: Apache-2.0
// Who may ask for what, as Apache decides it: Require and its containers (mod_authz_core and its
// relatives), Order, Allow and Deny (mod_access_compat), and passwords (mod_auth_basic). What the
// sections of a request say is merged as Apache merges it: what a later one requires replaces what
// earlier ones do, and so does what it allows or denies. Values of the immutable Config, and pure
// functions over them; any thread. Made by proxy/config, asked by proxy/exchange.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address_range.h"
#include "proxy/apache/request.h"
#include "proxy/apache/verdict.h"

namespace understudy::apache {

class Expression;

// Of <Limit> and <LimitExcept>. GET stands for HEAD too, as in Apache.
struct Methods {
  enum class Kind : std::uint8_t { kAll, kThese, kOthers };
  Kind kind = Kind::kAll;
  std::vector<std::string> names = {};

  bool contains(std::string_view method) const;
};

// A Require, or a container of them. The whole of a section's is a RequireAny.
struct Requirement {
  enum class Kind : std::uint8_t {
    kAll,   // <RequireAll>: of parts
    kAny,   // <RequireAny>; <RequireNone> is a negated one
    kYes,   // all granted
    kNo,    // all denied
    kIp,    // ranges
    kHere,  // local: a loopback address, or the address that it connected to
    kVariable,
    kMethod,
    kExpression,
    kValidUser,
    kUser,
    kGroup,
  };
  Kind kind = Kind::kAny;
  bool is_negated = false;
  std::vector<Methods> methods = {};  // of a part: all of them contain the method
  std::vector<AddressRange> ranges = {};
  std::vector<std::string> names = {};
  std::shared_ptr<const Expression> expression = {};
  std::vector<Requirement> parts = {};
};

// Order, Allow, Deny and Satisfy of one section.
struct HostAccess {
  enum class Order : std::uint8_t { kDenyAllow, kAllowDeny, kMutual };
  struct Entry {
    std::vector<Methods> methods = {};
    bool is_all = false;
    std::vector<AddressRange> ranges = {};
    std::string variable = {};  // env=NAME; empty: it is about addresses
    bool is_unset = false;      // env=!NAME
  };
  struct OrderRule {
    std::vector<Methods> methods = {};
    Order order = Order::kDenyAllow;
  };
  struct SatisfyRule {
    std::vector<Methods> methods = {};
    bool is_any = false;
  };
  std::vector<OrderRule> orders = {};
  std::vector<Entry> allows = {};
  std::vector<Entry> denies = {};
  std::vector<SatisfyRule> satisfies = {};
};

// AuthUserFile and AuthGroupFile as they were when the configuration was loaded.
struct Users {
  std::map<std::string, std::string, std::less<>> hashes;
};
struct Groups {
  std::map<std::string, std::vector<std::string>, std::less<>> members;
};

enum class Joining : std::uint8_t { kReplace, kAnd, kOr };

// What one section says. Null and nothing: it is silent.
struct Access {
  std::shared_ptr<const Requirement> require = {};
  std::optional<Joining> joining = {};
  std::shared_ptr<const HostAccess> hosts = {};
  std::optional<bool> asks_password = {};  // AuthType Basic; false: None
  std::optional<std::string> realm = {};
  std::shared_ptr<const Users> users = {};
  std::shared_ptr<const Groups> groups = {};

  bool is_silent() const {
    return !require && !joining && !hosts && !asks_password && !realm && !users && !groups;
  }
};

// `sections` are those that the request is in, in Apache's order. Sets the request's user.
Verdict decide_access(const std::vector<const Access*>& sections, Request& request);

}  // namespace understudy::apache

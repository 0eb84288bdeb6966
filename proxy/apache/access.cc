// SPDX-License-Identifier: Apache-2.0
#include "proxy/apache/access.h"

#include <algorithm>
#include <array>
#include <utility>

#include "proxy/apache/expression.h"
#include "proxy/apache/password.h"
#include "proxy/http/char_class.h"

namespace understudy::apache {
namespace {

// mod_authz_core's: a denial that a user's name might turn is told from one that it cannot.
enum class Outcome : std::uint8_t { kGranted, kDenied, kDeniedNoUser, kNeutral };

// Everything the sections of a request say together.
struct Merged {
  struct Step {
    Joining joining = Joining::kReplace;
    const Requirement* require = nullptr;
  };
  std::vector<Step> steps = {};
  const HostAccess* hosts = nullptr;
  bool asks_password = false;
  std::string realm = {};
  const Users* users = nullptr;
  const Groups* groups = nullptr;
};

Merged merge(const std::vector<const Access*>& sections) {
  Merged all;
  for (const Access* access : sections) {
    if (access->require) {
      const Joining joining = access->joining.value_or(Joining::kReplace);
      if (joining == Joining::kReplace) all.steps.clear();
      all.steps.push_back({joining, access->require.get()});
    } else if (access->joining == Joining::kReplace) {
      all.steps.clear();
    }
    if (access->hosts) all.hosts = access->hosts.get();
    if (access->asks_password) all.asks_password = *access->asks_password;
    if (access->realm) all.realm = *access->realm;
    if (access->users) all.users = access->users.get();
    if (access->groups) all.groups = access->groups.get();
  }
  return all;
}

bool is_about(const std::vector<Methods>& limits, std::string_view method) {
  return std::all_of(limits.begin(), limits.end(),
                     [method](const Methods& limit) { return limit.contains(method); });
}

bool is_loopback(const IpAddress& address) {
  if (!address.is_set()) return false;
  if (address.is_v4()) return address.bytes()[12] == 127;
  std::array<std::uint8_t, 16> one{};
  one.back() = 1;
  return address.bytes() == one;
}

class Judge final {
 public:
  Judge(const Request& request, const Groups* groups) : request_(request), groups_(groups) {}

  Outcome judge(const std::vector<Merged::Step>& steps) const {
    Outcome all = Outcome::kNeutral;
    bool is_first = true;
    for (const auto& [joining, require] : steps) {
      const Kind kind = joining == Joining::kOr ? Kind::kAny : Kind::kAll;
      const Outcome one = apply(*require, kind);
      all = is_first || joining == Joining::kReplace ? one : join(kind, all, one);
      is_first = false;
    }
    return all;
  }

 private:
  using Kind = Requirement::Kind;

  Outcome apply(const Requirement& require, Kind parent) const {
    if (!is_about(require.methods, request_.method)) {
      return parent == Kind::kAll ? Outcome::kGranted : Outcome::kNeutral;
    }
    const bool is_container = require.kind == Kind::kAll || require.kind == Kind::kAny;
    const Outcome plain = is_container ? apply_parts(require, parent) : check(require);
    if (!require.is_negated) return plain;
    if (plain == Outcome::kGranted) return Outcome::kDenied;
    // That a reason to refuse does not hold is no reason to let a client in.
    return Outcome::kNeutral;
  }

  Outcome apply_parts(const Requirement& require, Kind parent) const {
    // Methods that no part is about are free: Apache limits the container to those of its parts.
    const bool is_any_about =
        require.parts.empty() ||
        std::any_of(require.parts.begin(), require.parts.end(), [this](const Requirement& part) {
          return is_about(part.methods, request_.method);
        });
    if (!is_any_about) return parent == Kind::kAll ? Outcome::kGranted : Outcome::kNeutral;
    Outcome all = Outcome::kNeutral;
    for (const Requirement& part : require.parts) {
      const Outcome one = apply(part, require.kind);
      if (one == Outcome::kNeutral) continue;
      all = join(require.kind, all, one);
      if (all == (require.kind == Kind::kAll ? Outcome::kDenied : Outcome::kGranted)) break;
    }
    return all;
  }

  static Outcome join(Kind kind, Outcome all, Outcome one) {
    if (one == Outcome::kNeutral) return all;
    if (all == Outcome::kNeutral) return one;
    const Outcome strongest = kind == Kind::kAll ? Outcome::kDenied : Outcome::kGranted;
    if (all == strongest || one == strongest) return strongest;
    return all == Outcome::kDeniedNoUser || one == Outcome::kDeniedNoUser ? Outcome::kDeniedNoUser
                                                                          : all;
  }

  static Outcome granted_if(bool is_so) { return is_so ? Outcome::kGranted : Outcome::kDenied; }

  bool names_any(const Requirement& require, std::string_view wanted) const {
    return std::find(require.names.begin(), require.names.end(), wanted) != require.names.end();
  }

  Outcome check(const Requirement& require) const {
    switch (require.kind) {
      case Kind::kYes:
        return Outcome::kGranted;
      case Kind::kIp:
        return granted_if(contains(require.ranges, request_.client));
      case Kind::kHere:
        return granted_if(is_loopback(request_.client) ||
                          (request_.local.is_set() && request_.local == request_.client));
      case Kind::kVariable:
        return granted_if(std::any_of(
            require.names.begin(), require.names.end(),
            [this](const std::string& name) { return request_.environment->has(name); }));
      case Kind::kExpression:
        return granted_if(require.expression->holds(request_));
      case Kind::kMethod:
        return granted_if(names_any(require, request_.method));
      case Kind::kValidUser:
      case Kind::kUser:
      case Kind::kGroup:
        return check_user(require);
      default:
        return Outcome::kDenied;
    }
  }

  Outcome check_user(const Requirement& require) const {
    const std::string& user = request_.user;
    if (user.empty()) return Outcome::kDeniedNoUser;
    if (require.kind == Kind::kValidUser) return Outcome::kGranted;
    if (require.kind == Kind::kUser) return granted_if(names_any(require, user));
    return granted_if(std::any_of(
        require.names.begin(), require.names.end(), [this, &user](const std::string& group) {
          if (groups_ == nullptr) return false;
          const auto found = groups_->members.find(group);
          return found != groups_->members.end() &&
                 std::find(found->second.begin(), found->second.end(), user) != found->second.end();
        }));
  }

  const Request& request_;
  const Groups* const groups_;
};

bool fits_any(const std::vector<HostAccess::Entry>& entries, const Request& request) {
  return std::any_of(entries.begin(), entries.end(), [&request](const HostAccess::Entry& entry) {
    if (!is_about(entry.methods, request.method)) return false;
    if (entry.is_all) return true;
    if (entry.variable.empty()) return contains(entry.ranges, request.client);
    return request.environment->has(entry.variable) != entry.is_unset;
  });
}

bool passes_hosts(const HostAccess& hosts, const Request& request) {
  using Order = HostAccess::Order;
  Order order = Order::kDenyAllow;
  for (const HostAccess::OrderRule& rule : hosts.orders) {
    if (is_about(rule.methods, request.method)) order = rule.order;
  }
  const bool is_allowed = fits_any(hosts.allows, request);
  const bool is_denied = fits_any(hosts.denies, request);
  return order == Order::kDenyAllow ? is_allowed || !is_denied : is_allowed && !is_denied;
}

bool is_satisfied_by_any(const HostAccess* hosts, const Request& request) {
  bool is_any = false;
  if (hosts == nullptr) return is_any;
  for (const HostAccess::SatisfyRule& rule : hosts->satisfies) {
    if (is_about(rule.methods, request.method)) is_any = rule.is_any;
  }
  return is_any;
}

constexpr std::string_view kForbidden = "You may not have what is at this address.";

Verdict forbidden() {
  return {.status = 403, .sentence = kForbidden};
}

Verdict unauthorized(const std::string& realm) {
  std::string quoted;
  for (const char c : realm) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return {.status = 401,
          .lines = "WWW-Authenticate: Basic realm=\"" + quoted + "\"\r\n",
          .sentence = "This address asks for a name and a password."};
}

// The name in Authorization: Basic, if its password is right.
std::string user_of(const Users& users, const Request& request) {
  constexpr std::string_view kScheme = "Basic ";
  std::string_view line = request.fields->value(http::FieldId::kAuthorization);
  if (!http::equals_ignoring_case(line.substr(0, kScheme.size()), kScheme)) return {};
  line.remove_prefix(kScheme.size());
  while (line.starts_with(' ')) line.remove_prefix(1);
  const std::string pair = from_base64(line);
  const std::size_t colon = pair.find(':');
  if (colon == 0 || colon == std::string::npos) return {};
  const std::string_view name = std::string_view(pair).substr(0, colon);
  const std::string_view password = std::string_view(pair).substr(colon + 1);
  const auto found = users.hashes.find(name);
  if (found == users.hashes.end()) return {};
  const std::string& hash = found->second;
  if (request.logins != nullptr && request.logins->knows(password, hash)) return std::string(name);
  if (!is_password_of(password, hash)) return {};
  if (request.logins != nullptr) request.logins->add(password, hash);
  return std::string(name);
}

Verdict decide_requirements(const Merged& merged, Request& request) {
  if (merged.steps.empty()) return {};
  const Outcome first = Judge(request, merged.groups).judge(merged.steps);
  if (first == Outcome::kGranted) return {};
  if (first != Outcome::kDeniedNoUser) return forbidden();
  if (!merged.asks_password || merged.users == nullptr) {
    return {.status = 500, .sentence = "This address asks for users, and none are configured."};
  }
  request.user = user_of(*merged.users, request);
  if (request.user.empty()) return unauthorized(merged.realm);
  const Outcome second = Judge(request, merged.groups).judge(merged.steps);
  return second == Outcome::kGranted ? Verdict() : unauthorized(merged.realm);
}

}  // namespace

bool Methods::contains(std::string_view method) const {
  if (kind == Kind::kAll) return true;
  const std::string_view wanted = method == "HEAD" ? std::string_view("GET") : method;
  const bool is_named = std::any_of(names.begin(), names.end(), [wanted](const std::string& name) {
    return (name == "HEAD" ? std::string_view("GET") : std::string_view(name)) == wanted;
  });
  return is_named == (kind == Kind::kThese);
}

Verdict decide_access(const std::vector<const Access*>& sections, Request& request) {
  const Merged merged = merge(sections);
  const bool passes = merged.hosts == nullptr || passes_hosts(*merged.hosts, request);
  const bool is_any = is_satisfied_by_any(merged.hosts, request);
  if (is_any && passes) return {};
  if (!is_any && !passes) return forbidden();
  if (is_any && merged.steps.empty()) return forbidden();
  return decide_requirements(merged, request);
}

}  // namespace understudy::apache

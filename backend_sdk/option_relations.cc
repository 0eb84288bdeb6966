// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/option_relations.h"

#include <chrono>
#include <cstdint>
#include <utility>

#include "backend_sdk/cookie_options.h"
#include "base/address.h"
#include "cookies/contract.h"
#include "cookies/cookie_header.h"
#include "cookies/view_header.h"

namespace understudy {
namespace {

using std::chrono::milliseconds;

bool is_loopback(const std::string& text) {
  const Result<Address> address = Address::parse(text, 1);
  return address && address->is_loopback();
}

bool is_wildcard(const std::string& text) {
  const Result<Address> address = Address::parse(text, 1);
  return address && (address->host() == "0.0.0.0" || address->host() == "::");
}

// How a value is told: "50000ms", "65 bytes".
std::string to_text(milliseconds duration) {
  return std::to_string(duration.count()) + "ms";
}
std::string to_text(std::uint64_t bytes) {
  return std::to_string(bytes) + " bytes";
}

void relate_addresses(const Options& options, std::vector<OptionProblem>& problems) {
  if (options.cluster_key_file.empty() && !options.cluster_insecure) {
    problems.push_back(
        {"ClusterKeyFile is missing: without it no process can tell members from "
         "strangers (ClusterInsecure On does without, on loopback addresses)",
         {"ClusterInsecure"}});
  }
  if (options.cluster_insecure) {
    if (!is_loopback(options.cluster_listen)) {
      problems.push_back({"ClusterInsecure On needs a loopback address in ClusterListen, not '" +
                              options.cluster_listen + "'",
                          {"ClusterListen"}});
    }
    for (const std::string& member : options.cluster_members) {
      if (is_loopback(member)) continue;
      problems.push_back(
          {"ClusterInsecure On needs loopback addresses in ClusterMembers, not '" + member + "'",
           {"ClusterMembers"}});
    }
  }
  if (!options.listen.empty() && options.listen == options.cluster_listen) {
    problems.push_back({"Listen and ClusterListen are the same address, '" + options.listen +
                            "': proxies and members each need a port of their own",
                        {"ClusterListen"}});
  }
  for (const auto& [name, text] :
       {std::pair{"ClusterListen", options.cluster_listen}, std::pair{"Listen", options.listen}}) {
    if (!is_wildcard(text)) continue;
    problems.push_back({std::string(name) + " '" + text +
                            "' is every address and so none that others could connect to; name one",
                        {name}});
  }
}

// Members and proxies are told these; longer ones have no room in a view.
void relate_names(const Options& options, std::vector<OptionProblem>& problems) {
  const std::pair<std::string_view, const std::string&> kNames[] = {
      {"MemberName", options.member_name},
      {"Machine", options.machine},
      {"ClusterName", options.cluster_name},
      {"ReplicationGroup", options.replication_group},
      {"PreferredSecondaryGroup", options.preferred_secondary_group}};
  for (const auto& [directive, name] : kNames) {
    if (name.size() <= kViewNameBytesMax) continue;
    problems.push_back({std::string(directive) + " has " + to_text(name.size()) +
                            "; give it one of at most " + to_text(kViewNameBytesMax),
                        {directive}});
  }
  if (options.cluster_name.empty()) {
    problems.push_back({"ClusterName is empty; leave it out for '" +
                            std::string(kDefaultClusterName) + "', or give it a name",
                        {"ClusterName"}});
  }
}

void relate_times(const Options& options, std::vector<OptionProblem>& problems) {
  if (options.ack_timeout > options.ack_deadline) {
    problems.push_back({"AckTimeout is above AckDeadline (" + to_text(options.ack_timeout) + ", " +
                            to_text(options.ack_deadline) +
                            "): lower the first or raise the second",
                        {"AckTimeout", "AckDeadline"}});
  }
}

void relate_sizes(const Options& options, std::vector<OptionProblem>& problems) {
  const auto is_above = [&](std::string_view one, std::uint64_t size, std::string_view other,
                            std::uint64_t most, std::string_view why) {
    if (size <= most) return;
    problems.push_back({std::string(one) + " is above " + std::string(other) + " (" +
                            to_text(size) + ", " + to_text(most) + "): " + std::string(why),
                        {one, other}});
  };
  constexpr std::string_view kOrder = "lower the first or raise the second";
  is_above("SoftSessionBytes", options.session_bytes_soft, "MaxSessionBytes",
           options.session_bytes_max, kOrder);
  is_above("StoredResponseMax", options.stored_response_max, "MaxSessionBytes",
           options.session_bytes_max, kOrder);
  is_above("MaxSessionBytes", options.session_bytes_max, "MaxReplicaBytes",
           options.replica_bytes_max,
           "the largest session would find no member that may hold its copy");
}

}  // namespace

std::vector<OptionProblem> relate(const Options& options) {
  std::vector<OptionProblem> problems;
  relate_addresses(options, problems);
  relate_names(options, problems);
  if (std::string fault = fault_of(cookie_attributes(options)); !fault.empty()) {
    problems.push_back(
        {"SessionCookiePath, SessionCookieDomain, SessionCookieSameSite: " + std::move(fault),
         {"SessionCookiePath", "SessionCookieDomain", "SessionCookieSameSite",
          "SessionCookieSecure"}});
  }
  if (!build_set_cookie(options.session_cookie, "value", CookieAttributes(), false)) {
    problems.push_back({"SessionCookie '" + options.session_cookie +
                            "' cannot be a cookie's name: letters, digits, '-', '_' and '.' can",
                        {"SessionCookie"}});
  }
  if (options.third_server == Options::ThirdServer::kPull) {
    problems.push_back(
        {"ThirdServer pull cannot be had: a session does not move to the member that "
         "happens to be asked. Say relay, or redirect",
         {"ThirdServer"}});
  }
  if (options.session_cookie_format == Options::CookieFormat::kRoute &&
      !build_set_cookie("route", options.member_name, CookieAttributes(), false)) {
    problems.push_back(
        {"SessionCookieFormat route needs a MemberName that a cookie can hold, not '" +
             options.member_name + "'",
         {"SessionCookieFormat", "MemberName"}});
  }
  relate_times(options, problems);
  relate_sizes(options, problems);
  return problems;
}

}  // namespace understudy

// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/virtual_host.h"

#include <algorithm>
#include <utility>

#include "base/glob.h"

namespace understudy::config {

namespace {

constexpr std::size_t kHostNameBytesMax = 255;

}  // namespace

bool VirtualHost::serves(const Address& listen) const {
  if (ports.empty() && addresses.empty()) return true;
  return std::find(ports.begin(), ports.end(), listen.port()) != ports.end() ||
         std::find(addresses.begin(), addresses.end(), listen) != addresses.end();
}

bool VirtualHost::serves_port(std::uint16_t port) const {
  if (ports.empty() && addresses.empty()) return true;
  return std::find(ports.begin(), ports.end(), port) != ports.end() ||
         std::any_of(addresses.begin(), addresses.end(),
                     [port](const Address& address) { return address.port() == port; });
}

VirtualHosts::VirtualHosts(std::vector<VirtualHost> hosts) : hosts_(std::move(hosts)) {
  // The one outside of all sections is never the first choice, only the last resort.
  for (std::size_t index = 1; index < hosts_.size(); ++index) {
    bool has_pattern = false;
    for (const std::string& name : hosts_[index].names) {
      if (has_wildcard(name)) {
        has_pattern = true;
      } else {
        by_name_[name].push_back(index);
      }
    }
    if (has_pattern) with_patterns_.push_back(index);
  }
}

const VirtualHost& VirtualHosts::choose(std::uint16_t local_port, std::string_view name) const {
  if (hosts_.size() == 1) return hosts_.front();
  if (name.size() <= kHostNameBytesMax) {
    std::string lower_name(name);
    for (char& c : lower_name) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    if (const VirtualHost* found = named(local_port, lower_name)) return *found;
  }
  const auto first =
      std::find_if(hosts_.begin() + 1, hosts_.end(),
                   [local_port](const VirtualHost& host) { return host.serves_port(local_port); });
  return first != hosts_.end() ? *first : hosts_.front();
}

std::vector<std::size_t> VirtualHosts::serving(const Address& listen) const {
  std::vector<std::size_t> out;
  for (std::size_t host = 1; host < hosts_.size(); ++host) {
    if (hosts_[host].serves(listen)) out.push_back(host);
  }
  if (out.empty()) out.push_back(0);
  return out;
}

const VirtualHost* VirtualHosts::named(std::uint16_t local_port,
                                       std::string_view lower_name) const {
  const auto exact = by_name_.find(std::string(lower_name));
  if (exact != by_name_.end()) {
    for (const std::size_t index : exact->second) {
      if (hosts_[index].serves_port(local_port)) return &hosts_[index];
    }
  }
  for (const std::size_t index : with_patterns_) {
    const VirtualHost& host = hosts_[index];
    const bool is_meant =
        host.serves_port(local_port) &&
        std::any_of(host.names.begin(), host.names.end(), [lower_name](const std::string& name) {
          return matches_glob(name, lower_name);
        });
    if (is_meant) return &host;
  }
  return nullptr;
}

}  // namespace understudy::config

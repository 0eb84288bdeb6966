// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/jk_properties.h"

#include <algorithm>
#include <string>
#include <utility>

#include "conf/files.h"

namespace understudy::config {

namespace {

constexpr std::size_t kFileBytesMax = std::size_t{1024} * 1024;

using Of = JkKnown::Of;

constexpr JkKnown kKnown[] = {
    // Of a member.
    {"type"},
    {"host"},
    {"port"},
    {"reference"},
    {"mount"},
    {"lbfactor", Of::kMember, "loadfactor="},
    {"route", Of::kMember},
    {"jvm_route", Of::kMember},
    {"redirect", Of::kMember, "redirect="},
    {"activation", Of::kMember},
    {"distance", Of::kMember, "lbset="},
    {"secret", Of::kMember, "secret="},
    {"max_packet_size", Of::kMember, "iobuffersize="},
    {"socket_timeout", Of::kMember, "timeout=", "s"},
    {"reply_timeout", Of::kMember, "timeout=", "ms"},
    {"socket_connect_timeout", Of::kMember, "connectiontimeout=", "ms"},
    {"connection_pool_timeout", Of::kMember, "ttl=", "s"},
    {"cache_timeout", Of::kMember, "ttl=", "s"},
    {"ping_mode"},
    {"ping_timeout"},
    {"connect_timeout", Of::kMember, "ping=", "ms"},
    {"prepost_timeout", Of::kMember, "ping=", "ms"},
    {"domain"},
    {"connection_pool_size"},
    {"connection_pool_minsize"},
    {"connection_ping_interval"},
    {"connection_acquire_timeout"},
    {"cachesize"},
    {"socket_keepalive"},
    {"socket_buffer"},
    {"recycle_timeout"},
    {"retries"},
    {"retry_interval"},
    {"recovery_options"},
    {"fail_on_status"},
    {"busy_limit", Of::kMember, {}, {}, "use MaxConnectionsPerMember"},
    {"max_reply_timeouts"},
    {"prefer_ipv6"},
    {"maintain"},  // of all workers, wherever it stands
    // Of a worker that balances.
    {"balance_workers", Of::kBalancer},
    {"balanced_workers", Of::kBalancer},
    {"sticky_session", Of::kBalancer},
    {"sticky_session_force", Of::kBalancer, "nofailover="},
    {"session_cookie", Of::kBalancer},
    {"session_path", Of::kBalancer},
    {"method", Of::kBalancer},
    {"recover_time", Of::kBalancer},
    {"error_escalation_time", Of::kBalancer},
    {"lock", Of::kBalancer},
    {"set_session_cookie", Of::kBalancer, {}, {}, "use SessionCookieFormat insert"},
    {"session_cookie_path", Of::kBalancer},
    // Of one that shows the state.
    {"css"},
    {"ns"},
    {"xmlns"},
    {"doctype"},
    {"prefix"},
    {"read_only"},
    {"user"},
    {"user_case_insensitive"},
    {"good"},
    {"bad"},
};

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t\r\f"), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(" \t\r\f") + 1);
}

}  // namespace

const JkKnown* find_jk_property(std::string_view name) {
  const auto* const found =
      std::find_if(std::begin(kKnown), std::end(kKnown),
                   [name](const JkKnown& known) { return known.name == name; });
  return found == std::end(kKnown) ? nullptr : found;
}

std::vector<std::string_view> jk_property_names() {
  std::vector<std::string_view> names;
  for (const JkKnown& known : kKnown) names.push_back(known.name);
  return names;
}

void add_jk_properties(std::string_view text, conf::Position begin,
                       std::vector<JkProperty>& properties) {
  for (conf::Position at = begin; !text.empty(); ++at.line, at.column = 1) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view content = trimmed(line);
    const std::size_t equals = content.find('=');
    if (content.empty() || content.starts_with('#') || equals == std::string_view::npos) continue;
    const auto word = [&](std::string_view part) {
      conf::Word out{.text = std::string(part), .at = at};
      out.at.column += static_cast<std::uint32_t>(part.data() - line.data());
      out.length = static_cast<std::uint32_t>(part.size());
      return out;
    };
    properties.push_back(
        {word(trimmed(content.substr(0, equals))), word(trimmed(content.substr(equals + 1)))});
  }
}

std::optional<JkFile> read_jk_file(const conf::Word& word, Binding& binding) {
  const std::string path = binding.source.resolved_path(word);
  static const conf::DiskFiles disk;
  const conf::Files& files = binding.options.files != nullptr ? *binding.options.files : disk;
  conf::FileText file = files.read(path, kFileBytesMax);
  if (!file.text) {
    binding.diagnostics().error(word, path + " cannot be read: " + file.error);
    return std::nullopt;
  }
  const std::uint32_t index = binding.source.add_source(path, *std::move(file.text), word.at);
  return JkFile{.text = binding.source.sources().at(index).text,
                .begin = {.file = index, .line = 1, .column = 1}};
}

}  // namespace understudy::config

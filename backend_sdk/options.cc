// SPDX-License-Identifier: Apache-2.0
// Binds the directives of conf/table_backend.cc to the fields of Options, both ways: load() reads
// them from a file, validate() writes them as a file and lets conf/ judge it, so that a range
// stands in one place only. What relates one field to another is option_relations.h.
#include <unistd.h>

#include <array>
#include <climits>
#include <variant>

#include "backend_sdk/option_relations.h"
#include "conf/configuration.h"
#include "understudy/options.h"

namespace understudy {
namespace {

using std::chrono::milliseconds;

struct Path {
  std::string Options::*field;
};
struct AddressText {
  std::string Options::*field;
};

using Field = std::variant<std::string Options::*, Path, AddressText,
                           std::vector<std::string> Options::*, std::uint32_t Options::*,
                           bool Options::*, milliseconds Options::*, Options::Messaging Options::*,
                           Options::Solo Options::*, Options::NoWitness Options::*,
                           Options::ThirdServer Options::*, Options::CookieFormat Options::*,
                           Options::CookieSecure Options::*, Options::CookieSameSite Options::*>;

// The sizes and counts of 64 bits come twice in the table of directives, as kSize and as kInteger.
struct Binding {
  std::string_view directive;
  Field field;
};
struct WideBinding {
  std::string_view directive;
  std::size_t Options::*field;
  bool is_size;
};

const std::array kBindings = {
    Binding{"MemberName", &Options::member_name},
    Binding{"Machine", &Options::machine},
    Binding{"MemberWeight", &Options::weight},
    Binding{"Listen", AddressText{&Options::listen}},
    Binding{"ClusterName", &Options::cluster_name},
    Binding{"ClusterListen", AddressText{&Options::cluster_listen}},
    Binding{"ClusterMembers", &Options::cluster_members},
    Binding{"FoundAlone", &Options::found_alone},
    Binding{"ClusterMessagingMode", &Options::messaging},
    Binding{"ClusterKeyFile", Path{&Options::cluster_key_file}},
    Binding{"ClusterInsecure", &Options::cluster_insecure},
    Binding{"HeartbeatInterval", &Options::heartbeat_interval},
    Binding{"ReplicationGroup", &Options::replication_group},
    Binding{"PreferredSecondaryGroup", &Options::preferred_secondary_group},
    Binding{"SoloPolicy", &Options::solo},
    Binding{"NoWitness", &Options::no_witness},
    Binding{"AckTimeout", &Options::ack_timeout},
    Binding{"AckDeadline", &Options::ack_deadline},
    Binding{"ChannelWindowFrames", &Options::channel_window_frames},
    Binding{"SessionCookie", &Options::session_cookie},
    Binding{"SessionCookieFormat", &Options::session_cookie_format},
    Binding{"SessionParameter", &Options::session_parameter},
    Binding{"SessionFormField", &Options::session_form_field},
    Binding{"SessionCookiePath", &Options::session_cookie_path},
    Binding{"SessionCookieDomain", &Options::session_cookie_domain},
    Binding{"SessionCookieSecure", &Options::session_cookie_secure},
    Binding{"SessionCookieHttpOnly", &Options::session_cookie_http_only},
    Binding{"SessionCookieSameSite", &Options::session_cookie_same_site},
    Binding{"SessionTimeout", &Options::session_timeout},
    Binding{"ExclusiveQueue", &Options::exclusive_queue},
    Binding{"ExclusiveWait", &Options::exclusive_wait},
    Binding{"RequestsRemembered", &Options::requests_remembered},
    Binding{"RequestMemory", &Options::request_memory},
    Binding{"DrainTimeout", &Options::drain_timeout},
    Binding{"SlowHandler", &Options::slow_handler},
    Binding{"ThirdServer", &Options::third_server},
    Binding{"RelayConnections", &Options::relay_connections},
    Binding{"RelayConnectTimeout", &Options::relay_connect_timeout},
    Binding{"RelayTimeout", &Options::relay_timeout},
    Binding{"ErrorLog", Path{&Options::error_log}},
    Binding{"LogLevel", &Options::log_level},
};

const std::array kWideBindings = {
    WideBinding{"MaxMembers", &Options::members_max, false},
    WideBinding{"ChannelWindowBytes", &Options::channel_window_bytes, true},
    WideBinding{"MaxReplicaBytes", &Options::replica_bytes_max, true},
    WideBinding{"MaxSessions", &Options::sessions_max, false},
    WideBinding{"MaxServedBytes", &Options::served_bytes_max, true},
    WideBinding{"SoftSessionBytes", &Options::session_bytes_soft, true},
    WideBinding{"MaxSessionBytes", &Options::session_bytes_max, true},
    WideBinding{"StoredResponseMax", &Options::stored_response_max, true},
    WideBinding{"RelayBufferBytes", &Options::relay_buffer_bytes, true},
};

constexpr std::string_view kStderr = "stderr";  // ErrorLog's word that is no path

// Reading: from the checked configuration into one field.
struct Reader {
  const conf::Configuration& configuration;
  const conf::Settings& settings;
  std::string_view name;
  Options& options;

  void operator()(std::string Options::*field) const { options.*field = settings.text(name); }
  void operator()(const Path& path) const {
    std::string text = settings.text(name);
    const conf::Directive* written = settings.directive(name);
    if (written && text != kStderr) text = configuration.resolved_path(written->arguments.front());
    options.*path.field = std::move(text);
  }
  void operator()(const AddressText& address) const {
    options.*address.field = conf::address_text(settings.address(name));
  }
  void operator()(std::vector<std::string> Options::*field) const {
    for (const conf::HostPort& address : settings.addresses(name)) {
      (options.*field).push_back(conf::address_text(address));
    }
  }
  void operator()(std::uint32_t Options::*field) const {
    options.*field = static_cast<std::uint32_t>(settings.integer(name));
  }
  void operator()(bool Options::*field) const { options.*field = settings.flag(name); }
  void operator()(milliseconds Options::*field) const { options.*field = settings.duration(name); }
  void operator()(Options::Messaging Options::*field) const {
    options.*field = Options::Messaging::kUnicast;  // the table knows no other
  }
  void operator()(Options::Solo Options::*field) const {
    options.*field = settings.text(name) == "deny" ? Options::Solo::kDeny : Options::Solo::kAllow;
  }
  void operator()(Options::NoWitness Options::*field) const {
    options.*field = settings.text(name) == "refuse" ? Options::NoWitness::kRefuse
                                                     : Options::NoWitness::kAvailable;
  }
  void operator()(Options::ThirdServer Options::*field) const {
    using ThirdServer = Options::ThirdServer;
    const std::string text = settings.text(name);
    options.*field = text == "redirect" ? ThirdServer::kRedirect
                     : text == "pull"   ? ThirdServer::kPull
                                        : ThirdServer::kRelay;
  }
  void operator()(Options::CookieFormat Options::*field) const {
    using Format = Options::CookieFormat;
    const std::string text = settings.text(name);
    options.*field = text == "weblogic" ? Format::kWeblogic
                     : text == "route"  ? Format::kRoute
                                        : Format::kNative;
  }
  void operator()(Options::CookieSecure Options::*field) const {
    using Secure = Options::CookieSecure;
    const std::string text = settings.text(name);
    options.*field = text == "On" ? Secure::kOn : text == "Off" ? Secure::kOff : Secure::kAuto;
  }
  void operator()(Options::CookieSameSite Options::*field) const {
    using SameSite = Options::CookieSameSite;
    const std::string text = settings.text(name);
    options.*field = text == "Strict"  ? SameSite::kStrict
                     : text == "None"  ? SameSite::kNone
                     : text == "Unset" ? SameSite::kUnset
                                       : SameSite::kLax;
  }
};

// Writing: one field as the directive's argument; empty when there is nothing to say.
struct Writer {
  const Options& options;

  std::string operator()(std::string Options::*field) const { return options.*field; }
  std::string operator()(const Path& path) const { return options.*path.field; }
  std::string operator()(const AddressText& address) const {
    // No file can ask for "any port", a program may.
    const std::string& text = options.*address.field;
    return text.ends_with(":0") ? text.substr(0, text.size() - 1) + "1" : text;
  }
  std::string operator()(std::vector<std::string> Options::*field) const {
    std::string joined;
    for (const std::string& item : options.*field) joined += (joined.empty() ? "" : ",") + item;
    return joined;
  }
  std::string operator()(std::uint32_t Options::*field) const {
    return std::to_string(options.*field);
  }
  std::string operator()(bool Options::*field) const { return options.*field ? "On" : "Off"; }
  std::string operator()(milliseconds Options::*field) const {
    return std::to_string((options.*field).count()) + "ms";
  }
  std::string operator()(Options::Messaging Options::*) const { return "unicast"; }
  std::string operator()(Options::Solo Options::*field) const {
    return options.*field == Options::Solo::kDeny ? "deny" : "allow";
  }
  std::string operator()(Options::NoWitness Options::*field) const {
    return options.*field == Options::NoWitness::kRefuse ? "refuse" : "available";
  }
  std::string operator()(Options::ThirdServer Options::*field) const {
    static constexpr std::array kWords = {"relay", "redirect", "pull"};
    return kWords.at(static_cast<std::size_t>(options.*field));
  }
  std::string operator()(Options::CookieFormat Options::*field) const {
    static constexpr std::array kWords = {"native", "weblogic", "route"};
    return kWords.at(static_cast<std::size_t>(options.*field));
  }
  std::string operator()(Options::CookieSecure Options::*field) const {
    static constexpr std::array kWords = {"auto", "On", "Off"};
    return kWords.at(static_cast<std::size_t>(options.*field));
  }
  std::string operator()(Options::CookieSameSite Options::*field) const {
    static constexpr std::array kWords = {"Lax", "Strict", "None", "Unset"};
    return kWords.at(static_cast<std::size_t>(options.*field));
  }
};

// A quoted argument that the lexer reads back as `text`.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

bool is_writable(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  return text.find("${") == std::string_view::npos;
}

std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

// At the directive that says it, or in the file as a whole.
void report(conf::Configuration& configuration, const std::string& path, OptionProblem problem) {
  for (const std::string_view name : problem.directives) {
    const conf::Directive* written = configuration.settings().directive(name);
    if (written == nullptr) continue;
    const conf::Word& at = written->arguments.empty() ? written->name : written->arguments.front();
    configuration.diagnostics().error(at, std::move(problem.sentence));
    return;
  }
  configuration.diagnostics().error_in_file(path, std::move(problem.sentence));
}

}  // namespace

Outcome<Options> Options::load(const std::string& path) {
  const auto configuration = conf::Configuration::load(path, conf::Program::kBackend);
  if (configuration->diagnostics().has_errors()) {
    return Failure{FailureCode::kConfiguration, configuration->diagnostics().text()};
  }
  const conf::Settings settings = configuration->settings();
  Options options;
  for (const Binding& binding : kBindings) {
    std::visit(Reader{*configuration, settings, binding.directive, options}, binding.field);
  }
  for (const WideBinding& binding : kWideBindings) {
    options.*binding.field = binding.is_size
                                 ? settings.bytes(binding.directive)
                                 : static_cast<std::size_t>(settings.integer(binding.directive));
  }
  if (options.machine.empty()) options.machine = host_name();

  std::vector<OptionProblem> problems = relate(options);
  if (!problems.empty()) {
    for (OptionProblem& problem : problems) report(*configuration, path, std::move(problem));
    return Failure{FailureCode::kConfiguration, configuration->diagnostics().text()};
  }
  return options;
}

std::vector<std::string> Options::validate() const {
  static const std::string kName = "options";
  std::vector<std::string> problems;
  std::string text;
  for (const Binding& binding : kBindings) {
    const std::string argument = std::visit(Writer{*this}, binding.field);
    if (argument.empty()) continue;
    if (!is_writable(argument)) {
      problems.push_back(std::string(binding.directive) +
                         " contains control characters or '${', which no file could say");
      continue;
    }
    text += std::string(binding.directive) + ' ' + quoted(argument) + '\n';
  }
  for (const WideBinding& binding : kWideBindings) {
    text += std::string(binding.directive) + ' ' + std::to_string(this->*binding.field) + '\n';
  }
  conf::MemoryFiles files;
  files.add(kName, std::move(text));
  const auto configuration =
      conf::Configuration::load(kName, conf::Program::kBackend, files, conf::ParseOptions{});
  for (const conf::Diagnostic& diagnostic : configuration->diagnostics().kept()) {
    if (diagnostic.severity != conf::Severity::kError) continue;
    const std::string_view line = diagnostic.source_line;
    const std::string_view directive = line.substr(0, line.find(' '));
    const bool is_named = diagnostic.message.find(directive) != std::string::npos;
    problems.push_back((is_named ? "" : std::string(directive) + ": ") + diagnostic.message);
  }
  for (OptionProblem& problem : relate(*this)) problems.push_back(std::move(problem.sentence));
  return problems;
}

}  // namespace understudy

// SPDX-License-Identifier: Apache-2.0
// `loadtest run`: load on an address that is there.
#include <fmt/core.h>

#include "base/tls_dialer.h"
#include "loadtest/commands/commands.h"
#include "loadtest/commands/conclusion.h"

namespace understudy::loadtest {
namespace {

Result<void> set_client(const RunArguments& arguments, ClientOptions& client) {
  client.is_http2 = arguments.http2;
  client.streams_max = arguments.streams;
  client.connections_max = arguments.connections;
  client.resumes_tls = !arguments.full_handshakes;
  client.server_name = arguments.server_name;
  if (!arguments.tls) {
    if (arguments.authorities.empty() && !arguments.full_handshakes) return {};
    return invalid("--ca and --full-handshakes go with --tls");
  }
  TlsDialer::Options tls{.verifies = !arguments.authorities.empty(),
                         .protocols = {arguments.http2 ? "h2" : "http/1.1"}};
  if (tls.verifies) tls.authorities = read_file(arguments.authorities);
  auto dialer = TlsDialer::make(std::move(tls));
  if (!dialer)
    return invalid(fmt::format("--ca '{}': {}", arguments.authorities, dialer.error().detail));
  client.tls = *std::move(dialer);
  return {};
}

std::string protocol_of(const RunArguments& arguments) {
  const std::string what =
      arguments.http2 ? fmt::format("HTTP/2, {} requests at once on each of {} connections",
                                    arguments.streams, arguments.connections)
                      : "HTTP/1.1";
  const std::string_view fresh = arguments.load.fresh ? ", a connection for each request" : "";
  const std::string_view tls = !arguments.tls              ? ""
                               : arguments.full_handshakes ? ", TLS without resumption"
                                                           : ", TLS";
  return fmt::format("{}{}{}", what, tls, fresh);
}

}  // namespace

int run(const RunArguments& arguments, const std::string& command) {
  auto options = session_load_options(arguments.load);
  if (!options) return fail(options.error(), kBadUsage);
  auto address = Address::parse(arguments.address);
  if (!address) return fail(address.error(), kBadUsage);
  options->target = arguments.check ? "/count" : arguments.target;
  if (!arguments.check) options->value_target.clear();
  if (auto set = set_client(arguments, options->client); !set) return fail(set.error(), kBadUsage);
  auto loop = EventLoop::open();
  if (!loop) return fail(loop.error());
  SessionLoad load(**loop, *address, *options);
  if (auto opened = load.open_sessions(); !opened) return fail(opened.error());
  Progress progress(load);
  load.run([&] { progress.on_turn(); });
  if (auto read = load.read_ends(); !read) return fail(read.error());
  Report report = make_report(load, arguments.check, options->sessions);
  report.title = "Load on " + arguments.address;
  report.command = command;
  report.setup = {
      {"address", arguments.address},        {"protocol", protocol_of(arguments)},
      {"target", options->target},           {"rate", arguments.load.rate},
      {"duration", arguments.load.duration}, {"sessions", std::to_string(options->sessions)}};
  return conclude(std::move(report), arguments.load.out);
}

}  // namespace understudy::loadtest

// SPDX-License-Identifier: Apache-2.0
// understudy: reads the command line, wires the objects, and runs them. It decides nothing.

#include <signal.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/log.h"
#include "base/service_manager.h"
#include "proxy/admin/admin.h"
#include "proxy/admin/client.h"
#include "proxy/config/import.h"
#include "proxy/config/load.h"
#include "proxy/server/explain.h"
#include "proxy/server/server.h"
#include "proxy/server/signals.h"

namespace understudy {
namespace {

constexpr int kFailed = 1;
constexpr int kUnreachable = 2;

int fail(const Error& error, int status = kFailed) {
  std::fprintf(stderr, "understudy: %s\n", error.detail.c_str());
  return status;
}

// What is read, and how.
struct Source {
  std::string file;
  std::string server_root;           // -d
  std::vector<std::string> defines;  // -D

  config::LoadOptions options() const {
    config::LoadOptions options;
    options.parse.server_root = server_root;
    options.parse.defines = defines;
    return options;
  }
  config::Loaded load() const { return config::load(file, options()); }
};

int check(const Source& source, const ExplainedRequest& asked) {
  const config::Loaded loaded = source.load();
  if (!loaded || asked.url.empty()) std::fputs(loaded.diagnostics.c_str(), stderr);
  if (!loaded) return kFailed;
  if (!asked.url.empty()) {
    const auto text = explain(*loaded.config, asked);
    if (!text) return fail(text.error());
    std::fputs(text->c_str(), stdout);
    return 0;
  }
  std::printf("%s: ok, configuration %s\n", source.file.c_str(), loaded.config->hash.c_str());
  return 0;
}

// What it prints passes `check`, but for what it names as refused.
int import_configuration(const Source& source, const std::string& path) {
  const auto imported = config::import_file(path, source.options());
  if (!imported) return fail(imported.error());
  std::fputs(imported->text.c_str(), stdout);
  if (imported->refused_count == 0) return 0;
  std::fprintf(stderr, "understudy: %zu refused; the comments say why\n", imported->refused_count);
  return kFailed;
}

Result<void> open_error_log(const config::ErrorLog& log) {
  auto level = parse_log_level(log.level.starts_with("trace") ? "trace" : log.level);
  if (!level) return std::move(level).error();
  return open_log(log.path == "stderr" ? "-" : log.path, *level, "understudy");
}

// Connections are what a proxy is made of: as many descriptors as the system allows.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

Result<std::shared_ptr<const config::Config>> load_again(const Source& source) {
  config::Loaded loaded = source.load();
  if (!loaded) return Error{.code = ErrorCode::kInvalid, .detail = loaded.diagnostics};
  return std::move(loaded.config);
}

void reload(Server& server) {
  server.reopen_logs();
  if (auto reloaded = server.reload(); !reloaded) {
    LOG(kError, "the configuration was not reloaded: {}", reloaded.error().detail);
  }
}

int run(const Source& source) {
  const config::Loaded loaded = source.load();
  std::fputs(loaded.diagnostics.c_str(), stderr);
  if (!loaded) return kFailed;
  if (auto opened = open_error_log(loaded.config->error_log); !opened) return fail(opened.error());
  raise_descriptor_limit();

  auto loop = EventLoop::open();
  if (!loop) return fail(loop.error());
  // Before any thread exists, so that all of them leave the signals to this one.
  std::unique_ptr<Server> server;
  auto signals = Signals::open(**loop, [&server](int number) {
    if (number == SIGHUP) return reload(*server);
    if (number == SIGUSR1) return server->reopen_logs();
    server->stop();
  });
  if (!signals) return fail(signals.error());
  auto opened =
      Server::open(**loop, {.config = loaded.config, .config_path = source.file, .load = [source] {
                              return load_again(source);
                            }});
  if (!opened) return fail(opened.error());
  server = *std::move(opened);
  std::unique_ptr<Admin> admin;
  if (loaded.config->admin) {
    auto listening = Admin::open(**loop, *loaded.config->admin, *server);
    if (!listening) return fail(listening.error());
    admin = *std::move(listening);
    LOG(kNotice, "admin listens on {}", admin->address().to_string());
  }
  server->start();
  for (const Address& address : server->addresses()) {
    LOG(kNotice, "listening on {}", address.to_string());
  }
  LOG(kNotice, "understudy {} runs configuration {}", kVersionText, loaded.config->hash);
  tell_service_manager("READY=1");
  (*loop)->run();
  tell_service_manager("STOPPING=1");
  LOG(kNotice, "stopped");
  return 0;
}

int ask(const std::string& admin, const AdminQuestion& question) {
  const auto address = Address::parse(admin);
  if (!address) return fail(address.error());
  const auto answer = ask_admin(*address, question);
  if (!answer) return fail(answer.error(), kUnreachable);
  std::fputs(answer->body.c_str(), answer->status == 200 ? stdout : stderr);
  return answer->status == 200 ? 0 : kFailed;
}

// What was given on the command line, and what came of it.
struct CommandLine {
  Source source;
  ExplainedRequest asked;
  std::vector<std::string> explain;  // [METHOD] URL
  std::string import_path;           // the configuration to translate
  std::string admin = "127.0.0.1:8081";
  std::string cookie;
  std::string member;
  std::string cluster;
  std::string deadline;
  bool moves = false;
  bool keeps = false;
  int status = 0;
};

CLI::App* add_admin_command(CLI::App& app, CommandLine& line, const char* name, const char* help) {
  CLI::App* command = app.add_subcommand(name, help);
  command->add_option("--admin", line.admin, "address of Admin in the configuration")
      ->capture_default_str();
  return command;
}

void add_questions(CLI::App& app, CommandLine& line) {
  const auto add = [&](const char* name, const char* help, AdminQuestion question) {
    add_admin_command(app, line, name, help)->callback([&line, question] {
      line.status = ask(line.admin, question);
    });
  };
  add("status", "What runs, with members and counters, as JSON", {"GET", "/status"});
  add("members", "The members of all clusters as JSON", {"GET", "/members"});
  add("stop", "Finish what was begun, then end", {"POST", "/stop"});
  add("reload", "Read the configuration again", {"POST", "/reload"});
  CLI::App* why = add_admin_command(app, line, "why", "How a cookie's value is routed");
  why->add_option("cookie", line.cookie, "the cookie's value")->required();
  why->callback([&line] {
    line.status = ask(line.admin, {"GET", "/why?cookie=" + percent_encoded(line.cookie)});
  });
}

void add_orders(CLI::App& app, CommandLine& line) {
  const auto add = [&](const char* name, const char* help) {
    CLI::App* command = add_admin_command(app, line, name, help);
    command->add_option("member", line.member, "a member's name, address or route")->required();
    command->add_option("--cluster", line.cluster, "only in this cluster");
    command->callback([&line, name] {
      std::string target = std::string("/") + name + "?member=" + percent_encoded(line.member);
      if (!line.cluster.empty()) target += "&cluster=" + percent_encoded(line.cluster);
      if (line.moves) target += "&mode=move";
      if (!line.deadline.empty()) target += "&deadline=" + percent_encoded(line.deadline);
      line.status = ask(line.admin, {"POST", target});
    });
    return command;
  };
  CLI::App* drain = add("drain", "Give a member no new sessions");
  CLI::Option* keep = drain->add_flag("--keep", line.keeps, "its sessions stay (the default)");
  drain->add_flag("--move", line.moves, "its sessions go to their secondaries")->excludes(keep);
  drain->add_option("--deadline", line.deadline, "disable it after this time: 90s, 30m, 2h");
  add("disable", "Send a member nothing any more");
  add("enable", "Undo drain and disable");
}

int command_line(int argc, char** argv) {
  CLI::App app{"Understudy: a reverse proxy that keeps sessions when servers die", "understudy"};
  app.set_version_flag("--version", std::string("understudy ") + kVersionText);
  app.require_subcommand(1);
  CommandLine line;
  const auto with_file = [&](const char* name, const char* help, auto work) {
    CLI::App* command = app.add_subcommand(name, help);
    command->add_option("-c,--config", line.source.file, "the configuration");
    command->add_option("-d,--server-root", line.source.server_root,
                        "what relative paths start at, in place of ServerRoot");
    command->add_option("-D,--define", line.source.defines, "a name for <IfDefine>")
        ->allow_extra_args(false);
    command->callback([&line, work] {
      if (line.source.file.empty() && line.import_path.empty())
        throw CLI::RequiredError("--config");
      line.status = work(line.source);
    });
    return command;
  };
  with_file("run", "Serve until SIGTERM", run);
  CLI::App* checks = with_file("check", "Read a configuration and say what is wrong with it",
                               [&line](const Source& source) {
                                 if (!line.import_path.empty())
                                   return import_configuration(source, line.import_path);
                                 if (!line.explain.empty()) line.asked.url = line.explain.back();
                                 if (line.explain.size() > 1)
                                   line.asked.method = line.explain.front();
                                 return check(source, line.asked);
                               });
  CLI::Option* explains =
      checks->add_option("--explain", line.explain, "what becomes of a request: [METHOD] URL")
          ->expected(1, 2);
  checks
      ->add_option(
          "--import", line.import_path,
          "an httpd.conf, the directory with it, or a workers.properties, as one file of ours with "
          "comments")
      ->excludes(explains);
  checks->add_option("--cookie", line.asked.cookies, "its Cookie field: NAME=VALUE")
      ->needs(explains);
  checks->add_option("--from", line.asked.from, "the client's address")
      ->needs(explains)
      ->capture_default_str();
  add_questions(app, line);
  add_orders(app, line);

  CLI11_PARSE(app, argc, argv);
  return line.status;
}

}  // namespace
}  // namespace understudy

int main(int argc, char** argv) {
  return understudy::command_line(argc, argv);
}

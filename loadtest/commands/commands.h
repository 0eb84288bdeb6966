// SPDX-License-Identifier: Apache-2.0
// Commands: what `loadtest` can be told to do, one file each; main.cc reads their arguments from
// the command line. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loadtest/commands/conclusion.h"
#include "loadtest/commands/load_arguments.h"

namespace understudy::loadtest {

struct RunArguments {
  LoadArguments load;
  std::string address;
  std::string target = "/";
  bool check = false;
  bool tls = false;
  std::string authorities;  // a file; empty: any server is believed
  std::string server_name = "localhost";
  bool full_handshakes = false;
  bool http2 = false;
  size_t streams = 100;
  size_t connections = 4;
};

struct ChaosArguments {
  LoadArguments load;
  size_t members = 3;
  std::string heartbeat = "200ms";
  std::string plan;
  std::string plan_file;
  std::optional<uint64_t> chaos_seed;
  bool without_replay = false;
};

struct SoakArguments {
  SoakArguments();

  LoadArguments load;
  size_t members = 6;
  size_t spared = 2;
  size_t proxies = 2;
  std::string heartbeat = "200ms";
  uint64_t chaos_seed = 1;
  std::string pause = "20s";
  std::string newcomers_every = "500ms";
  std::string sample_every = "5s";
  std::string warm_up = "3m";
  std::string apart = "20s";  // how long two groups serve before they meet; zero: there is one
  double memory_kib_per_hour = 1024;
  double descriptors_per_hour = 8;
};

struct SessionsArguments {
  SessionsArguments();

  LoadArguments load;
  std::vector<std::string> peers = {"understudy", "tomcat", "redis"};
  std::vector<std::string> scenarios;  // all of them
  std::string templates = peers_directory() + "/sessions";
  std::string heartbeat = "200ms";
};

struct CompareArguments {
  LoadArguments load;
  std::vector<std::string> peers = {"floor", "understudy", "haproxy", "nginx", "apache", "nghttpx"};
  std::string target = "/size/1024";
  std::string templates = peers_directory();
  size_t rounds = 10;
};

// Each does its work to the end and returns the exit status; `command` is what was typed, for the
// report.
int run(const RunArguments& arguments, const std::string& command);
int chaos(const ChaosArguments& arguments, const std::string& command);
int soak(const SoakArguments& arguments, const std::string& command);
int sessions(const SessionsArguments& arguments, const std::string& command);
int compare(const CompareArguments& arguments, const std::string& command);

}  // namespace understudy::loadtest

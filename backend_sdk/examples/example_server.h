// SPDX-License-Identifier: Apache-2.0
// What both examples have around the SDK: `-c FILE`, a bound evhttp, SIGTERM, SIGHUP. Only public
// headers of the SDK and libevent: an application of your own would look the same. One thread,
// main's.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "understudy/evhttp.h"

struct event_base;

namespace examples {

// Of the command line: "--name", off unless it is there. `value` outlives run_example.
struct ExampleFlag {
  std::string_view name;
  std::string_view description;
  bool* value;
};

struct Example {
  std::string_view name;         // "counter"
  std::string_view description;  // for --help
  std::size_t body_bytes_max = 1u << 20;
  // Adds the handlers; what they need lives until the process ends.
  std::function<void(understudy::Node&, understudy::EvhttpServer&, event_base*)> add_handlers;
  std::vector<ExampleFlag> flags = {};
};

// Serves until SIGTERM or SIGINT, then drains and leaves; SIGHUP reads the key file again. The exit
// code: 0, 1 for a configuration or an address that does not work, CLI11's own for a command line
// that does not.
int run_example(const Example& example, int argc, char** argv);

}  // namespace examples

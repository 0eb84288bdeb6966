// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/examples/counter/counter.h"
#include "backend_sdk/examples/example_server.h"

int main(int argc, char** argv) {
  bool is_mortal = false;
  return examples::run_example(
      {.name = "counter",
       .description = "Counts the requests of each session, on a member of a cluster.",
       .body_bytes_max = examples::kEchoBytesMax,
       .add_handlers =
           [&is_mortal](understudy::Node& node, understudy::EvhttpServer& server,
                        event_base* base) {
             examples::add_counter_handlers(node, server, base);
             if (is_mortal) examples::add_die_handler(server);
           },
       .flags = {{.name = "--mortal",
                  .description = "GET /die ends the process: for tests only",
                  .value = &is_mortal}}},
      argc, argv);
}

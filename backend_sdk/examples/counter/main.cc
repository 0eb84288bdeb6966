// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/examples/counter/counter.h"
#include "backend_sdk/examples/example_server.h"

int main(int argc, char** argv) {
  return examples::run_example(
      {.name = "counter",
       .description = "Counts the requests of each session, on a member of a cluster.",
       .body_bytes_max = examples::kEchoBytesMax,
       .add_handlers = &examples::add_counter_handlers},
      argc, argv);
}

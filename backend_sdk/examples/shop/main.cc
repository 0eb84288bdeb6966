// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/examples/example_server.h"
#include "backend_sdk/examples/shop/shop.h"

int main(int argc, char** argv) {
  return examples::run_example({.name = "shop",
                                .description = "A small web shop on a member of a cluster.",
                                .body_bytes_max = examples::kShopBodyBytesMax,
                                .add_handlers = &examples::add_shop_handlers},
                               argc, argv);
}

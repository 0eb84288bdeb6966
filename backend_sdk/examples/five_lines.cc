// SPDX-License-Identifier: Apache-2.0
// The sample of backend_sdk/README.md, compiled so that it stays true; a test compares the two.
#include <event2/event.h>
#include <event2/http.h>

#include <cstdio>

#include "understudy/evhttp.h"

namespace examples {

int serve_five_lines(event_base* base, evhttp* http) {
  // README: begin
  auto options = understudy::Options::load("a.conf");
  if (!options) return std::fputs(options.failure().text.c_str(), stderr), 1;
  auto node = understudy::Node::open(*options);
  if (!node) return std::fputs(node.failure().text.c_str(), stderr), 1;

  understudy::EvhttpServer server(**node, http, base);
  server.handle("/hello", [](auto& request, auto& session, auto& response) {
    if (auto name = request.field("name")) session.set("name", *name);
    response.set_body("Hello " + std::string(session.get("name").value_or("you")), "text/plain");
  });
  // README: end
  return event_base_dispatch(base);
}

}  // namespace examples

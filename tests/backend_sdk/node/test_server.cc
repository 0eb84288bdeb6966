// SPDX-License-Identifier: Apache-2.0
#include "tests/backend_sdk/node/test_server.h"

#include <event2/event.h>
#include <event2/http.h>

#include "backend_sdk/node/evhttp_door.h"
#include "base/socket.h"
#include "tests/backend_sdk/node/test_cluster.h"

namespace understudy {

TestServer::TestServer(const std::string& name, const std::string& seed, std::size_t alive,
                       const AddHandlers& add_handlers)
    : base_(event_base_new()), http_(evhttp_new(base_)) {
  evhttp_bound_socket* bound = evhttp_bind_socket_with_handle(http_, "127.0.0.1", 0);
  Fd borrowed(evhttp_bound_socket_get_fd(bound));
  port_ = local_address(borrowed).port();
  static_cast<void>(borrowed.release());

  Options options = test_options(name, seed);
  options.listen = "127.0.0.1:" + std::to_string(port_);
  Awaited<int> joined;
  Hooks hooks;
  hooks.on_view = [tell = joined.callback(), alive](const std::vector<MemberStatus>& members) {
    std::size_t count = 0;
    for (const MemberStatus& member : members) count += member.is_alive ? 1 : 0;
    if (count >= alive) tell(1);
  };
  auto node = Node::open(options, std::move(hooks));
  if (!node) {
    ADD_FAILURE() << node.failure().text;
    std::abort();
  }
  node_ = *std::move(node);
  EXPECT_EQ(joined.take(), 1);
  server_ = std::make_unique<EvhttpServer>(*node_, http_, base_);
  add_handlers(*node_, *server_, base_);
  door_ = std::make_shared<EvhttpDoor>(base_);
  thread_ = std::thread([this] { event_base_dispatch(base_); });
}

TestServer::~TestServer() {
  end(false);
}

void TestServer::on_loop(const std::function<void(EvhttpServer&)>& work) {
  Awaited<int> done;
  door_->post([this, &work, tell = done.callback()] {
    work(*server_);
    tell(1);
  });
  EXPECT_EQ(done.take(), 1);
}

void TestServer::shutdown() {
  Awaited<int> down;
  door_->post([this, tell = down.callback()] { server_->shutdown([tell] { tell(1); }); });
  EXPECT_EQ(down.take(), 1);
  end(true);
}

void TestServer::kill() {
  end(false);
}

void TestServer::end(bool with_leave) {
  if (!thread_.joinable()) return;
  if (!with_leave) node_->abandon();
  door_->post([this] {
    server_ = nullptr;
    event_base_loopbreak(base_);
  });
  thread_.join();
  door_->close();
  node_ = nullptr;
  evhttp_free(http_);
  event_base_free(base_);
}

}  // namespace understudy

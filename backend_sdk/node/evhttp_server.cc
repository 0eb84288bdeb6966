// SPDX-License-Identifier: Apache-2.0
#include <event2/http.h>

#include "backend_sdk/node/evhttp_door.h"
#include "backend_sdk/node/evhttp_exchange.h"
#include "base/check.h"
#include "base/log.h"
#include "understudy/evhttp.h"

namespace understudy {

EvhttpServer::EvhttpServer(Node& node, evhttp* http, event_base* base)
    : node_(node), http_(http), door_(std::make_shared<EvhttpDoor>(base)) {
  evhttp_set_gencb(http_, &on_request, this);
}

EvhttpServer::~EvhttpServer() {
  evhttp_set_gencb(http_, nullptr, nullptr);
  door_->close();
  for (const auto& [key, exchange] : exchanges_) exchange->give_up();
}

bool EvhttpServer::handle(std::string path, Handler handler, HandlerOptions options) {
  if (!path.starts_with('/') || !handler) {
    LOG(kError, "handle('{}'): a path begins with '/' and has a handler; nothing is served there",
        path);
    return false;
  }
  routes_[std::move(path)] = Route{std::move(handler), options};
  return true;
}

const EvhttpServer::Route* EvhttpServer::route(std::string_view path) const {
  if (const auto exact = routes_.find(path); exact != routes_.end()) return &exact->second;
  for (std::size_t slash = path.rfind('/'); slash != std::string_view::npos;
       slash = slash == 0 ? std::string_view::npos : path.rfind('/', slash - 1)) {
    const auto below = routes_.find(path.substr(0, slash + 1));
    if (below != routes_.end()) return &below->second;
  }
  return nullptr;
}

void EvhttpServer::on_request(evhttp_request* raw, void* self) {
  auto& server = *static_cast<EvhttpServer*>(self);
  auto owned = std::make_unique<EvhttpExchange>(server, raw);
  EvhttpExchange& exchange = *owned;
  server.exchanges_.emplace(&exchange, std::move(owned));
  exchange.start();
}

// The exchange may be in the middle of a method: it dies in a later turn.
void EvhttpServer::on_closed(EvhttpExchange& exchange) {
  const auto place = exchanges_.find(&exchange);
  CHECK(place != exchanges_.end());
  door_->post([dead = std::shared_ptr<EvhttpExchange>(std::move(place->second))] {});
  exchanges_.erase(place);
  if (drained_ && exchanges_.empty() && on_shut_down_) {
    door_->post(std::exchange(on_shut_down_, nullptr));
  }
}

void EvhttpServer::shutdown(std::function<void()> callback) {
  if (!callback) callback = [] {};
  if (on_shut_down_) {
    LOG(kError, "shutdown() was called before; both callbacks come when it is done");
    on_shut_down_ = [first = std::move(on_shut_down_), second = std::move(callback)] {
      first();
      second();
    };
    return;
  }
  on_shut_down_ = std::move(callback);
  node_.drain(
      [this] {
        drained_ = true;
        if (exchanges_.empty() && on_shut_down_) std::exchange(on_shut_down_, nullptr)();
      },
      door_);
}

std::size_t EvhttpServer::exchanges_under_way() const {
  return exchanges_.size();
}

}  // namespace understudy

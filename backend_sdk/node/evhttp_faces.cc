// SPDX-License-Identifier: Apache-2.0
// Request, Response and Deferral: what a handler holds of an EvhttpExchange.
#include "backend_sdk/node/evhttp_exchange.h"
#include "base/log.h"
#include "understudy/evhttp.h"

namespace understudy {

std::string_view Request::method() const {
  return exchange_.input().method();
}
std::string_view Request::target() const {
  return exchange_.input().target();
}
std::string_view Request::path() const {
  return exchange_.input().path();
}
std::string_view Request::header(std::string_view name) const {
  return exchange_.input().header(name);
}
std::string_view Request::body() const {
  return exchange_.input().body();
}
std::string_view Request::client() const {
  return exchange_.input().client();
}
std::optional<std::string> Request::field(std::string_view name) const {
  return exchange_.input().field(name);
}

void Response::set_status(int status) {
  exchange_.set_status(status);
}
void Response::add_header(std::string_view name, std::string_view value) {
  exchange_.add_header(name, value);
}
void Response::set_body(std::string body, std::string_view content_type) {
  exchange_.set_body(std::move(body), content_type);
}
void Response::redirect(std::string_view location) {
  exchange_.redirect(location);
}
void Response::store() {
  exchange_.store(std::nullopt);
}
void Response::store(std::string body_when_repeated) {
  exchange_.store(std::move(body_when_repeated));
}
Deferral Response::defer() {
  return exchange_.defer();
}
void Response::stream(std::function<void()> on_open) {
  exchange_.stream(std::move(on_open));
}
void Response::write(std::string_view bytes, std::function<void()> on_written) {
  exchange_.write(bytes, std::move(on_written));
}

Deferral::~Deferral() {
  if (is_open()) ticket_->exchange->on_deferral_dropped();
}

Deferral& Deferral::operator=(Deferral&& other) noexcept {
  if (this != &other) {
    if (is_open()) ticket_->exchange->on_deferral_dropped();
    ticket_ = std::move(other.ticket_);
  }
  return *this;
}

bool Deferral::is_open() const {
  return ticket_ && ticket_->exchange;
}

void Deferral::done() {
  if (!is_open()) {
    LOG(kError, "done() of a deferral that is over: it was called before, or the server is gone");
    return;
  }
  ticket_->exchange->on_deferral_done();
}

}  // namespace understudy

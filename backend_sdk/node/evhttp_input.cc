// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/evhttp_input.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>

#include <utility>

#include "base/check.h"

namespace understudy {
namespace {

constexpr std::string_view kFormType = "application/x-www-form-urlencoded";

struct Method {
  evhttp_cmd_type type;
  std::string_view name;
};
constexpr Method kMethods[] = {
    {EVHTTP_REQ_GET, "GET"},         {EVHTTP_REQ_POST, "POST"},     {EVHTTP_REQ_HEAD, "HEAD"},
    {EVHTTP_REQ_PUT, "PUT"},         {EVHTTP_REQ_DELETE, "DELETE"}, {EVHTTP_REQ_PATCH, "PATCH"},
    {EVHTTP_REQ_OPTIONS, "OPTIONS"}, {EVHTTP_REQ_TRACE, "TRACE"},   {EVHTTP_REQ_CONNECT, "CONNECT"},
};

std::string_view method_name(evhttp_cmd_type type) {
  for (const Method& method : kMethods) {
    if (method.type == type) return method.name;
  }
  return "UNKNOWN";
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto lower = [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    };
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

}  // namespace

EvhttpInput::EvhttpInput(evhttp_request* raw) : raw_(raw) {
  method_ = method_name(evhttp_request_get_command(raw_));
  target_ = evhttp_request_get_uri(raw_);
  const char* path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(raw_));
  path_ = path && *path ? path : "/";
  char* address = nullptr;
  ev_uint16_t port = 0;
  evhttp_connection_get_peer(evhttp_request_get_connection(raw_), &address, &port);
  if (address) client_ = address;
  const evkeyvalq* input = evhttp_request_get_input_headers(raw_);
  for (const evkeyval* line = input->tqh_first; line; line = line->next.tqe_next) {
    headers_.push_back({line->key, line->value});
  }
}

RequestView EvhttpInput::view() const {
  return {.method = method_, .target = target_, .headers = headers_};
}

std::string_view EvhttpInput::header(std::string_view name) const {
  for (const HeaderView& line : headers_) {
    if (equal_ignoring_case(line.name, name)) return line.value;
  }
  return {};
}

std::string_view EvhttpInput::body() {
  if (!body_) {
    evbuffer* input = evhttp_request_get_input_buffer(raw_);
    body_.emplace(evbuffer_get_length(input), '\0');
    CHECK(evbuffer_copyout(input, body_->data(), body_->size()) ==
          static_cast<ev_ssize_t>(body_->size()));
  }
  return *body_;
}

std::optional<std::string> EvhttpInput::field(std::string_view name) {
  if (!fields_) {
    const char* query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(raw_));
    fields_ = decode_form(query ? query : "");
    const std::string_view type = header("Content-Type");
    if (equal_ignoring_case(type.substr(0, kFormType.size()), kFormType)) {
      for (FormEntry& field : decode_form(body())) fields_->push_back(std::move(field));
    }
  }
  for (const FormEntry& field : *fields_) {
    if (field.name == name) return field.value;
  }
  return std::nullopt;
}

}  // namespace understudy

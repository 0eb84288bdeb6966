// SPDX-License-Identifier: Apache-2.0
// For the tests of proxy/apache: a request put together from a few words. What is expected was
// looked up in Debian's Apache httpd 2.4 with the same directives.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/apache/request.h"

namespace understudy::apache {

class Asking final {
 public:
  explicit Asking(std::string_view path = "/") : path_(path) {}
  Asking& field(std::string_view name, std::string_view value) {
    fields_.push_back({.name = name, .value = value, .id = http::field_id(name)});
    return *this;
  }
  Asking& method(std::string_view method) { return method_ = method, *this; }
  Asking& query(std::string_view query) { return query_ = query, *this; }
  Asking& from(std::string_view client) { return client_ = client, *this; }
  Asking& host(std::string_view host) { return host_ = host, *this; }
  Asking& set(std::string_view name, std::string_view value) {
    environment_.set(name, value);
    return *this;
  }

  // Borrows this.
  Request request() {
    http::FieldSet present;
    for (const http::Field& field : fields_) present.add(field.id);
    list_ = http::FieldList(fields_, present);
    return {.method = method_,
            .target = path_,
            .path = path_,
            .query = query_,
            .authority = host_,
            .local_name = "www.example.com",
            .protocol = "HTTP/1.1",
            .fields = &list_,
            .client = IpAddress::parse(client_),
            .peer = IpAddress::parse(client_),
            .local_port = 80,
            .now_us = 1'700'000'000'000'000,
            .environment = &environment_};
  }
  const Environment& environment() const { return environment_; }

 private:
  std::string path_;
  std::string method_ = "GET";
  std::string query_;
  std::string client_ = "192.0.2.7";
  std::string host_ = "www.example.com";
  std::vector<http::Field> fields_;
  http::FieldList list_;
  Environment environment_;
};

}  // namespace understudy::apache

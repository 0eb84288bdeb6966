// SPDX-License-Identifier: Apache-2.0
// What Apache's rules may ask of a request, gathered once for an exchange whose host or location
// has any. Views into the request's head and the exchange; it lives no longer than the call that
// made it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/address_range.h"
#include "proxy/apache/environment.h"
#include "proxy/http/message.h"

namespace understudy {
class TlsStream;
}

namespace understudy::apache {

class LoginMemo;

struct Request {
  std::string_view method;
  std::string_view target;      // as the client sent it
  std::string_view path;        // decoded: what Apache calls the URI
  std::string_view query;       // without '?'
  std::string_view authority;   // of the Host field
  std::string_view local_name;  // ServerName
  std::string_view document_root;
  std::string_view filename;  // empty: the path
  std::string_view handler;   // the URL that the request goes to; empty: nowhere
  std::string_view protocol;  // "HTTP/1.1"
  const http::FieldList* fields = nullptr;
  const http::FieldList* response = nullptr;  // null: there is none yet
  std::uint16_t status = 0;                   // of the response
  IpAddress client;                           // of whom a trusted proxy speaks, else the peer
  IpAddress peer;
  IpAddress local;  // where it connected to; may be unset
  std::uint16_t peer_port = 0;
  std::uint16_t local_port = 0;
  bool is_tls = false;
  const TlsStream* tls = nullptr;
  std::int64_t now_us = 0;             // since 1970
  Environment* environment = nullptr;  // never null
  std::string user = {};               // once the client has shown a password
  LoginMemo* logins = nullptr;         // null: each password is checked anew
};

// The field's values, joined with ", " as Apache does; empty where there is none.
std::string field_value(const http::FieldList& fields, std::string_view name);

// `path` without what stands behind a semicolon in each segment.
std::string without_parameters(std::string_view path);

// What may not stand in a path as it is becomes an escape.
std::string encoded(std::string_view path);

// %41 is A; what is no escape stays as it is.
std::string decoded(std::string_view text);

}  // namespace understudy::apache

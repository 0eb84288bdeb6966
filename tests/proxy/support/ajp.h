// SPDX-License-Identifier: Apache-2.0
// AJP 1.3 as a member speaks it: what the proxy sent taken apart, and what a member says put
// together. Written from the protocol's description, with nothing of the product in it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy::test::ajp {

using Fields = std::vector<std::pair<std::string, std::string>>;

inline std::string number(std::size_t value) {
  return {static_cast<char>(value >> 8 & 0xff), static_cast<char>(value & 0xff)};
}
inline std::string text(std::string_view value) {
  return number(value.size()) + std::string(value) + '\0';
}
inline std::string packet(std::string_view content) {
  return "AB" + number(content.size()) + std::string(content);
}

// ---- What a member says.

inline std::string head(unsigned status, const Fields& fields = {},
                        std::string_view reason = "OK") {
  std::string content = '\4' + number(status) + text(reason) + number(fields.size());
  for (const auto& [name, value] : fields) content += text(name) + text(value);
  return packet(content);
}
inline std::string chunk(std::string_view payload) {
  return packet('\3' + number(payload.size()) + std::string(payload) + '\0');
}
inline std::string end(bool reuse = true) {
  return packet(std::string("\5") + (reuse ? '\1' : '\0'));
}
inline std::string ask(std::size_t bytes = 8186) {
  return packet('\6' + number(bytes));
}
inline std::string pong() {
  return packet("\t");
}
// A body in packets as large as Tomcat's.
inline std::string body(std::string_view payload) {
  std::string out;
  for (; !payload.empty(); payload.remove_prefix(std::min<std::size_t>(8184, payload.size()))) {
    out += chunk(payload.substr(0, 8184));
  }
  return out;
}
inline std::string answer(std::string_view payload) {
  return head(200, {{"Content-Length", std::to_string(payload.size())}}) + body(payload) + end();
}

// ---- What the proxy said.

// Takes the contents of whole packets off the front of `bytes`. False: one does not begin as it has
// to.
inline bool take_packets(std::string& bytes, std::vector<std::string>& out) {
  while (bytes.size() >= 4) {
    if (!bytes.starts_with("\x12\x34")) return false;
    const std::size_t size =
        static_cast<std::uint8_t>(bytes[2]) * 256u + static_cast<std::uint8_t>(bytes[3]);
    if (bytes.size() < 4 + size) return true;
    out.push_back(bytes.substr(4, size));
    bytes.erase(0, 4 + size);
  }
  return true;
}

struct Request {
  unsigned method = 0;
  std::string protocol, uri, remote_address, remote_host, server;
  unsigned port = 0;
  bool tls = false;
  Fields fields;      // by their names, a code as "A001"
  Fields attributes;  // of a request attribute its name, else the code
  bool is_whole = false;

  std::string field(std::string_view name) const { return find(fields, name); }
  std::string attribute(std::string_view name) const { return find(attributes, name); }

 private:
  static std::string find(const Fields& all, std::string_view name) {
    for (const auto& [known, value] : all) {
      if (known == name) return value;
    }
    return "(none)";
  }
};

class RequestReader {
 public:
  explicit RequestReader(std::string_view content) : rest_(content) {}

  Request read() {
    Request out;
    if (byte() != 2) return out;
    out.method = byte();
    out.protocol = text();
    out.uri = text();
    out.remote_address = text();
    out.remote_host = text();
    out.server = text();
    out.port = number();
    out.tls = byte() == 1;
    for (unsigned left = number(); left > 0 && ok_; --left) {
      std::string name = field_name();
      out.fields.emplace_back(std::move(name), text());
    }
    while (ok_) {
      const unsigned code = byte();
      if (code == 0xff) break;
      std::string name = code == 10 ? text() : std::to_string(code);
      out.attributes.emplace_back(std::move(name), code == 11 ? std::to_string(number()) : text());
    }
    out.is_whole = ok_ && rest_.empty();
    return out;
  }

 private:
  std::string_view take(std::size_t bytes) {
    ok_ = ok_ && bytes <= rest_.size();
    if (!ok_) return {};
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }
  unsigned byte() {
    const std::string_view taken = take(1);
    return taken.empty() ? 0 : static_cast<std::uint8_t>(taken[0]);
  }
  unsigned number() {
    const unsigned high = byte();
    return high * 256 + byte();
  }
  std::string text_of(unsigned size) {
    if (size == 0xffff) return {};
    std::string out(take(size));
    if (take(1) != std::string_view("\0", 1)) ok_ = false;
    return out;
  }
  std::string text() { return text_of(number()); }
  std::string field_name() {
    const unsigned first = number();
    if (first >> 8 != 0xA0) return text_of(first);
    constexpr char kDigits[] = "0123456789ABCDEF";
    return std::string("A0") + kDigits[first >> 4 & 15] + kDigits[first & 15];
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace understudy::test::ajp

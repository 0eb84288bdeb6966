// SPDX-License-Identifier: Apache-2.0
#include "tests/proxy/strictness/http2_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>
#include <vector>

#include "base/check.h"

namespace understudy::test {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return out;
}

std::string trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \t") - begin + 1));
}

// The lines of `text`; what stands behind the last CRLF is one too, if there is anything.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find("\r\n");
    lines.push_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 2);
  }
  return lines;
}

std::pair<std::string, std::string> field_of(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return {lower(line), {}};
  return {lower(line.substr(0, colon)), trimmed(line.substr(colon + 1))};
}

struct Parts {
  Fields fields;
  bool is_chunked = false;
  std::string_view body;
};

void add_target(Fields& fields, const std::string& method, std::string_view target,
                Fields& others) {
  std::string scheme = "http";
  std::string path(target);
  std::string authority;
  bool has_authority = false;
  if (const std::size_t at = target.find("://"); at != std::string_view::npos && target[0] != '/') {
    scheme = target.substr(0, at);
    const std::string_view rest = target.substr(at + 3);
    const std::size_t slash = rest.find('/');
    authority = rest.substr(0, slash);
    path = slash == std::string_view::npos ? "/" : std::string(rest.substr(slash));
    has_authority = true;
  } else {
    const auto host = std::find_if(others.begin(), others.end(),
                                   [](const auto& each) { return each.first == "host"; });
    if (host != others.end()) {
      authority = host->second;
      has_authority = true;
      others.erase(host);
    }
  }
  fields.emplace_back(":method", method);
  if (method != "CONNECT") fields.emplace_back(":scheme", scheme);
  if (has_authority) fields.emplace_back(":authority", authority);
  if (method != "CONNECT") fields.emplace_back(":path", path);
}

// The first line, and all else.
std::pair<std::string_view, Parts> split(std::string_view text) {
  const std::size_t end = text.find("\r\n\r\n");
  CHECK(end != std::string_view::npos, "a row that is no whole head needs a reason to be skipped");
  Parts parts;
  parts.body = text.substr(end + 4);
  const auto lines = lines_of(text.substr(0, end));
  for (std::size_t i = 1; i < lines.size(); ++i) parts.fields.push_back(field_of(lines[i]));
  const auto frames = [](const auto& each) {
    return each.first == "transfer-encoding" || each.first == "content-length";
  };
  if (std::count_if(parts.fields.begin(), parts.fields.end(), frames) == 1) {
    const auto found = std::find_if(parts.fields.begin(), parts.fields.end(), frames);
    parts.is_chunked = found->first == "transfer-encoding" && lower(found->second) == "chunked";
    if (parts.is_chunked) parts.fields.erase(found);
  }
  return {lines[0], parts};
}

Parts parts_of(std::string_view text) {
  auto [line, parts] = split(text);
  Fields others = std::exchange(parts.fields, {});
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  CHECK(first != std::string_view::npos && last > first, "a row without three words");
  add_target(parts.fields, std::string(line.substr(0, first)),
             line.substr(first + 1, last - first - 1), others);
  parts.fields.insert(parts.fields.end(), others.begin(), others.end());
  return parts;
}

std::string chunk_frames(std::string_view body, uint32_t stream) {
  std::string out;
  for (;;) {
    const std::size_t line = body.find("\r\n");
    CHECK(line != std::string_view::npos, "a row with broken chunks needs a reason to be skipped");
    std::size_t size = 0;
    std::from_chars(body.data(), body.data() + line, size, 16);
    body.remove_prefix(line + 2);
    if (size == 0) break;
    out += data(stream, body.substr(0, size));
    CHECK(body.substr(size, 2) == "\r\n", "a row with broken chunks needs a reason to be skipped");
    body.remove_prefix(size + 2);
  }
  Fields trailers;
  for (const std::string_view line : lines_of(body)) {
    if (!line.empty()) trailers.push_back(field_of(line));
  }
  return out + (trailers.empty() ? data(stream, {}, kEndStream) : headers(stream, trailers));
}

bool is_token(std::string_view name) {
  constexpr std::string_view kOdd = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](unsigned char c) {
    return std::isdigit(c) || std::islower(c) || kOdd.find(static_cast<char>(c)) != kOdd.npos;
  });
}

// RFC 9113 8.2: what may stand in a section of fields, trailers included.
void expect_lawful(const Fields& fields) {
  for (const auto& [name, value] : fields) {
    SCOPED_TRACE(name + "=" + value);
    if (!name.starts_with(':')) {
      EXPECT_TRUE(is_token(name));
    }
    EXPECT_EQ(value.find_first_of(std::string("\r\n\0", 3)), std::string::npos);
    EXPECT_EQ(value, trimmed(value));
    for (const char* forbidden : {"connection", "keep-alive", "proxy-connection", "upgrade",
                                  "transfer-encoding", "http2-settings"}) {
      EXPECT_NE(name, forbidden);
    }
    if (name == "te") {
      EXPECT_EQ(value, "trailers");
    }
  }
}

// RFC 9113 8.3.1, and which value each pseudo-field has.
std::string pseudo(const Fields& fields, const std::string& name) {
  std::string value;
  std::size_t count = 0;
  bool is_behind_others = false;
  bool others = false;
  for (const auto& [each, text] : fields) {
    others |= !each.starts_with(':');
    if (each != name) continue;
    value = text;
    ++count;
    is_behind_others |= others;
  }
  EXPECT_EQ(count, 1u) << name;
  EXPECT_FALSE(is_behind_others) << name;
  return value;
}

std::string chunk_of(const std::string& body) {
  if (body.empty()) return {};
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, body.size(), 16);
  return std::string(digits, end.ptr) + "\r\n" + body + "\r\n";
}

}  // namespace

std::string head_frame_of(std::string_view text, uint32_t stream) {
  return headers(stream, parts_of(text).fields, 0);
}

std::string frames_of(std::string_view text, uint32_t stream) {
  const Parts parts = parts_of(text);
  if (parts.is_chunked) {
    return headers(stream, parts.fields, 0) + chunk_frames(parts.body, stream);
  }
  if (parts.body.empty()) return headers(stream, parts.fields);
  return headers(stream, parts.fields, 0) + data(stream, parts.body, kEndStream);
}

std::string answer_frames_of(std::string_view text, uint32_t stream) {
  auto [line, parts] = split(text);
  const std::size_t blank = line.find(' ');
  CHECK(blank != std::string_view::npos, "a row without a status");
  const std::string status(line.substr(blank + 1, line.find(' ', blank + 1) - blank - 1));
  parts.fields.insert(parts.fields.begin(), {":status", status});
  if (status.size() == 3 && status[0] == '1' && !parts.body.empty()) {
    return headers(stream, parts.fields, 0) + answer_frames_of(parts.body, stream);
  }
  if (parts.is_chunked) {
    return headers(stream, parts.fields, 0) + chunk_frames(parts.body, stream);
  }
  if (parts.body.empty()) return headers(stream, parts.fields);
  return headers(stream, parts.fields, 0) + data(stream, parts.body, kEndStream);
}

std::string text_of(const Http2Client::Response& request) {
  const Fields& fields = request.request;
  expect_lawful(fields);
  expect_lawful(request.trailers);
  EXPECT_TRUE(pseudo(fields, ":scheme") == "http");
  std::string head = pseudo(fields, ":method") + " " + pseudo(fields, ":path") + " HTTP/1.1\r\n";
  head += "host: " + pseudo(fields, ":authority") + "\r\n";
  std::string cookie;
  bool has_length = false;
  for (const auto& [name, value] : fields) {
    if (name.starts_with(':')) continue;
    if (name == "cookie") {
      cookie += (cookie.empty() ? "" : "; ") + value;
      continue;
    }
    if (name == "content-length") {
      has_length = true;
      EXPECT_EQ(value.find_first_not_of("0123456789"), std::string::npos) << value;
    }
    head.append(name).append(": ").append(value).append("\r\n");
  }
  if (!cookie.empty()) head += "cookie: " + cookie + "\r\n";
  if (has_length) {
    EXPECT_TRUE(request.trailers.empty());
    return head + "\r\n" + request.body;
  }
  if (request.body.empty() && request.trailers.empty()) return head + "\r\n";
  std::string trailers;
  for (const auto& [name, value] : request.trailers) trailers += name + ": " + value + "\r\n";
  return head + "transfer-encoding: chunked\r\n\r\n" + chunk_of(request.body) + "0\r\n" + trailers +
         "\r\n";
}

std::string with_lower_names(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = text.find("\r\n");
    const std::string_view line = text.substr(0, end);
    const std::size_t colon = line.find(':');
    const bool is_field =
        colon != std::string_view::npos && colon > 0 && line.find_first_of(" /") > colon;
    out += is_field ? lower(line.substr(0, colon)) : std::string(line.substr(0, colon));
    if (colon != std::string_view::npos) out += line.substr(colon);
    if (end == std::string_view::npos) break;
    out += "\r\n";
    text.remove_prefix(end + 2);
  }
  return out;
}

}  // namespace understudy::test

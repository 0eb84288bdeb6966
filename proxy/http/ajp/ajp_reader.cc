// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/ajp/ajp_reader.h"

#include <algorithm>
#include <optional>

#include "proxy/http/char_class.h"

namespace understudy::http {
namespace {

constexpr std::size_t kPacketHeaderBytes = 4;
// The packet's head, the code and the chunk's length.
constexpr std::size_t kChunkHeaderBytes = kPacketHeaderBytes + 3;

enum class Code : std::uint8_t {
  kSendBodyChunk = 3,
  kSendHeaders = 4,
  kEndResponse = 5,
  kGetBodyChunk = 6,
  kPong = 9,
};

// In the order of their codes, from 0xA001 on.
constexpr std::string_view kNames[] = {
    "Content-Type", "Content-Language", "Content-Length", "Date",   "Last-Modified",   "Location",
    "Set-Cookie",   "Set-Cookie2",      "Servlet-Engine", "Status", "WWW-Authenticate"};
constexpr std::uint16_t kCodedName = 0xA0;
constexpr std::uint16_t kNoText = 0xffff;

std::uint16_t number_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<std::uint8_t>(bytes[at]) << 8 |
                                    static_cast<std::uint8_t>(bytes[at + 1]));
}

AjpStep refused(std::string_view why) {
  return {.what = AjpStep::What::kRefused, .why = why};
}

// A packet that is here from its first byte to its last.
AjpStep whole_packet(std::string_view packet) {
  const std::string_view content = packet.substr(kPacketHeaderBytes + 1);
  AjpStep step{.consumed = packet.size()};
  switch (static_cast<Code>(packet[kPacketHeaderBytes])) {
    case Code::kSendHeaders:
      step.what = AjpStep::What::kHead;
      step.content = content;
      return step;
    case Code::kEndResponse:
      if (content.empty()) return refused("an AJP End Response without its flag");
      step.what = AjpStep::What::kEnd;
      step.may_go_on = content[0] != 0;
      return step;
    case Code::kGetBodyChunk:
      if (content.size() < 2) return refused("an AJP Get Body Chunk without its length");
      step.what = AjpStep::What::kAsked;
      step.asked = number_at(content, 0);
      return step;
    case Code::kPong:
      step.what = AjpStep::What::kPong;
      return step;
    case Code::kSendBodyChunk:
      break;
  }
  return refused("an AJP packet of a kind that is not known");
}

// Reads the content of Send Headers from its front.
class Texts final {
 public:
  explicit Texts(std::string_view rest) : rest_(rest) {}

  std::optional<std::uint16_t> number() {
    if (rest_.size() < 2) return std::nullopt;
    const std::uint16_t value = number_at(rest_, 0);
    rest_.remove_prefix(2);
    return value;
  }
  std::optional<std::string_view> text() {
    const auto size = number();
    return size ? text_of(*size) : std::nullopt;
  }
  // A name is a text, or a code.
  std::optional<std::string_view> name() {
    const auto first = number();
    if (!first) return std::nullopt;
    if (*first >> 8 != kCodedName) return text_of(*first);
    const std::size_t index = (*first & 0xffu) - 1u;
    if (index >= std::size(kNames)) return std::nullopt;
    return kNames[index];
  }
  bool is_at_end() const { return rest_.empty(); }

 private:
  std::optional<std::string_view> text_of(std::uint16_t size) {
    if (size == kNoText) return std::string_view();
    if (rest_.size() < std::size_t{size} + 1 || rest_[size] != '\0') return std::nullopt;
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(std::size_t{size} + 1);
    return text;
  }
  std::string_view rest_;
};

// Tomcat sends the number again in place of a reason.
bool is_reason(std::string_view reason, std::string_view status) {
  return reason != status && all(kFieldByte, reason);
}

}  // namespace

AjpStep AjpReader::next(std::string_view bytes) {
  std::size_t from = 0;
  for (;;) {
    const std::string_view rest = bytes.substr(from);
    if (rest.empty()) return {.consumed = from};
    if (payload_left_ != 0) {
      const std::size_t here = std::min<std::size_t>(payload_left_, rest.size());
      payload_left_ = static_cast<std::uint16_t>(payload_left_ - here);
      return {.what = AjpStep::What::kPayload,
              .consumed = from + here,
              .content = rest.substr(0, here)};
    }
    if (has_tail_) {
      has_tail_ = false;
      ++from;
      continue;
    }
    if (!std::string_view("AB").starts_with(rest.substr(0, 2))) {
      return refused("what came is no AJP packet");
    }
    if (rest.size() < kPacketHeaderBytes) return {.consumed = from};
    const std::size_t content = number_at(rest, 2);
    if (content == 0) return refused("an AJP packet without content");
    if (rest.size() == kPacketHeaderBytes) return {.consumed = from};
    if (static_cast<Code>(rest[kPacketHeaderBytes]) != Code::kSendBodyChunk) {
      if (rest.size() < kPacketHeaderBytes + content) return {.consumed = from};
      AjpStep step = whole_packet(rest.substr(0, kPacketHeaderBytes + content));
      step.consumed += from;
      return step;
    }
    if (rest.size() < kChunkHeaderBytes) return {.consumed = from};
    if (!begin_chunk(content, number_at(rest, kPacketHeaderBytes + 1))) {
      return refused("an AJP body chunk whose two lengths do not agree");
    }
    from += kChunkHeaderBytes;
  }
}

// False when there is more, or less, in the packet than the chunk and its tail.
bool AjpReader::begin_chunk(std::size_t content, std::uint16_t payload) {
  const std::size_t needed = kChunkHeaderBytes - kPacketHeaderBytes + payload;
  if (content != needed && content != needed + 1) return false;
  payload_left_ = payload;
  has_tail_ = content > needed;
  return true;
}

AjpHeadText ajp_head_text(std::string_view content, std::string& text) {
  Texts in(content);
  const auto status = in.number();
  const auto reason = in.text();
  const auto count = in.number();
  if (!status || !reason || !count) return {.refused = "AJP headers that end too early"};
  if (*status < 100 || *status > 599) return {.refused = "an AJP status that is none"};
  AjpHeadText out{.status = *status};
  const std::string digits = std::to_string(*status);
  text.append("HTTP/1.1 ").append(digits).append(" ");
  if (is_reason(*reason, digits)) text.append(*reason);
  text.append("\r\n");
  for (unsigned i = 0; i < *count; ++i) {
    const auto name = in.name();
    const auto value = name ? in.text() : std::nullopt;
    if (!value) return {.refused = "AJP headers that end too early"};
    if (name->empty() || !all(kToken, *name)) return {.refused = "an AJP header without a name"};
    if (!all(kFieldByte, *value)) return {.refused = "a control byte in an AJP header"};
    if (equals_ignoring_case(*name, "transfer-encoding")) continue;
    out.has_length |= equals_ignoring_case(*name, "content-length");
    text.append(*name).append(": ").append(*value).append("\r\n");
  }
  if (!in.is_at_end()) return {.refused = "bytes behind the last AJP header"};
  return out;
}

}  // namespace understudy::http

// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/http1/chunked.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "proxy/http/char_class.h"
#include "proxy/http/http1/field_section.h"

namespace understudy::http {
namespace {

constexpr uint64_t kPayloadBytesMax = UINT64_MAX / 2;

// RFC 9110 6.5.1: a trailer may not carry what decides about framing, routing or who the client is;
// and a receiver may merge trailers into the head, so the contract's names are as bad there.
constexpr FieldSet kForbiddenTrailers = kContractFields | FieldSet{FieldId::kTwin,
                                                                   FieldId::kConnection,
                                                                   FieldId::kKeepAlive,
                                                                   FieldId::kProxyConnection,
                                                                   FieldId::kTe,
                                                                   FieldId::kTrailer,
                                                                   FieldId::kTransferEncoding,
                                                                   FieldId::kUpgrade,
                                                                   FieldId::kHttp2Settings,
                                                                   FieldId::kContentLength,
                                                                   FieldId::kHost,
                                                                   FieldId::kExpect,
                                                                   FieldId::kCookie,
                                                                   FieldId::kSetCookie,
                                                                   FieldId::kXForwardedFor,
                                                                   FieldId::kXForwardedProto,
                                                                   FieldId::kXForwardedHost,
                                                                   FieldId::kXForwardedPort,
                                                                   FieldId::kXForwardedServer,
                                                                   FieldId::kXForwardedPrefix,
                                                                   FieldId::kForwarded,
                                                                   FieldId::kXRealIp,
                                                                   FieldId::kVia,
                                                                   FieldId::kAuthorization,
                                                                   FieldId::kProxyAuthorization,
                                                                   FieldId::kCacheControl,
                                                                   FieldId::kContentEncoding,
                                                                   FieldId::kContentRange,
                                                                   FieldId::kContentType,
                                                                   FieldId::kRange};

unsigned hex_value(char digit) {
  return static_cast<unsigned>(is_digit(digit) ? digit - '0' : (digit | 0x20) - 'a' + 10);
}

enum class TrailerName : uint8_t { kAllowed, kForbidden, kCut };

// A name longer than kNameBytesMax is longer than every name with a FieldId of its own, and the
// contract's prefixes are shorter. What is no name is refused by the steps that follow.
TrailerName look_at_name(std::string_view bytes) {
  bytes = bytes.substr(0, ChunkScanner::kNameBytesMax + 1);
  size_t end = 0;
  while (end < bytes.size() && is(kToken, bytes[end])) ++end;
  if (end == bytes.size() && end <= ChunkScanner::kNameBytesMax) return TrailerName::kCut;
  return kForbiddenTrailers.has(field_id(bytes.substr(0, end))) ? TrailerName::kForbidden
                                                                : TrailerName::kAllowed;
}

Refusal refusal_of(char byte, Refusal otherwise) {
  // A CR that is not the line's end has been read by the caller, so this one is bare.
  return internal::refusal_of_byte(byte, '\0', otherwise);
}

}  // namespace

ChunkPiece ChunkScanner::next(std::string_view bytes) {
  if (state_ == State::kRefused) return {.progress = Progress::kRefused, .refusal = refusal_};
  size_t at = 0;
  while (at < bytes.size() && state_ != State::kDone) {
    if (state_ == State::kData) {
      DCHECK(chunk_left_ != 0, "an empty chunk is the last one and has no payload");
      const size_t take = std::min<uint64_t>(chunk_left_, bytes.size() - at);
      chunk_left_ -= take;
      if (chunk_left_ == 0) state_ = State::kDataCr;
      return {.consumed = at + take, .payload = bytes.substr(at, take)};
    }
    refusal_ = step(bytes[at]);
    if (refusal_ != Refusal::kNone) {
      state_ = State::kRefused;
      return {.progress = Progress::kRefused, .refusal = refusal_, .consumed = at};
    }
    ++at;
  }
  return {.progress = is_complete() ? Progress::kComplete : Progress::kIncomplete, .consumed = at};
}

ChunkResult ChunkScanner::scan(std::string_view bytes) {
  if (state_ == State::kRefused) return {.progress = Progress::kRefused, .refusal = refusal_};
  ChunkResult result;
  size_t at = 0;
  while (at < bytes.size() && state_ != State::kDone) {
    if (state_ == State::kData) {
      if (result.left_out != 0) return result;
      const size_t take = std::min<uint64_t>(chunk_left_, bytes.size() - at);
      chunk_left_ -= take;
      if (chunk_left_ == 0) state_ = State::kDataCr;
      result.consumed = at += take;
      continue;
    }
    if (state_ == State::kTrailerStart && !leaves_out_ && bytes[at] != '\r') {
      const TrailerName name = look_at_name(bytes.substr(at));
      if (name == TrailerName::kCut) return result;
      leaves_out_ = name == TrailerName::kForbidden;
    }
    const bool left_out = is_left_out(bytes[at]);
    if (!left_out && result.left_out != 0) return result;
    refusal_ = step(bytes[at]);
    if (refusal_ != Refusal::kNone) {
      state_ = State::kRefused;
      return {.progress = Progress::kRefused, .refusal = refusal_, .consumed = result.consumed};
    }
    ++at;
    ++(left_out ? result.left_out : result.consumed);
    if (state_ == State::kTrailerStart) leaves_out_ = false;
  }
  if (is_complete()) result.progress = Progress::kComplete;
  return result;
}

SiftedChunks ChunkScanner::sift(std::span<char> bytes) {
  SiftedChunks sifted{.bytes = bytes.size()};
  for (;;) {
    char* const rest = bytes.data() + sifted.body_bytes;
    const ChunkResult result = scan({rest, sifted.bytes - sifted.body_bytes});
    sifted.progress = result.progress;
    sifted.refusal = result.refusal;
    sifted.body_bytes += result.consumed;
    if (result.left_out == 0) return sifted;
    sifted.bytes -= result.left_out;
    std::memmove(rest + result.consumed, rest + result.consumed + result.left_out,
                 sifted.bytes - sifted.body_bytes);
  }
}

// Blanks around the marks of a size line, but not within quotes; and a trailer.
bool ChunkScanner::is_left_out(char byte) const {
  if (leaves_out_) return true;
  if (!is_blank(byte)) return false;
  switch (state_) {
    case State::kSize:
    case State::kSizeBlank:
    case State::kExtensionName:
    case State::kExtensionNameMore:
    case State::kExtensionNameBlank:
    case State::kExtensionValue:
    case State::kExtensionToken:
    case State::kExtensionEnd:
    case State::kExtensionBlank:
      return true;
    default:
      return false;
  }
}

Refusal ChunkScanner::step(char byte) {
  switch (state_) {
    case State::kSizeFirst:
    case State::kSize:
    case State::kSizeLf:
      return step_size(byte);
    case State::kSizeBlank:
    case State::kExtensionName:
    case State::kExtensionNameMore:
    case State::kExtensionNameBlank:
    case State::kExtensionBlank:
    case State::kExtensionValue:
    case State::kExtensionToken:
    case State::kExtensionQuoted:
    case State::kExtensionEscape:
    case State::kExtensionEnd:
      if (byte != '\r' && ++line_bytes_ > kChunkLineBytesMax) return Refusal::kChunkLineTooLong;
      return step_extension(byte);
    case State::kDataCr:
      state_ = State::kDataLf;
      return byte == '\r' ? Refusal::kNone : Refusal::kMissingChunkEnd;
    case State::kDataLf:
      state_ = State::kSizeFirst;
      return byte == '\n' ? Refusal::kNone : Refusal::kMissingChunkEnd;
    case State::kTrailerStart:
    case State::kTrailerName:
    case State::kTrailerValue:
    case State::kTrailerLf:
    case State::kLastLf:
      return step_trailer(byte);
    case State::kData:
    case State::kDone:
    case State::kRefused:
      break;
  }
  return Refusal::kNone;  // next() takes no step in these states
}

Refusal ChunkScanner::step_size(char byte) {
  if (state_ == State::kSizeLf) return byte == '\n' ? end_of_size_line() : Refusal::kBareCr;
  if (state_ == State::kSizeFirst) {
    chunk_left_ = 0;
    zeros_ = 0;
    digits_ = 0;
  }
  if (is(kHexDigit, byte)) {
    state_ = State::kSize;
    // Zeros in front are no digits of the size, but bytes of its line.
    const bool is_zero = chunk_left_ == 0 && byte == '0' && sender_ == Sender::kMember;
    const bool is_padding = is_zero && digits_ != 0;
    uint8_t& digits = is_padding ? zeros_ : digits_;
    if (digits == (is_padding ? kChunkLineBytesMax - 1 : kChunkSizeDigitsMax)) {
      return is_padding ? Refusal::kChunkLineTooLong : Refusal::kInvalidChunkSize;
    }
    ++digits;
    chunk_left_ = chunk_left_ << 4 | hex_value(byte);
    return Refusal::kNone;
  }
  if (digits_ == 0) return refusal_of(byte, Refusal::kInvalidChunkSize);
  line_bytes_ = static_cast<uint16_t>(zeros_ + digits_ + 1);
  if (byte == '\r') {
    state_ = State::kSizeLf;
  } else if (byte == ';') {
    state_ = State::kExtensionName;
  } else if (is_blank(byte)) {
    state_ = State::kSizeBlank;
  } else {
    return refusal_of(byte, Refusal::kInvalidChunkSize);
  }
  return Refusal::kNone;
}

// *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] ), RFC 9112 7.1.1.
Refusal ChunkScanner::step_extension(char byte) {
  const bool token = is(kToken, byte);
  const State before = state_;
  if (is_blank(byte) && before != State::kExtensionQuoted && before != State::kExtensionEscape) {
    state_ = state_behind_blank(before);
    return Refusal::kNone;
  }
  switch (before) {
    case State::kExtensionName:
      state_ = State::kExtensionNameMore;
      return token ? Refusal::kNone : refusal_of(byte, Refusal::kInvalidChunkExtension);
    case State::kExtensionValue:
      state_ = byte == '"' ? State::kExtensionQuoted : State::kExtensionToken;
      if (byte == '"' || token) return Refusal::kNone;
      return refusal_of(byte, Refusal::kInvalidChunkExtension);
    case State::kExtensionQuoted:
      if (byte == '"') {
        state_ = State::kExtensionEnd;
      } else if (byte == '\\') {
        state_ = State::kExtensionEscape;
      } else if (!is(kQuotedByte, byte)) {
        return refusal_of(byte, Refusal::kInvalidChunkExtension);
      }
      return Refusal::kNone;
    case State::kExtensionEscape:
      state_ = State::kExtensionQuoted;
      return is(kFieldByte, byte) ? Refusal::kNone
                                  : refusal_of(byte, Refusal::kInvalidChunkExtension);
    default:
      break;
  }
  // Behind a name, a token, a closing quote, or blanks that follow one of them or the size.
  const bool goes_on = before == State::kExtensionNameMore || before == State::kExtensionToken;
  if (token && goes_on) return Refusal::kNone;
  const bool is_padded = before == State::kSizeBlank || before == State::kExtensionBlank ||
                         before == State::kExtensionNameBlank;
  if (byte == '\r' &&
      (goes_on || before == State::kExtensionEnd || (is_padded && sender_ == Sender::kMember))) {
    state_ = State::kSizeLf;
  } else if (byte == ';') {
    state_ = State::kExtensionName;
  } else if (byte == '=' &&
             (before == State::kExtensionNameMore || before == State::kExtensionNameBlank)) {
    state_ = State::kExtensionValue;
  } else {
    return refusal_of(byte, Refusal::kInvalidChunkExtension);
  }
  return Refusal::kNone;
}

ChunkScanner::State ChunkScanner::state_behind_blank(State before) {
  switch (before) {
    case State::kExtensionNameMore:
      return State::kExtensionNameBlank;
    case State::kExtensionToken:
    case State::kExtensionEnd:
      return State::kExtensionBlank;
    default:
      return before;  // in front of a name or a value, or blank already
  }
}

Refusal ChunkScanner::end_of_size_line() {
  if (chunk_left_ == 0) {
    state_ = State::kTrailerStart;
    return Refusal::kNone;
  }
  if (chunk_left_ > kPayloadBytesMax - payload_bytes_) return Refusal::kInvalidChunkSize;
  payload_bytes_ += chunk_left_;
  state_ = State::kData;
  return Refusal::kNone;
}

Refusal ChunkScanner::step_trailer(char byte) {
  if (++trailer_bytes_ > kTrailerBytesMax) return Refusal::kTrailerTooLarge;
  switch (state_) {
    case State::kTrailerStart:
      if (byte == '\r') {
        state_ = State::kLastLf;
        return Refusal::kNone;
      }
      if (byte == ':') return Refusal::kEmptyFieldName;
      if (is_blank(byte)) return Refusal::kFoldedLine;
      if (++trailer_fields_ > kTrailerFieldsMax) return Refusal::kTrailerTooLarge;
      state_ = State::kTrailerName;
      [[fallthrough]];
    case State::kTrailerName:
      if (byte == ':') {
        state_ = State::kTrailerValue;
        return Refusal::kNone;
      }
      if (is_blank(byte)) return Refusal::kBlankBeforeColon;
      if (!is(kToken, byte)) return refusal_of(byte, Refusal::kInvalidFieldName);
      return Refusal::kNone;
    case State::kTrailerValue:
      if (byte == '\r') {
        state_ = State::kTrailerLf;
        return Refusal::kNone;
      }
      return is(kFieldByte, byte) ? Refusal::kNone : refusal_of(byte, Refusal::kControlByte);
    case State::kTrailerLf:
      state_ = State::kTrailerStart;
      return byte == '\n' ? Refusal::kNone : Refusal::kBareCr;
    default:
      state_ = State::kDone;
      return byte == '\n' ? Refusal::kNone : Refusal::kBareCr;
  }
}

size_t write_chunk_header(uint64_t size, char* out) {
  DCHECK(size != 0, "that would end the body");
  size_t digits = 1;
  while (digits < kChunkSizeDigitsMax && size >> 4 * digits != 0) ++digits;
  for (size_t i = digits; i-- > 0; size >>= 4) out[i] = "0123456789abcdef"[size & 15];
  out[digits] = '\r';
  out[digits + 1] = '\n';
  return digits + 2;
}

}  // namespace understudy::http

// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/chunked.h"

#include <algorithm>

#include "base/check.h"
#include "proxy/http/char_class.h"
#include "proxy/http/field_section.h"

namespace understudy::http {
namespace {

constexpr uint64_t kPayloadBytesMax = UINT64_MAX / 2;

// RFC 9110 6.5.1: a trailer may not carry what decides about framing, routing or who somebody is;
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
  size_t consumed = 0;
  for (;;) {
    const ChunkPiece piece = next(bytes.substr(consumed));
    consumed += piece.consumed;
    if (piece.progress != Progress::kIncomplete || consumed == bytes.size()) {
      return {.progress = piece.progress, .refusal = piece.refusal, .consumed = consumed};
    }
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
    digits_ = 0;
  }
  if (is(kHexDigit, byte)) {
    state_ = State::kSize;
    if (++digits_ > kChunkSizeDigitsMax) return Refusal::kInvalidChunkSize;
    chunk_left_ = chunk_left_ << 4 | hex_value(byte);
    return Refusal::kNone;
  }
  if (digits_ == 0) return refusal_of(byte, Refusal::kInvalidChunkSize);
  line_bytes_ = static_cast<uint16_t>(digits_ + 1);
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
  if (byte == '\r' && (goes_on || before == State::kExtensionEnd)) {
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
      name_bytes_ = 0;
      state_ = State::kTrailerName;
      [[fallthrough]];
    case State::kTrailerName:
      if (byte == ':') return end_of_trailer_name();
      if (is_blank(byte)) return Refusal::kBlankBeforeColon;
      if (!is(kToken, byte)) return refusal_of(byte, Refusal::kInvalidFieldName);
      if (name_bytes_ < name_.size()) name_[name_bytes_++] = byte;
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

Refusal ChunkScanner::end_of_trailer_name() {
  state_ = State::kTrailerValue;
  // A name that fills name_ is longer than every name with a FieldId of its own, and the contract's
  // prefixes are shorter.
  const FieldId id = field_id({name_.data(), name_bytes_});
  return kForbiddenTrailers.has(id) ? Refusal::kForbiddenTrailer : Refusal::kNone;
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

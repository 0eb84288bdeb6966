// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/refusal.h"

namespace understudy::http {

unsigned status_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNone:
      return 500;
    case Refusal::kContentLengthTooLarge:
      return 413;
    case Refusal::kFirstLineTooLong:
      return 414;
    case Refusal::kUnknownExpectation:
      return 417;
    case Refusal::kFieldTooLarge:
    case Refusal::kTooManyFields:
    case Refusal::kHeadTooLarge:
    case Refusal::kTooManyNominations:
    case Refusal::kTrailerTooLarge:
      return 431;
    case Refusal::kUnsupportedTransferEncoding:
    case Refusal::kUnknownProtocol:
      return 501;
    case Refusal::kUnsupportedVersion:
      return 505;
    default:
      return 400;
  }
}

std::string_view to_text(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNone:
      return "nothing wrong";
    case Refusal::kFirstLineTooLong:
      return "the first line is too long";
    case Refusal::kLeadingEmptyLines:
      return "more than one empty line before the request";
    case Refusal::kInvalidMethod:
      return "a method that is no token";
    case Refusal::kInvalidTarget:
      return "an invalid request target";
    case Refusal::kTargetFragment:
      return "a fragment in the request target";
    case Refusal::kTargetForm:
      return "a form of request target that this method may not use";
    case Refusal::kInvalidVersion:
      return "an invalid or missing HTTP version";
    case Refusal::kUnsupportedVersion:
      return "an HTTP version other than 1.0 and 1.1";
    case Refusal::kInvalidStatusLine:
      return "an invalid status line";
    case Refusal::kBareCr:
      return "a CR without LF";
    case Refusal::kBareLf:
      return "an LF without CR";
    case Refusal::kControlByte:
      return "a control byte";
    case Refusal::kEmptyFieldName:
      return "a field without a name";
    case Refusal::kInvalidFieldName:
      return "a field name that is no token";
    case Refusal::kBlankBeforeColon:
      return "a blank between field name and colon";
    case Refusal::kFoldedLine:
      return "a line that begins with a blank";
    case Refusal::kMissingColon:
      return "a field line without a colon";
    case Refusal::kFieldTooLarge:
      return "a field that is too large";
    case Refusal::kTooManyFields:
      return "too many fields";
    case Refusal::kHeadTooLarge:
      return "a head that is too large";
    case Refusal::kInvalidContentLength:
      return "an invalid Content-Length";
    case Refusal::kDuplicateContentLength:
      return "more than one Content-Length";
    case Refusal::kContentLengthTooLarge:
      return "a Content-Length beyond 2^63 - 1";
    case Refusal::kLengthAndCoding:
      return "both Content-Length and Transfer-Encoding";
    case Refusal::kInvalidTransferEncoding:
      return "a Transfer-Encoding that does not end the body in one way only";
    case Refusal::kUnsupportedTransferEncoding:
      return "a Transfer-Encoding other than chunked";
    case Refusal::kTransferEncodingOnHttp10:
      return "Transfer-Encoding in HTTP/1.0";
    case Refusal::kUnknownProtocol:
      return "a :protocol other than websocket";
    case Refusal::kBodyNotAllowed:
      return "a body where the status allows none";
    case Refusal::kMissingHost:
      return "no Host field";
    case Refusal::kDuplicateHost:
      return "more than one Host field";
    case Refusal::kInvalidHost:
      return "an invalid host or port";
    case Refusal::kUserinfo:
      return "user information in the request target or Host";
    case Refusal::kHostMismatch:
      return "a request target and a Host that name different hosts";
    case Refusal::kInvalidConnection:
      return "an invalid Connection field";
    case Refusal::kTooManyNominations:
      return "too many options in Connection";
    case Refusal::kUnknownExpectation:
      return "an expectation other than 100-continue";
    case Refusal::kInvalidChunkSize:
      return "an invalid chunk size";
    case Refusal::kInvalidChunkExtension:
      return "an invalid chunk extension";
    case Refusal::kChunkLineTooLong:
      return "a chunk's size line that is too long";
    case Refusal::kMissingChunkEnd:
      return "a chunk longer than its size";
    case Refusal::kTrailerTooLarge:
      return "a trailer section that is too large";
  }
  return "an unknown reason";
}

bool is_limit(Refusal refusal) {
  return refusal == Refusal::kHeadTooLarge || refusal == Refusal::kFieldTooLarge ||
         refusal == Refusal::kTooManyFields || refusal == Refusal::kFirstLineTooLong;
}

}  // namespace understudy::http

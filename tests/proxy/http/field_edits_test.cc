// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/field_edits.h"

#include <gtest/gtest.h>

#include "tests/proxy/http/composed.h"

namespace understudy::http {
namespace {

using Action = FieldEdit::Action;

class FixedFacts final : public EditFacts {
 public:
  int64_t received_us() const override { return 1'700'000'000'000'001; }
  int64_t duration_us() const override { return 42; }
  std::string_view tls(TlsFact fact) const override {
    return fact == TlsFact::kProtocol ? std::string_view("TLSv1.3") : std::string_view();
  }
};

FieldEdit edit(Action action, std::string name, std::string value = {}) {
  FieldEdit out{.action = action, .name = std::move(name)};
  out.id = field_id(out.name);
  if (action != Action::kUnset) out.value = {{.text = std::move(value)}};
  return out;
}

FieldEdit replacement(Action action, std::string name, std::string_view pattern,
                      std::vector<ValuePart> value) {
  FieldEdit out = edit(action, std::move(name));
  out.value = std::move(value);
  out.pattern = *Pattern::compile(pattern);
  return out;
}

// The lines behind "Host: a" after the edits; `added` were ours before them.
std::string edited(std::string_view lines, const FieldEdits& edits, std::string_view added = {}) {
  const ParsedRequest request(get_with(lines));
  EXPECT_TRUE(request.complete()) << lines;
  std::array<char, 20'000> block;
  LineArena arena(block);
  arena.append(added);
  FieldMask dropped;
  HeadSpans spans;
  for (const FieldEdit& one : edits) {
    apply_edit(one, FixedFacts(), {request.head.fields, dropped, arena});
  }
  if (!arena.ok()) return "no room";
  EXPECT_TRUE(
      compose_request(request.head, {.dropped = dropped, .added = arena.text()}, arena, spans));
  const std::string text = text_of(spans);
  const size_t host = text.find("Host: a\r\n") + 9;
  return text.substr(host, text.size() - host - 2);
}

TEST(FieldEdits, DoWhatApacheSaysTheyDo) {
  const struct {
    Action action;
    std::string_view before, after;
  } kCases[] = {
      {Action::kSet, "", "X: v\r\n"},
      {Action::kSet, "x: 1\r\nY: 2\r\nX: 3\r\n", "Y: 2\r\nX: v\r\n"},
      {Action::kAdd, "x: 1\r\n", "x: 1\r\nX: v\r\n"},
      {Action::kAppend, "", "X: v\r\n"},
      {Action::kAppend, "x: 1\r\nX: 2\r\n", "x: 1\r\nX: 2, v\r\n"},
      {Action::kMerge, "x: 1, v, 2\r\n", "x: 1, v, 2\r\n"},
      {Action::kMerge, "x: 1, vv\r\n", "X: 1, vv, v\r\n"},
      {Action::kMerge, "", "X: v\r\n"},
      {Action::kUnset, "x: 1\r\nX: 2\r\nXY: 3\r\n", "XY: 3\r\n"},
      {Action::kUnset, "Y: 2\r\n", "Y: 2\r\n"},
      {Action::kSetIfEmpty, "", "X: v\r\n"},
      {Action::kSetIfEmpty, "x: 1\r\n", "x: 1\r\n"},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(std::to_string(static_cast<int>(test.action)) + std::string(test.before));
    EXPECT_EQ(edited(test.before, {edit(test.action, "X", "v")}), test.after);
    // What we have added ourselves is edited like what was received.
    std::string ours(test.before);
    EXPECT_EQ(edited("", {edit(test.action, "X", "v")}, ours), test.after);
  }
}

TEST(FieldEdits, ReplaceByExpressionInEachLine) {
  const ValuePart group{.kind = ValuePart::Kind::kGroup, .group = 1};
  const ValuePart whole{.kind = ValuePart::Kind::kGroup, .group = 0};
  const std::string cookies = "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n";
  const auto secure =
      replacement(Action::kEdit, "Set-Cookie", "^(.*)$", {group, {.text = ";Secure"}});
  const std::string expected = "Set-Cookie: a=1;Secure\r\nSet-Cookie: b=2;Secure\r\n";
  EXPECT_EQ(edited(cookies, {secure}), expected);
  EXPECT_EQ(edited("", {secure}, cookies), expected);
  EXPECT_EQ(edited("X: aXbXc\r\n", {replacement(Action::kEdit, "x", "X", {{.text = "-"}})}),
            "x: a-bXc\r\n");
  EXPECT_EQ(edited("X: aXbXc\r\n", {replacement(Action::kEditAll, "X", "X", {{.text = "-"}})}),
            "X: a-b-c\r\n");
  EXPECT_EQ(edited("X: ab\r\n", {replacement(Action::kEditAll, "X", "x*", {{.text = "-"}})}),
            "X: -a-b-\r\n");
  EXPECT_EQ(edited("X: ab\r\n", {replacement(Action::kEditAll, "X", "[ab]", {whole, whole})}),
            "X: aabb\r\n");
  EXPECT_EQ(edited("X: ab\r\n", {replacement(Action::kEdit, "X", "no", {})}), "X: ab\r\n");
  EXPECT_EQ(edited("X: ab\r\n", {replacement(Action::kEdit, "X", "^.*$", {})}), "X: \r\n");
}

TEST(FieldEdits, RunInTheirOrder) {
  EXPECT_EQ(edited("X: 1\r\n", {edit(Action::kUnset, "X"), edit(Action::kAppend, "X", "2"),
                                edit(Action::kAppend, "X", "3")}),
            "X: 2, 3\r\n");
}

TEST(FieldEdits, ValuesSpeakOfTimeAndTls) {
  FieldEdit out = edit(Action::kSet, "X");
  out.value = {{.kind = ValuePart::Kind::kReceived},
               {.text = " "},
               {.kind = ValuePart::Kind::kDuration},
               {.text = " "},
               {.kind = ValuePart::Kind::kTls, .fact = TlsFact::kProtocol},
               {.kind = ValuePart::Kind::kTls, .fact = TlsFact::kSubject}};
  EXPECT_EQ(edited("", {out}), "X: t=1700000000000001 D=42 TLSv1.3(null)\r\n");
}

TEST(FieldEdits, AValueEndsAtItsLimit) {
  const std::string fits(kEditedValueBytesMax, 'v');
  EXPECT_EQ(edited("", {edit(Action::kSet, "X", fits)}), "X: " + fits + "\r\n");
  EXPECT_EQ(edited("", {edit(Action::kSet, "X", fits + "v")}), "no room");
  // Each match grows the value: it ends at the limit, too.
  const auto grows = replacement(Action::kEditAll, "X", "a", {{.text = std::string(1000, 'b')}});
  EXPECT_EQ(edited("X: aaaaaaaaaa\r\n", {grows}), "no room");
}

TEST(FieldEdits, NoneMayTouchFramingConnectionOrContract) {
  for (const char* name : {"Content-Length",
                           "transfer-encoding",
                           "Connection",
                           "Keep-Alive",
                           "Proxy-Connection",
                           "TE",
                           "Trailer",
                           "Upgrade",
                           "HTTP2-Settings",
                           "Expect",
                           "Host",
                           "Understudy-Request-Id",
                           "understudy_view",
                           "X-WebLogic-Force-JVMID",
                           "WL-Proxy-SSL",
                           "WL_Proxy_Client-IP",
                           "",
                           "a b",
                           "a\r\nb",
                           "a:b"}) {
    EXPECT_FALSE(why_not_editable(name).empty()) << name;
  }
  for (const char* name : {"X-Forwarded-Proto", "X_Forwarded_For", "Set-Cookie", "Cookie", "Server", "X-Any", "Proxy",
                           "Strict-Transport-Security", "Content-Type"}) {
    EXPECT_TRUE(why_not_editable(name).empty()) << name;
  }
}

}  // namespace
}  // namespace understudy::http

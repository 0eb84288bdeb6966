// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/mapped_path.h"

#include <gtest/gtest.h>

#include <memory>

namespace understudy {
namespace {

using config::SlashEscapes;
using routing::PathRefusal;

// Two locations of one host: "/" and "/admin".
class MappedPathTest : public testing::Test {
 protected:
  MappedPathTest() {
    host_.locations.resize(2);
    site_.mapping = std::make_shared<routing::Mapping>(std::vector<routing::Mapping::Host>{
        {.rules = {{.path = "/", .location = 0}, {.path = "/admin", .location = 1}}}});
    site_.hosts = {&host_};
  }

  MappedPath map(std::string_view path) {
    http::RequestHead head;
    head.path = path;
    head.target_form = http::TargetForm::kOrigin;
    return map_path(site_, head, *scratch_);
  }

  config::VirtualHost host_;
  Site site_;
  std::unique_ptr<HeadScratch> scratch_ = std::make_unique<HeadScratch>();
};

TEST_F(MappedPathTest, IsSentAsItCame) {
  for (const std::string_view path : {"/a", "/a%2Bb", "/a//b", "/a%2fb", "/%61dmin", "//admin"}) {
    SCOPED_TRACE(path);
    const MappedPath mapped = map(path);
    EXPECT_TRUE(mapped.path);
    EXPECT_TRUE(mapped.goes_as_is({}));
  }
  EXPECT_EQ(map("/%61dmin").match.location, 1u);
  EXPECT_EQ(map("//admin").match.location, 1u);
  for (const std::string_view path : {"/a/../b", "/a/%2e/b", "/a\"b"}) {
    SCOPED_TRACE(path);
    EXPECT_FALSE(map(path).goes_as_is({}));
  }
  config::Location canonical;
  canonical.paths.as_sent = false;
  EXPECT_FALSE(map("/a%2Bb").goes_as_is(canonical));
  EXPECT_TRUE(map("/a").goes_as_is(canonical));
}

TEST_F(MappedPathTest, AnEscapedSlashThatWouldLeadElsewhereIsRefused) {
  for (const std::string_view path :
       {"/%2fadmin", "/admin%2fusers", "/x/..%2fadmin", "/x%2f..%2fy", "/%2e%2f", "/..%2fx"}) {
    SCOPED_TRACE(path);
    EXPECT_EQ(map(path).path.refusal, PathRefusal::kEncodedSlash);
  }
  EXPECT_TRUE(map("/admin/a%2fb").path);
  host_.locations[0].excluded = {"/x/*.gif"};
  EXPECT_EQ(map("/x%2fa.gif").path.refusal, PathRefusal::kEncodedSlash);
  EXPECT_TRUE(map("/x/a%2fb.gif").path);
}

TEST_F(MappedPathTest, AllowEncodedSlashesOnAndOff) {
  host_.slash_escapes = SlashEscapes::kRefused;
  EXPECT_EQ(map("/a%2fb").path.refusal, PathRefusal::kEncodedSlash);
  host_.slash_escapes = SlashEscapes::kDecoded;
  const MappedPath decoded = map("/admin%2fusers");
  EXPECT_EQ(decoded.path.path, "/admin/users");
  EXPECT_EQ(decoded.match.location, 1u);
  EXPECT_FALSE(decoded.goes_as_is({}));
  EXPECT_EQ(map("/..%2fx").path.refusal, PathRefusal::kAboveRoot);
}

TEST_F(MappedPathTest, MergeSlashesOff) {
  host_.merges_slashes = false;
  EXPECT_EQ(map("//admin").match.location, 0u);
  EXPECT_EQ(map("/admin//x").path.path, "/admin//x");
}

TEST_F(MappedPathTest, WhatHasNoPathIsForTheWholeServer) {
  EXPECT_EQ(map("*").match.location, 0u);
  EXPECT_TRUE(map("*").goes_as_is({}));
}

}  // namespace
}  // namespace understudy

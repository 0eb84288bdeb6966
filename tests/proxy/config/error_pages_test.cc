// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/error_pages.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/proxy/config/loading.h"

namespace understudy::config {
namespace {

Loaded load_with_files(const std::string& text) {
  conf::MemoryFiles files;
  files.add("/srv/www/oops.html", "<p>oops</p>");
  files.add("/srv/www/oops.txt", "oops");
  files.add("/srv/www/large.html", std::string(kErrorPageBytesMax + 1, 'x'));
  files.add("/srv/www/fits.html", std::string(kErrorPageBytesMax, 'x'));
  LoadOptions options;
  options.files = &files;
  options.parse.environment = nullptr;
  options.load_keyring = keyring_for_tests;
  return load_text("t.conf", text + "\nListen 127.0.0.1:8080\n" + kShop, options);
}

const ErrorPages& pages_of(const Loaded& loaded) {
  EXPECT_TRUE(loaded) << loaded.diagnostics;
  return only_host(*loaded.config).errors;
}

TEST(ErrorPages, AreTextsFilesAndUrls) {
  const Loaded loaded = load_with_files(
      "DocumentRoot /srv/www\nErrorDocument 404 \"not here\"\nErrorDocument 502 /oops.html\n"
      "ErrorDocument 503 http://sorry.example/\nErrorDocument 504 default\nErrorDocument 413 "
      "/oops.txt\nErrorPage /fits.html");
  const ErrorPages& pages = pages_of(loaded);
  EXPECT_EQ(pages.by_status.at(404)->body, "not here");
  EXPECT_EQ(pages.by_status.at(502)->body, "<p>oops</p>");
  EXPECT_EQ(pages.by_status.at(502)->content_type, "text/html; charset=utf-8");
  EXPECT_EQ(pages.by_status.at(413)->content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(pages.by_status.at(503)->url, "http://sorry.example/");
  EXPECT_EQ(pages.by_status.at(504), nullptr);
  EXPECT_EQ(pages.no_member->body.size(), kErrorPageBytesMax);
}

TEST(ErrorPages, AnAliasSaysWhereAPathIs) {
  const Loaded loaded = load_with_files(
      "DocumentRoot /none\nAlias /error/ /srv/www/\nErrorDocument 502 /error/oops.html");
  EXPECT_EQ(pages_of(loaded).by_status.at(502)->body, "<p>oops</p>");
}

TEST(ErrorPages, WithoutADocumentRootAFileIsNamedWhole) {
  const Loaded loaded = load_with_files("ErrorDocument 502 /srv/www/oops.html");
  EXPECT_EQ(pages_of(loaded).by_status.at(502)->body, "<p>oops</p>");
}

TEST(ErrorPages, TheInnermostThatSaysSomethingDecides) {
  const auto page = [](std::string body) {
    return std::make_shared<const ErrorPage>(ErrorPage{.body = std::move(body)});
  };
  const ErrorPages host{.by_status = {{404, page("h404")}, {503, page("h503")}},
                        .no_member = page("hnone")};
  const ErrorPages location{.by_status = {{503, nullptr}, {413, page("l413")}},
                            .no_member = page("lnone")};
  const ErrorPages silent;
  const struct {
    const ErrorPages* location;
    unsigned status;
    std::string body;
  } kCases[] = {
      {&location, 404, "h404"},  {&location, 413, "l413"}, {&location, 503, ""},
      {&location, 502, "lnone"}, {&silent, 502, "hnone"},  {nullptr, 504, "hnone"},
      {nullptr, 503, "h503"},    {nullptr, 400, ""},       {&location, 501, ""},
      {&location, 505, ""},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.status);
    const ErrorPage* found = find_error_page(test.location, host, test.status);
    EXPECT_EQ(found != nullptr ? found->body : "", test.body);
  }
}

TEST(ErrorPages, SayWhatIsWrongWhereItStands) {
  const struct {
    std::string text, said;
  } kCases[] = {
      {"ErrorDocument 200 x",
       "1:15: error: expected the status of an error, 400 to 599, not '200'"},
      {"ErrorDocument abc x",
       "1:15: error: expected the status of an error, 400 to 599, not 'abc'"},
      {"DocumentRoot /srv/www\nErrorDocument 404 /none.html",
       "2:19: error: /srv/www/none.html cannot be used as an error page: *"},
      {"ErrorDocument 404 /srv/www/large.html",
       "1:19: error: /srv/www/large.html cannot be used as an error page: *"},
      {"ErrorDocument 404 \"http://a/b c\"",
       "1:19: error: expected a URL of at most 2048 bytes, with what is not ASCII escaped"},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.text);
    const Loaded loaded = load_with_files(test.text);
    std::string said = loaded.diagnostics.substr(0, loaded.diagnostics.find('\n'));
    std::string expected = "t.conf:" + test.said;
    if (expected.ends_with('*')) {
      expected.pop_back();
      said = said.substr(0, expected.size());
    }
    EXPECT_EQ(said, expected);
  }
}

}  // namespace
}  // namespace understudy::config

// SPDX-License-Identifier: Apache-2.0
#include "conf/server_root.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/conf/reading.h"

namespace understudy::conf {
namespace {

struct Tried {
  std::string outline;
  std::string first;
  std::string root;
  std::string resolved;  // of logs/x, written in the included file
};

Tried try_tree(MemoryFiles& files, const std::string& main, const std::string& fixed = {}) {
  ParseOptions options;
  options.server_root = fixed;
  options.environment = {};
  const auto loaded = Configuration::load(main, Program::kProxy, files, options);
  Tried tried{.outline = outline(loaded->tree().directives),
              .first = {},
              .root = loaded->tree().server_root,
              .resolved = {}};
  if (!loaded->diagnostics().kept().empty()) {
    tried.first = loaded->diagnostics().kept().front().message;
  }
  Word word;
  word.text = "logs/x";
  tried.resolved = loaded->resolved_path(word);
  return tried;
}

TEST(ServerRoot, IsWhatRelativePathsStartAt) {
  MemoryFiles files;
  files.add("/etc/httpd/conf/httpd.conf", "ServerRoot \"/etc/httpd/\"\nInclude conf.d/*.conf\n");
  files.add("/etc/httpd/conf.d/a.conf", "Listen 80\nInclude conf.d/more/b.inc\n");
  files.add("/etc/httpd/conf.d/more/b.inc", "Listen 81\n");
  const Tried tried = try_tree(files, "/etc/httpd/conf/httpd.conf");
  EXPECT_EQ(tried.outline, "Listen 80;Listen 81;");
  EXPECT_EQ(tried.root, "/etc/httpd");
  EXPECT_EQ(tried.resolved, "/etc/httpd/logs/x");
}

TEST(ServerRoot, TheCommandLineGoesBeforeIt) {
  MemoryFiles files;
  files.add("/copy/conf/httpd.conf", "ServerRoot /etc/httpd\nInclude conf.d/*.conf\n");
  files.add("/copy/conf.d/a.conf", "Listen 80\n");
  const Tried tried = try_tree(files, "/copy/conf/httpd.conf", "/copy");
  EXPECT_EQ(tried.outline, "Listen 80;");
  EXPECT_EQ(tried.resolved, "/copy/logs/x");
}

TEST(ServerRoot, OfATreeThatWasCopiedIsWhereTheTreeIs) {
  MemoryFiles files;
  files.add("/copy/conf/httpd.conf", "ServerRoot /etc/httpd\nInclude conf.d/*.conf\n");
  files.add("/copy/conf.d/a.conf", "Listen 80\n");
  const Tried tried = try_tree(files, "/copy/conf/httpd.conf");
  EXPECT_EQ(tried.root, "/copy");
  EXPECT_EQ(tried.first,
            "there is no directory /etc/httpd; relative paths start at /copy instead, or at what "
            "-d names");
}

TEST(ServerRoot, IsNamedWhereAnIncludeFindsNothing) {
  MemoryFiles files;
  files.add("/etc/httpd/conf/httpd.conf",
            "ServerRoot /etc/httpd\nInclude conf.d/*.conf\nInclude none.conf\n");
  const Tried tried = try_tree(files, "/etc/httpd/conf/httpd.conf");
  EXPECT_EQ(tried.first,
            "no file matches /etc/httpd/conf.d/*.conf (ServerRoot is /etc/httpd); "
            "IncludeOptional would accept that");
}

TEST(ServerRoot, WithoutItAnIncludeIsLookedForBesideItsFileAndThenBesideTheFirst) {
  MemoryFiles files;
  files.add("/etc/apache2/apache2.conf", "Include sites-enabled/a.conf\n");
  files.add("/etc/apache2/sites-enabled/a.conf",
            "Include own.inc\nInclude conf-available/c.conf\n");
  files.add("/etc/apache2/sites-enabled/own.inc", "Listen 80\n");
  files.add("/etc/apache2/conf-available/c.conf", "Listen 81\n");
  EXPECT_EQ(try_tree(files, "/etc/apache2/apache2.conf").outline, "Listen 80;Listen 81;");
}

}  // namespace
}  // namespace understudy::conf

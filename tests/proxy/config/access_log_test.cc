// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/access_log.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/proxy/config/loading.h"

namespace understudy::config {
namespace {

TEST(AccessLog, TakesANicknameAFormatOrTheCommonOne) {
  const auto config = config_of(
      "CustomLog logs/a short\nLogFormat \"%h %{why}u\" short\nCustomLog stdout \"%s\"\nCustomLog "
      "/var/log/c\nCustomLog d combined\n" +
      std::string(kShop));
  const auto& logs = only_host(*config).access_logs;
  ASSERT_EQ(logs.size(), 4u);
  EXPECT_EQ(logs[0].path, "logs/a");
  EXPECT_EQ(logs[0].format.text, "%h %{why}u");
  EXPECT_EQ(logs[1].path, "stdout");
  EXPECT_EQ(logs[1].format.text, "%s");
  EXPECT_EQ(logs[2].format.text, "%h %l %u %t \"%r\" %>s %b");
  EXPECT_TRUE(logs[3].format.text.ends_with("\"%{User-Agent}i\""));
}

TEST(AccessLog, AHostHasItsOwnOrThatOfTheOutside) {
  const auto config = config_of("CustomLog a common\n" + std::string(kShop) +
                                "<VirtualHost *>\nCustomLog b common\n</VirtualHost>\n"
                                "<VirtualHost *>\n</VirtualHost>");
  EXPECT_EQ(config->hosts.all()[1].access_logs.at(0).path, "b");
  EXPECT_EQ(config->hosts.all()[2].access_logs.at(0).path, "a");
}

TEST(AccessLog, RefusesUnknownNicknamesAndPrograms) {
  EXPECT_EQ(said_of("CustomLog a comon\n" + std::string(kShop)),
            "t.conf:1:13: error: no LogFormat has the nickname 'comon'; did you mean common?");
  EXPECT_EQ(said_of("CustomLog \"|rotate a\" common\n" + std::string(kShop)),
            "t.conf:1:11: error: access logs go to a file, stdout or stderr, not to a program");
}

TEST(AccessLog, AMistakeInAFormatIsSaidWhereTheFormatStands) {
  const struct {
    std::string text, said;
  } kCases[] = {
      {"LogFormat \"%h %Z\" x", "1:11: error: the log format has '%Z', which is not known"},
      {"CustomLog stdout \"%{X}q\"", "1:18: error: the log format has '%{X}q', which is not known"},
      {"LogFormat \"%h %f\" x",
       "1:11: error: the log format has '%f', which means nothing here: no files are served"},
      {"LogFormat %h x escape=yaml",
       "1:16: error: expected escape=json or escape=apache, not 'escape=yaml'"},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.text);
    EXPECT_EQ(said_of(test.text + "\n" + kShop), "t.conf:" + test.said);
  }
}

TEST(AccessLog, AFormatMayBeEscapedForJson) {
  const auto config = config_of(
      "LogFormat \"{}%h\" j escape=json\nCustomLog a j\nCustomLog b common\n" + std::string(kShop));
  EXPECT_EQ(only_host(*config).access_logs.at(0).format.escape, LogEscape::kJson);
  EXPECT_EQ(only_host(*config).access_logs.at(1).format.escape, LogEscape::kApache);
}

}  // namespace
}  // namespace understudy::config

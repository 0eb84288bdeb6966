// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/access_log.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/proxy/config/loading.h"

namespace understudy::config {
namespace {

TEST(AccessLog, TakesANicknameAFormatOrOursOrApachesByItsName) {
  const auto config = config_of(
      "CustomLog logs/a short\nLogFormat \"%h %{why}u\" short\nCustomLog stdout \"%s\"\nCustomLog "
      "/var/log/c\nCustomLog d combined\nTransferLog e\n" +
      std::string(kShop));
  const auto& logs = only_host(*config).access_logs;
  ASSERT_EQ(logs.size(), 5u);
  EXPECT_EQ(logs[0].path, "logs/a");
  EXPECT_EQ(logs[0].format.text, "%h %{why}u");
  EXPECT_EQ(logs[1].path, "stdout");
  EXPECT_EQ(logs[1].format.text, "%s");
  EXPECT_EQ(logs[2].format.text,
            "%h %l %u %t \"%r\" %>s %b %D %{member}u %{why}u %{tries}u %L");
  EXPECT_TRUE(logs[3].format.text.ends_with("\"%{User-Agent}i\""));
  EXPECT_EQ(logs[4].format.text, "%h %l %u %t \"%r\" %>s %b");
}

TEST(AccessLog, AHostHasItsOwnOrThatOfTheOutside) {
  const auto config = config_of("CustomLog a common\n" + std::string(kShop) +
                                "<VirtualHost *>\nCustomLog b common\n</VirtualHost>\n"
                                "<VirtualHost *>\n</VirtualHost>");
  EXPECT_EQ(config->hosts.all()[1].access_logs.at(0).path, "b");
  EXPECT_EQ(config->hosts.all()[2].access_logs.at(0).path, "a");
}

TEST(AccessLog, RefusesUnknownNicknamesAndSyslog) {
  EXPECT_EQ(said_of("CustomLog a comon\n" + std::string(kShop)),
            "t.conf:1:13: error: no LogFormat has the nickname 'comon'; did you mean common?");
  EXPECT_EQ(said_of("CustomLog syslog:local3 common\n" + std::string(kShop)),
            "t.conf:1:11: error: access logs go to a file, a stream or a program; write "
            "\"|/usr/bin/logger -t NAME -p local7.info\"");
  EXPECT_EQ(said_of("CustomLog a common b\n" + std::string(kShop)),
            "t.conf:1:20: error: 'b' is one word too many");
}

TEST(AccessLog, TakesProgramsAsTheyStand) {
  const auto config =
      config_of("CustomLog \"|/bin/cat -\" common\nErrorLog \"||/bin/cat\"\n" + std::string(kShop));
  EXPECT_EQ(only_host(*config).access_logs.at(0).path, "|/bin/cat -");
  EXPECT_EQ(config->error_log.path, "||/bin/cat");
}

TEST(AccessLog, AProgramThatCannotBeRunIsReplacedByStandardErrorWithAWarning) {
  const Loaded loaded = load_for_tests(
      "CustomLog \"|/nonexistent/rotatelogs a 60\" common\n"
      "Listen 127.0.0.1:8080\n" +
      std::string(kShop));
  ASSERT_TRUE(loaded) << loaded.diagnostics;
  EXPECT_EQ(only_host(*loaded.config).access_logs.at(0).path, "stderr");
  EXPECT_EQ(loaded.warning_count, 1u) << loaded.diagnostics;
}

TEST(AccessLog, VariablesOfRequestsAreNeverSet) {
  const auto config = config_of("CustomLog a common env=!dontlog\nCustomLog b common env=slow\n" +
                                std::string(kShop));
  ASSERT_EQ(only_host(*config).access_logs.size(), 1u);
  EXPECT_EQ(only_host(*config).access_logs.at(0).path, "a");
}

TEST(AccessLog, LettersThatMeanNothingHereAreADash) {
  const Loaded loaded = load_for_tests(
      "LogFormat \"%h %E %f %{x}n\" x\nCustomLog a x\n"
      "Listen 127.0.0.1:8080\n" +
      std::string(kShop));
  ASSERT_TRUE(loaded) << loaded.diagnostics;
  EXPECT_EQ(loaded.warning_count, 1u);
  EXPECT_EQ(only_host(*loaded.config).access_logs.at(0).format.items.at(2).letter,
            LogLetter::kNothing);
}

TEST(ErrorLog, OfAHostIsItsOwn) {
  const auto config = config_of("ErrorLog e\n" + std::string(kShop) +
                                "<VirtualHost *>\nErrorLog h\nLogLevel warn\n</VirtualHost>\n"
                                "<VirtualHost *>\nErrorLog e\n</VirtualHost>\n<VirtualHost *>\n"
                                "</VirtualHost>\n");
  EXPECT_EQ(config->error_log.path, "e");
  EXPECT_EQ(config->hosts.all()[0].error_log, "");
  EXPECT_EQ(config->hosts.all()[1].error_log, "h");
  EXPECT_EQ(config->hosts.all()[2].error_log, "") << "the process's own";
  EXPECT_EQ(config->hosts.all()[3].error_log, "");
}

TEST(ErrorLog, LevelsOfModulesDoNotCount) {
  const auto config = config_of("LogLevel warn ssl:debug proxy:trace3\n" + std::string(kShop));
  EXPECT_EQ(config->error_log.level, "warn");
  EXPECT_EQ(said_of("LogLevel wran\n" + std::string(kShop)),
            "t.conf:1:10: error: LogLevel is one of emerg, alert, crit, error, warn, notice, info, "
            "debug, trace1 to trace8, not 'wran'; did you mean warn?");
}

TEST(AccessLog, AMistakeInAFormatIsSaidWhereTheFormatStands) {
  const struct {
    std::string text, said;
  } kCases[] = {
      {"LogFormat \"%h %Z\" x", "1:11: error: the log format has '%Z', which is not known"},
      {"CustomLog stdout \"%{X}q\"", "1:18: error: the log format has '%{X}q', which is not known"},
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

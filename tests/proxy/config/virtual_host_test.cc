// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/virtual_host.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/proxy/config/loading.h"

namespace understudy::config {
namespace {

constexpr const char* kHosts = R"(
Listen 127.0.0.1:81
BackendCluster a:1
SessionCookieFormat route
<Location /common>
</Location>
<VirtualHost *:8080>
  ServerName one.example
  ServerAlias *.one.example ONE
  <Location /one>
  </Location>
</VirtualHost>
<VirtualHost *>
  ServerName http://Two.Example:80
  Timeout 7
  <Location /common>
    BackendCluster b:2
  </Location>
</VirtualHost>
<VirtualHost _default_:81 *:8080>
  ServerName one.example
  ServerAlias w?w.*
</VirtualHost>
)";

std::size_t chosen(const Config& config, std::uint16_t port, std::string_view name) {
  const VirtualHost& host = config.hosts.choose(port, name);
  return static_cast<std::size_t>(&host - config.hosts.all().data());
}

TEST(VirtualHosts, AreChosenByPortAndName) {
  const auto config = config_of(kHosts);
  ASSERT_EQ(config->hosts.all().size(), 4u);
  const struct {
    std::uint16_t port;
    std::string name;
    std::size_t expected;
  } cases[] = {
      {8080, "one.example", 1}, {8080, "ONE.Example", 1},
      {8080, "one", 1},         {8080, "a.one.example", 1},
      {81, "one.example", 3},   {8080, "two.example", 2},
      {81, "two.example", 2},   {8080, "unknown", 1},
      {81, "unknown", 2},       {8080, "wxw.net", 3},
      {8080, "wxxw.net", 1},    {8080, "", 1},
      {9999, "unknown", 2},     {8080, std::string(300, 'x'), 1},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(std::to_string(one.port) + " " + one.name);
    EXPECT_EQ(chosen(*config, one.port, one.name), one.expected);
  }
}

TEST(VirtualHosts, InheritLocationsUnlessTheySayOtherwise) {
  const auto config = config_of(kHosts);
  const auto& hosts = config->hosts.all();
  ASSERT_EQ(hosts[1].locations.size(), 2u);
  EXPECT_EQ(hosts[1].locations[0].path, "/common");
  ASSERT_EQ(hosts[2].locations.size(), 1u);
  EXPECT_EQ(config->clusters.at(hosts[2].locations[0].cluster).seeds.front().address, "b:2");
  EXPECT_EQ(hosts[2].timeouts.silence, std::chrono::seconds(7));
  EXPECT_EQ(hosts[1].timeouts.silence, std::chrono::seconds(60));
}

TEST(VirtualHosts, AloneTheOneOutsideServesEveryName) {
  const auto config = config_of("ServerName x\n" + std::string(kShop));
  EXPECT_EQ(chosen(*config, 1, "y"), 0u);
}

TEST(VirtualHosts, AnAddressIsThatOfAListen) {
  const auto config = config_of("Listen [::1]:81\n" + std::string(kShop) +
                                "<VirtualHost 127.0.0.1:8080>\n</VirtualHost>\n"
                                "<VirtualHost [::1]:81 *:8080>\n</VirtualHost>");
  const auto serving = [&config](const char* listen) {
    return config->hosts.serving(*Address::parse(listen));
  };
  EXPECT_EQ(serving("127.0.0.1:8080"), (std::vector<std::size_t>{1, 2}));
  EXPECT_EQ(serving("[::1]:81"), std::vector<std::size_t>{2});
  EXPECT_EQ(serving("127.0.0.1:81"), std::vector<std::size_t>{0});
  EXPECT_EQ(said_of(std::string(kShop) + "<VirtualHost 10.0.0.1:80>\n</VirtualHost>"),
            "t.conf:5:14: error: there is no Listen 10.0.0.1:80; a host is reached through the "
            "address of a Listen or, as *:port, through its port");
  EXPECT_EQ(said_of(std::string(kShop) + "<VirtualHost shop.example>\n</VirtualHost>"),
            "t.conf:5:14: error: expected *:port, the address of a Listen, or *, not "
            "'shop.example'");
  EXPECT_EQ(said_of(std::string(kShop) + "<VirtualHost *:99>\n</VirtualHost>"),
            "t.conf:5:14: warning: no Listen has port 99, so nobody reaches this host");
}

TEST(VirtualHosts, AnIpAddressAloneIsEveryListenOfIt) {
  const auto config = config_of("Listen 127.0.0.1:81\nListen [::1]:82\n" + std::string(kShop) +
                                "<VirtualHost 127.0.0.1>\n</VirtualHost>\n"
                                "<VirtualHost [::1]>\n</VirtualHost>\n"
                                "<VirtualHost 127.0.0.1:*>\n</VirtualHost>\n");
  const auto serving = [&config](const char* listen) {
    return config->hosts.serving(*Address::parse(listen));
  };
  EXPECT_EQ(serving("127.0.0.1:8080"), (std::vector<std::size_t>{1, 3}));
  EXPECT_EQ(serving("127.0.0.1:81"), (std::vector<std::size_t>{1, 3}));
  EXPECT_EQ(serving("[::1]:82"), std::vector<std::size_t>{2});
  EXPECT_EQ(said_of(std::string(kShop) + "<VirtualHost 10.0.0.1>\n</VirtualHost>"),
            "t.conf:5:14: error: there is no Listen of 10.0.0.1");
}

TEST(VirtualHosts, EveryWayToSayEverywhereIsTheSame) {
  const auto config = config_of(std::string(kShop) +
                                "<VirtualHost *>\n</VirtualHost>\n<VirtualHost *:*>\n"
                                "</VirtualHost>\n<VirtualHost _default_>\n</VirtualHost>\n"
                                "<VirtualHost _default_:*>\n</VirtualHost>\n"
                                "<VirtualHost _default_:8080>\n</VirtualHost>\n");
  EXPECT_EQ(config->hosts.serving(*Address::parse("127.0.0.1:8080")),
            (std::vector<std::size_t>{1, 2, 3, 4, 5}));
}

// Clients are told apart by the Listen that they come through.
TEST(VirtualHosts, AnAddressThatIsNoListenMeansItsPort) {
  const std::string text =
      "Listen 0.0.0.0:80\n" + std::string(kShop) + "<VirtualHost 10.0.0.1:80>\n</VirtualHost>";
  EXPECT_EQ(said_of(text).substr(0, 67),
            "t.conf:6:14: warning: hosts are told apart by the Listen that a cli");
  EXPECT_EQ(config_of(text)->hosts.serving(*Address::parse("0.0.0.0:80")),
            std::vector<std::size_t>{1});
}

}  // namespace
}  // namespace understudy::config

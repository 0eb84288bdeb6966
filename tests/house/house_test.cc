// SPDX-License-Identifier: Apache-2.0
// Holds the house together: the floors of the tree over the #include lines, and the few rules of
// style that a machine can read.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/house/sources.h"

namespace understudy::house {
namespace {

// Each room with the rooms below it that it may look into; a room may always look into itself.
// Most specific first: the first prefix that fits a file is its room.
struct Room {
  std::string prefix;
  std::vector<std::string> may_include;
};

const std::vector<Room>& rooms() {
  static const std::vector<std::string> ground = {"cookies/", "conf/", "base/"};
  // The floors of each half, the lowest first: what stands on one may include those below.
  static const std::vector<std::string> proxy = {
      "proxy/http/",     "proxy/io/",       "proxy/apache/",     "proxy/config/", "proxy/routing/",
      "proxy/upstream/", "proxy/exchange/", "proxy/downstream/", "proxy/server/", "proxy/admin/"};
  static const std::vector<std::string> backend = {
      "backend_sdk/wire/", "backend_sdk/transport/", "backend_sdk/membership/",
      "backend_sdk/replication/", "backend_sdk/sessions/"};
  static const std::vector<Room> rooms = [] {
    std::vector<Room> all = {
        {"cookies/", {}},
        {"conf/", {}},
        {"base/", {"cookies/", "conf/"}},
        // What messages of all protocols share stands beside them, and knows none of them.
        {"proxy/http/http1/", {"proxy/http/"}},
        {"proxy/http/http2/", {"proxy/http/"}},
        {"proxy/http/ajp/", {"proxy/http/"}},
        {"proxy/http/preface/", {"proxy/http/"}},
    };
    for (Room& protocol : all) {
      if (!protocol.prefix.starts_with("proxy/")) continue;
      protocol.may_include.insert(protocol.may_include.end(), ground.begin(), ground.end());
    }
    for (const auto& floors : {proxy, backend}) {
      std::vector<std::string> below = ground;
      for (const std::string& floor : floors) {
        all.push_back({floor, below});
        below.push_back(floor);
      }
    }
    auto with_ground = [](std::vector<std::string> more) {
      more.insert(more.end(), ground.begin(), ground.end());
      return more;
    };
    all.push_back({"proxy/", with_ground({"proxy/"})});
    // What an application includes: nothing of the house's inside.
    all.push_back({"backend_sdk/include/", {}});
    all.push_back({"backend_sdk/examples/", {"understudy/"}});
    // Each is packed without the tree, so that its own headers have no path from the root.
    all.push_back({"backend_sdk/bindings/", {"understudy/"}});
    all.push_back({"backend_sdk/", with_ground({"backend_sdk/", "understudy/"})});
    return all;
  }();
  return rooms;
}

bool starts_with_any(const std::string& text, const std::vector<std::string>& prefixes) {
  for (const auto& prefix : prefixes) {
    if (text.starts_with(prefix)) return true;
  }
  return false;
}

const Room* room_of(const std::string& path) {
  for (const auto& room : rooms()) {
    if (path.starts_with(room.prefix)) return &room;
  }
  return nullptr;
}

TEST(House, IncludesPointDownwardsOnly) {
  for (const auto& file : read_sources(product_folders())) {
    const Room* room = room_of(file.path);
    ASSERT_TRUE(room) << file.path << " is in no room of the house";
    for (const auto& line : file.lines) {
      const std::string name = included(line, '"', '"');
      if (name.empty()) continue;
      if (room->prefix == "backend_sdk/bindings/" && name.find('/') == std::string::npos) continue;
      std::vector<std::string> allowed = room->may_include;
      allowed.push_back(room->prefix);
      if (room->prefix == "backend_sdk/include/") allowed.push_back("understudy/");
      EXPECT_TRUE(starts_with_any(name, allowed)) << file.path << " may not include " << name;
    }
  }
}

// A protocol's room is no other one's: what two need stands in proxy/http itself. HTTP/2 knows its
// own preface.
TEST(House, ProtocolsDoNotIncludeEachOther) {
  const std::vector<std::string> protocols = {"http1/", "http2/", "ajp/", "preface/"};
  const std::string root = "proxy/http/";
  for (const auto& file : read_sources({"proxy"})) {
    if (!file.path.starts_with(root)) continue;
    for (const auto& line : file.lines) {
      const std::string name = included(line, '"', '"');
      for (const auto& protocol : protocols) {
        if (!name.starts_with(root + protocol) || file.path.starts_with(root + protocol)) continue;
        const bool is_own_preface =
            protocol == "preface/" && file.path.starts_with(root + "http2/");
        EXPECT_TRUE(is_own_preface) << file.path << " may not include " << name;
      }
    }
  }
}

TEST(House, ProxyAndBackendNeverIncludeEachOther) {
  for (const auto& file : read_sources({"proxy", "backend_sdk"})) {
    const bool in_proxy = file.path.starts_with("proxy/");
    for (const auto& line : file.lines) {
      const std::string name = included(line, '"', '"');
      EXPECT_FALSE(name.starts_with(in_proxy ? "backend_sdk/" : "proxy/")) << file.path << name;
    }
  }
}

// One that no header includes, and no file of another folder, is a part of its folder's sources.
std::set<std::string> private_headers() {
  std::set<std::string> all;
  std::set<std::string> shared;
  for (const auto& file : read_sources(product_folders())) {
    const std::string folder = file.path.substr(0, file.path.rfind('/') + 1);
    for (const auto& line : file.lines) {
      const std::string name = included(line, '"', '"');
      if (name.empty()) continue;
      all.insert(name);
      const bool is_sources_own =
          file.path.ends_with(".cc") && name.substr(0, name.rfind('/') + 1) == folder;
      if (!is_sources_own) shared.insert(name);
    }
  }
  for (const std::string& name : shared) all.erase(name);
  return all;
}

TEST(House, ThirdPartyHeadersAreInNoSharedHeader) {
  const std::set<std::string> hidden = private_headers();
  const std::vector<std::string> third_party = {"event2/", "nghttp2/", "openssl/", "json/",
                                                "spdlog/", "CLI/",     "re2/"};
  for (const auto& file : read_sources(product_folders())) {
    if (!file.path.ends_with(".h") || hidden.contains(file.path)) continue;
    for (const auto& line : file.lines) {
      const std::string name = included(line, '<', '>');
      EXPECT_FALSE(starts_with_any(name, third_party)) << file.path << " includes <" << name << ">";
    }
  }
}

TEST(House, IncludesHaveNoCycle) {
  std::map<std::string, std::vector<std::string>> edges;
  for (const auto& file : read_sources(product_folders())) {
    if (!file.path.ends_with(".h")) continue;
    std::string key = file.path;
    const std::string public_prefix = "backend_sdk/include/";
    if (key.starts_with(public_prefix)) key = key.substr(public_prefix.size());
    for (const auto& line : file.lines) {
      if (const auto name = included(line, '"', '"'); !name.empty()) edges[key].push_back(name);
    }
  }
  std::set<std::string> done;
  std::set<std::string> open;
  auto visit = [&](auto&& self, const std::string& name) -> bool {
    if (done.contains(name)) return true;
    if (!open.insert(name).second) return false;
    for (const auto& next : edges[name]) {
      if (!self(self, next)) return false;
    }
    open.erase(name);
    done.insert(name);
    return true;
  };
  for (const auto& [name, unused] : std::map(edges)) {
    EXPECT_TRUE(visit(visit, name)) << name << " is in an include cycle";
  }
}

// Two types of one name in one program are one type to the linker, which keeps the destructor of
// whichever it meets first.
TEST(House, TypesOfOneProgramHaveDifferentNames) {
  for (const char* product : {"proxy", "backend_sdk"}) {
    std::map<std::string, std::string> known;  // to where
    for (const SourceFile& file : read_sources({"cookies", "conf", "base", product})) {
      if (!file.path.ends_with(".h") || file.path.find("/examples/") != std::string::npos) continue;
      std::string space;
      for (const std::string& line : file.lines) {
        std::istringstream words(line);
        std::string first, name;
        words >> first >> name;
        if (line.starts_with("namespace ")) space = name;
        const bool is_type = line.starts_with("class ") || line.starts_with("struct ");
        if (!is_type || line.ends_with(";")) continue;
        if (name == "[[nodiscard]]" || name == "UNDERSTUDY_API") words >> name;
        const auto [entry, is_new] = known.emplace(space + "::" + name, file.path);
        EXPECT_TRUE(is_new) << space << "::" << name << " is in " << entry->second << " and in "
                            << file.path;
      }
    }
  }
}

TEST(House, EveryFileNamesItsLicence) {
  for (const auto& file : read_sources(all_folders())) {
    ASSERT_FALSE(file.lines.empty()) << file.path;
    EXPECT_EQ(file.lines[0], "// SPDX-License-Identifier: Apache-2.0") << file.path;
  }
}

TEST(House, HeadersOpenWithWhatTheyAreAndPragmaOnce) {
  for (const auto& file : read_sources(product_folders())) {
    if (!file.path.ends_with(".h")) continue;
    bool once = false;
    size_t opening = 1;
    for (const auto& line : file.lines) once |= line == "#pragma once";
    while (opening < file.lines.size() &&
           (file.lines[opening].empty() || file.lines[opening] == "#pragma once")) {
      ++opening;
    }
    ASSERT_LT(opening, file.lines.size()) << file.path;
    EXPECT_TRUE(file.lines[opening].starts_with("//")) << file.path << " does not say what it is";
    EXPECT_TRUE(once || file.path.ends_with("/understudy.h")) << file.path;
  }
}

TEST(House, LinesFitAndNothingIsLeftForNow) {
  const std::string now = std::string("TODO(") + "now)";
  for (const auto& file : read_sources(all_folders())) {
    for (size_t i = 0; i < file.lines.size(); ++i) {
      const auto& line = file.lines[i];
      EXPECT_EQ(line.find(now), std::string::npos) << file.path << ":" << i + 1;
      EXPECT_EQ(line.find('\t'), std::string::npos) << file.path << ":" << i + 1 << " has a tab";
    }
  }
}

// Waiting for time to pass instead of for the event makes tests slow and flaky.
TEST(House, TestsDoNotSleep) {
  const std::vector<std::string> words = {std::string("sleep_") + "for(",
                                          std::string("usl") + "eep(", std::string(" sl") + "eep("};
  for (const auto& file : read_sources({"tests"})) {
    for (size_t i = 0; i < file.lines.size(); ++i) {
      for (const auto& word : words) {
        EXPECT_EQ(file.lines[i].find(word), std::string::npos) << file.path << ":" << i + 1;
      }
    }
  }
}

}  // namespace
}  // namespace understudy::house

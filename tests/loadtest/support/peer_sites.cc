// SPDX-License-Identifier: Apache-2.0
#include "tests/loadtest/support/peer_sites.h"

#include <filesystem>

namespace understudy::loadtest {

PeerSites::PeerSites() {
  for (const char* kind : {"member", "front"}) {
    write_template(kind + std::string("/start"), "exec /bin/sleep 60\n");
  }
  write_template("needs", "/bin/sh dash\n");
}

PeerSites::~PeerSites() {
  std::filesystem::remove_all(templates_);
}

PeerSite::Options PeerSites::options(size_t members_declared) const {
  return {.templates = templates_,
          .directory = ports_.directory() + "/site",
          .members_declared = members_declared};
}

void PeerSites::write_template(const std::string& file, const std::string& text) const {
  const std::filesystem::path path = templates_ + "/" + file;
  std::filesystem::create_directories(path.parent_path());
  write_file(path.string(), text);
}

std::string PeerSites::filled_in(const std::string& name, const std::string& file) const {
  return read_file(ports_.directory() + "/site/" + name + "/" + file);
}

bool PeerSites::turn_until(const std::function<bool()>& done) {
  return ports_.wait_until(done, std::chrono::seconds(30));
}

}  // namespace understudy::loadtest

// SPDX-License-Identifier: Apache-2.0
// PeerSites: a fixture with a site whose programs do nothing but live, and whose files can be
// written by the test.
#pragma once

#include <gtest/gtest.h>

#include "loadtest/peer_site.h"

namespace understudy::loadtest {

class PeerSites : public ::testing::Test {
 protected:
  PeerSites();
  ~PeerSites() override;

  PeerSite::Options options(size_t members_declared = 3) const;
  // `file`: "member/conf"; what became of it in the folder of `name` is read as "conf".
  void write_template(const std::string& file, const std::string& text) const;
  std::string filled_in(const std::string& name, const std::string& file) const;
  bool turn_until(const std::function<bool()>& done);

  const std::unique_ptr<EventLoop> loop_ = std::move(*EventLoop::open());
  Installation ports_{*loop_, "/nowhere", make_directory(::testing::TempDir())};
  const std::string templates_ = make_directory(::testing::TempDir());
};

}  // namespace understudy::loadtest

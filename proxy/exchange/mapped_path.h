// SPDX-License-Identifier: Apache-2.0
// Which host and which location a request's path means, and whether the member may get it as it
// came. One that could mean another location to the member than to us is refused. Called by
// Exchange for each request; worker thread only.
#pragma once

#include "proxy/config/location.h"
#include "proxy/http/message.h"
#include "proxy/routing/mapping.h"
#include "proxy/routing/request_path.h"

namespace understudy {

struct HeadScratch;
struct Site;

struct MappedPath {
  routing::NormalisedPath path;  // that rules are matched over; in the head or the scratch
  routing::Mapping::Match match = {};
  bool is_normal = true;        // as it came
  bool may_go_as_it_is = true;  // it can mean nothing else to the member

  bool goes_as_is(const config::Location& location) const {
    return is_normal || (may_go_as_it_is && location.paths.as_sent);
  }
};

MappedPath map_path(const Site& site, const http::RequestHead& head, HeadScratch& scratch);

}  // namespace understudy

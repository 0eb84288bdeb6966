// SPDX-License-Identifier: Apache-2.0
// Which host and which location a request's path means, and whether the member may get it as it
// came. One that could mean another location to the member than to us is refused. Called by
// Exchange for each request; worker thread only.
#pragma once

#include "proxy/exchange/routes.h"
#include "proxy/http/message.h"
#include "proxy/routing/mapping.h"
#include "proxy/routing/request_path.h"
#include "proxy/upstream/io_context.h"

namespace understudy {

struct MappedPath {
  routing::NormalisedPath path;  // that rules are matched over; in the head or the scratch
  routing::Mapping::Match match = {};
  bool sends_as_is = true;
};

MappedPath map_path(const Site& site, const http::RequestHead& head, HeadScratch& scratch);

}  // namespace understudy

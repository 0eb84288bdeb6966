// SPDX-License-Identifier: Apache-2.0
// Passage: what Apache's rules have made of one request on its way to a member. Owned by the
// Exchange, which has none for a request that no rule is about; worker thread only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "proxy/apache/environment.h"
#include "proxy/apache/request.h"
#include "proxy/http/field_edits.h"

namespace understudy::apache {

struct Passage {
  Environment environment = {};
  std::string user = {};
  std::string decoded = {};  // the path that the rules have seen last
  // Encoded, as all paths here. What the member is asked for; empty: as the location has it.
  std::string path = {};
  std::string uri = {};                   // in place of the client's path; empty: that
  std::optional<std::string> query = {};  // in place of the client's; without '?'

  bool changes_target() const { return !path.empty() || !uri.empty() || query; }
  // Of the sections that the request is in; borrowed from the Config.
  std::vector<const http::FieldEdits*> request_edits = {};
  std::vector<const http::FieldEdits*> response_edits = {};
  // What edits see of the head that is composed; borrows from it.
  std::optional<Request> seen = {};
};

}  // namespace understudy::apache

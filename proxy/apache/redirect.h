// SPDX-License-Identifier: Apache-2.0
// Redirect, RedirectMatch and their relatives (mod_alias): the client is sent elsewhere. They come
// behind ProxyPass, wherever they stand; only those of a section come before it. Values of the
// immutable Config; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/pattern.h"
#include "proxy/apache/substitution.h"
#include "proxy/apache/verdict.h"

namespace understudy::apache {

struct Request;

struct Redirect {
  unsigned status = 302;
  std::string path = {};                        // whole segments; empty: every path
  std::shared_ptr<const Pattern> pattern = {};  // RedirectMatch
  Substitution url = {};                        // nothing with a status that is no redirect
  bool appends_rest = true;                     // what stands behind `path`
};

// The first that fits; status 0: none does.
Verdict redirect(const std::vector<Redirect>& redirects, const Request& request);

// "/path" as a whole URL of this server, as Apache writes it into Location.
std::string whole_url(std::string_view url, const Request& request);

bool is_redirect(unsigned status);

// The answer that leads to `url`.
Verdict redirect_to(std::string_view url, unsigned status);

}  // namespace understudy::apache

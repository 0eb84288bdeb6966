// SPDX-License-Identifier: Apache-2.0
// What happens to a request's path between the match and the member, and to a member's redirects on
// their way back: the plug-in's PathTrim, TrimExt, PathPrepend and DefaultFileName, Apache's
// ProxyPass with another path, ProxyPassReverse and its two relatives for cookies. Values of the
// immutable Config; any thread.
#pragma once

#include <string>
#include <vector>

namespace understudy::config {

// AllowEncodedSlashes: what %2F is in a path.
enum class SlashEscapes : unsigned char {
  kKept,     // a letter of a name, and sent as it came; 404 where it would matter if it divided
  kRefused,  // Off: 404
  kDecoded,  // On: a slash, and sent as one
};

// All empty: the path is changed by none of them. In this order: trim, extension, default file,
// prepend.
struct PathRules {
  bool as_sent = true;         // members get the client's bytes; else the form that was matched
  std::string trim;            // "/weblogic": whole segments; another path stays as it is
  std::string trim_extension;  // ".wl": at the end of the last segment, if that has more than it
  std::string default_file;    // without a slash: what stands for "/"
  std::string prepend;         // "/app"
  bool ends_in_slash = false;  // what is trimmed to nothing is "/", and stands behind prepend

  bool change_paths() const {
    return !trim.empty() || !trim_extension.empty() || !default_file.empty() || !prepend.empty() ||
           ends_in_slash;
  }
};

// A redirect of a member to `path` leads clients to `client_path`. Both without a slash at the end,
// so that "/" is empty.
struct ReverseRule {
  std::string client_path;
  // "host:port", lower case; empty: any member. The host that the client asked for counts as well:
  // members may get the client's Host.
  std::string authority;
  std::string path;
  bool is_bare = false;  // written without a host: redirects without one are meant, and no others
};

// An attribute of the cookies that members set, as clients get it.
struct CookieRule {
  enum class Attribute : unsigned char { kDomain, kPath };
  Attribute attribute = Attribute::kPath;
  std::string of_members;  // a domain, lower case and without a dot at its front; or a path
  std::string of_clients;
};

}  // namespace understudy::config

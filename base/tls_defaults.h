// SPDX-License-Identifier: Apache-2.0
// What every context for clients has in common, so that nothing changes where a handshake moves
// from the context of a listening address to that of a host. Internal to the TLS files of base/;
// any thread.
#pragma once

struct ssl_ctx_st;

namespace understudy {

void set_tls_server_defaults(ssl_ctx_st* context);

}  // namespace understudy

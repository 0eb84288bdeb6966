// SPDX-License-Identifier: Apache-2.0
// From the public Options to what the cores and the keyring want. Resolves host names (blocking),
// reads the key file; called once, by Node::open().
#pragma once

#include <memory>

#include "backend_sdk/node_core.h"
#include "cookies/keyring.h"
#include "understudy/options.h"

namespace understudy {

// The key file's keys; with ClusterInsecure and no file, keys that any process can compute from the
// cluster's name: cookies and views keep their form, and their signatures mean nothing.
Outcome<std::shared_ptr<const Keyring>> load_keyring(const Options& options);

// What a link to one member may hold back: not less than the windows of the channels on it, or a
// slow member would break the link that a large ChannelWindowBytes was meant to keep busy.
std::size_t link_queue_bytes(const Options& options, std::size_t least);

Outcome<Address> resolve_one(std::string_view directive, const std::string& text);

// `cluster_address` is where ClusterListen is bound.
Outcome<NodeCoreOptions> core_options(const Options& options, const Address& cluster_address);

}  // namespace understudy

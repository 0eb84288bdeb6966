// SPDX-License-Identifier: Apache-2.0
// The key=value parameters of mod_proxy, behind ProxyPass, ProxySet and BalancerMember: one table
// that says what each does here. A parameter that tunes what this proxy does by itself is accepted,
// one that would change who answers is honoured or refused with the reason. Internal to
// proxy/config; used by one thread during one load.
#pragma once

#include "proxy/config/binding.h"

namespace understudy::config {

// `member` is null for a balancer's parameters: of ProxySet, and of ProxyPass to a balancer. False
// after an error, which is reported.
bool set_parameter(const conf::Word& word, MemberSeed* member, Seeds& seeds,
                   conf::Diagnostics& diagnostics);

}  // namespace understudy::config

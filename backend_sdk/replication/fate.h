// SPDX-License-Identifier: Apache-2.0
// Fate: what replication believes about another life; decided in one place, membership/fates.h.
#pragma once

#include "backend_sdk/membership/fates.h"

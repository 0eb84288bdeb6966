// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/wire/id_text.h"

#include "cookies/contract.h"

namespace understudy {

std::string mid_text(MemberId mid) {
  const MidText text = format_mid(mid);
  return {text.begin(), text.end()};
}

std::string channel_text(ChannelId channel) {
  return mid_text(primary_of(channel)) + "." + std::to_string(static_cast<uint32_t>(channel));
}

}  // namespace understudy

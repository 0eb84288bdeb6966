// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/cluster_keys.h"

#include <utility>

#include "backend_sdk/node/core_options.h"
#include "base/log.h"

namespace understudy {

Outcome<ClusterKeys::Read> ClusterKeys::read() {
  if (options_.cluster_key_file.empty()) {
    return Failure{FailureCode::kConfiguration,
                   "there is no ClusterKeyFile whose keys could be read again"};
  }
  const std::uint64_t turn = ++reads_;  // before the file is read
  Outcome<std::shared_ptr<const Keyring>> keyring = load_keyring(options_);
  if (!keyring) return keyring.failure();
  return Read{.keyring = *std::move(keyring), .turn = turn};
}

std::optional<Failure> ClusterKeys::why_not(const Read& read) const {
  const std::string why = read.keyring->why_not_after(*keyring_);
  if (why.empty()) return std::nullopt;
  return Failure{FailureCode::kKeyFile, options_.cluster_key_file + ": " + why};
}

void ClusterKeys::on_used(Read read) {
  const std::string warning = read.keyring->warning_after(*keyring_);
  LOG(kNotice, "member {}: cluster keys {}, the first signs; they were {}", options_.member_name,
      read.keyring->ids_text(), keyring_->ids_text());
  if (!warning.empty()) LOG(kWarn, "member {}: {}", options_.member_name, warning);
  keyring_ = std::move(read.keyring);
  turn_ = read.turn;
}

}  // namespace understudy

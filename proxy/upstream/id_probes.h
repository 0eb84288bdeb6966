// SPDX-License-Identifier: Apache-2.0
// IdProbes: asks members of the weblogic dialect for their ids (X-WebLogic-JVMID), several at a
// time, before a session is given to another member than its own. A HEAD of a path that no
// application has, on a connection of its own that is closed after the answer. Whom to ask and when
// is exchange/worker_cluster's decision, which owns it; worker thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "proxy/http/message.h"
#include "proxy/io/io_context.h"
#include "proxy/upstream/member_connections.h"

namespace understudy {

inline constexpr std::size_t kIdProbesMax = 64;

class IdProbes final {
 public:
  class User {
   public:
    // An answer's fields, whatever its status; they die with the call.
    virtual void on_id_answer(std::uint64_t serial, const http::FieldList& fields) = 0;
    virtual void on_id_silence(std::uint64_t serial) = 0;

   protected:
    ~User() = default;
  };

  IdProbes(const IoContext& io, User& user);
  ~IdProbes();
  IdProbes(const IdProbes&) = delete;

  // What is said of how many connections there are does not count. The answer never comes within
  // the call. Not to be called from one of the User's functions.
  void ask(std::uint64_t serial, const MemberConnections::Options& member, Duration wait);
  bool is_open() const;

 private:
  class Probe;

  const IoContext io_;
  User& user_;
  std::vector<std::unique_ptr<Probe>> probes_;  // those that have ended go with the next question
};

}  // namespace understudy

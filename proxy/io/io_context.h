// SPDX-License-Identifier: Apache-2.0
// What every connection of a worker works with: the loop, the free list of blocks, and scratch
// space for heads. Owned by the worker (server/), outlives all connections; worker thread only.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

#include "base/buffer.h"
#include "base/event_loop.h"
#include "cookies/affinity.h"
#include "proxy/http/hop_by_hop.h"
#include "proxy/http/http1/http1_writer.h"
#include "proxy/http/http1/line_memo.h"
#include "proxy/http/limits.h"
#include "proxy/http/message.h"

namespace understudy {

// Room for the lines that the proxy adds to a head or changes in it: all Cookie lines may be.
inline constexpr std::size_t kAddedLinesBytesMax = 16 * 1024 + http::kHeadBytesMax;
// A normalised path is at most three times as long as the received one.
inline constexpr std::size_t kPathScratchBytes = std::size_t{3} * http::kHeadBytesMax;

// The path behind another beginning and before a file's name, and the query.
inline constexpr std::size_t kTargetScratchBytes = kPathScratchBytes + http::kHeadBytesMax;

// Used from the parsing of a head until it has been handed to a socket, within one call; nothing in
// here but the memos is kept when that call returns.
struct HeadScratch {
  http::LineMemo request_memo{http::LineMemo::kOfRequests};
  http::LineMemo response_memo{http::LineMemo::kOfResponses};
  std::array<http::Field, http::kFieldsMax> request_fields;
  std::array<http::Field, http::kFieldsMax> response_fields;
  http::FieldMask dropped;
  http::HeadSpans spans;
  std::array<char, kAddedLinesBytesMax> lines_block;
  http::LineArena lines{lines_block};
  std::array<char, kPathScratchBytes> path;
  std::array<char, kTargetScratchBytes> target;
  http::RequestOrigin origin;
  std::vector<std::pair<std::string, std::string>> attributes;  // of origin
  std::array<char, kAffinityValueBytesMax> session;             // of a path parameter, decoded
};

// Objects that are finished but may still be on the call stack; destroyed when the turn ends.
class ClosedList final {
 public:
  // Whatever can be put here.
  class Item {
   public:
    virtual ~Item() = default;
  };

  explicit ClosedList(EventLoop& loop) : loop_(loop) {}
  ClosedList(const ClosedList&) = delete;
  void add(std::unique_ptr<Item> item);
  // For the owner's destructor, when no loop turns any longer.
  void clear();

 private:
  EventLoop& loop_;
  std::vector<std::unique_ptr<Item>> items_;
  std::vector<std::unique_ptr<Item>> dying_;  // empty but in clear()
};

struct IoContext {
  EventLoop& loop;
  BlockPool& blocks;
  HeadScratch& scratch;
  ClosedList& closed;
};

}  // namespace understudy

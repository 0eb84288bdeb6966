// SPDX-License-Identifier: Apache-2.0
// What the parts of the C ABI (understudy.h) share: the handles that C sees as opaque, texts and
// headers as C passes them, and guarded(), in which whatever is thrown below (memory, a thread that
// cannot be made) ends as UNDERSTUDY_SYSTEM. Included by c_abi_*.cc only.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backend_sdk/node/handle_table.h"
#include "understudy/node.h"
#include "understudy/options.h"
#include "understudy/session.h"
#include "understudy/understudy.h"

struct understudy_options {
  understudy::Options options;
};

struct understudy_node {
  std::unique_ptr<understudy::Node> node;
};

struct understudy_session {
  understudy::Session session;
  understudy_node* node = nullptr;  // a handle: it may be over
};

struct understudy_reply {
  int status = 0;
  std::vector<understudy::Header> headers;
  std::string body;
  understudy::SessionNote note = understudy::SessionNote::kNone;
};

namespace understudy {

template <typename Work>
understudy_code guarded(Work work) noexcept {
  try {
    return work();
  } catch (...) {
    return UNDERSTUDY_SYSTEM;
  }
}

// Null with a size is no text.
bool is_text(understudy_text text);
std::string_view view(understudy_text text);
understudy_text text_of(std::string_view text);
bool are_headers(const understudy_header* headers, std::size_t count);
// Cut where `size` ends, and always terminated; nothing is written without room.
void copy_text(const std::string& text, char* message, std::size_t size);
understudy_code code_of(FailureCode code);
understudy_note note_of(SessionNote note);

}  // namespace understudy

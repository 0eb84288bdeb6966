// SPDX-License-Identifier: Apache-2.0
// Calls of the SDK into the application: what a callback or a handler throws ends there, and not
// the thread. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace understudy {

// Of the exception that is being handled: its text.
std::string text_of_exception();
void log_thrown(std::string_view what, const std::string& text);

// False when `work` threw; then a line of the log says so, with `what` it was.
template <typename Work>
bool call_application(std::string_view what, const Work& work) {
  try {
    work();
    return true;
  } catch (...) {
    log_thrown(what, text_of_exception());
    return false;
  }
}

}  // namespace understudy

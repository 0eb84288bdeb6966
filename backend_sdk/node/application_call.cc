// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/application_call.h"

#include <exception>

#include "base/log.h"

namespace understudy {

std::string text_of_exception() {
  try {
    throw;
  } catch (const std::exception& thrown) {
    return thrown.what();
  } catch (const std::string& thrown) {
    return thrown;
  } catch (const char* thrown) {
    return thrown;
  } catch (...) {
    return "something that is no std::exception";
  }
}

void log_thrown(std::string_view what, const std::string& text) {
  LOG(kError, "{} threw: {}", what, text);
}

}  // namespace understudy

// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/message.h"

#include <array>

namespace understudy::http {

std::string_view to_text(Method method) {
  static constexpr std::array<std::string_view, 10> kTexts = {
      "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", ""};
  return kTexts[static_cast<size_t>(method)];
}

bool is_safe(Method method) {
  return method == Method::kGet || method == Method::kHead || method == Method::kOptions ||
         method == Method::kTrace;
}

bool is_idempotent(Method method) {
  return is_safe(method) || method == Method::kPut || method == Method::kDelete;
}

const Field* FieldList::find(FieldId id) const {
  if (!has(id)) return nullptr;
  for (const Field& field : fields_) {
    if (field.id == id) return &field;
  }
  return nullptr;
}

std::string_view FieldList::value(FieldId id) const {
  const Field* field = find(id);
  return field == nullptr ? std::string_view{} : field->value;
}

size_t FieldList::count(FieldId id) const {
  size_t count = 0;
  if (!has(id)) return 0;
  for (const Field& field : fields_) count += field.id == id ? 1 : 0;
  return count;
}

}  // namespace understudy::http

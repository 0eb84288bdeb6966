// SPDX-License-Identifier: Apache-2.0
#include "proxy/apache/environment_rules.h"

#include <array>
#include <optional>

#include "proxy/apache/expression.h"
#include "proxy/apache/request.h"
#include "proxy/apache/variables.h"

namespace understudy::apache {
namespace {

using Subject = EnvironmentRule::Subject;
using Caught = std::array<std::string_view, Pattern::kGroupsMax>;

void assign(const EnvironmentRule& rule, std::span<const std::string_view> groups,
            const Request& request) {
  for (const Assignment& one : rule.assignments) {
    if (one.is_unset) {
      request.environment->unset(one.name);
    } else {
      request.environment->set(one.name, one.value.apply(groups));
    }
  }
}

// What the pattern looks at; an absent field is an empty text, as in Apache.
std::string subject_of(const EnvironmentRule& rule, const Request& request) {
  switch (rule.subject) {
    case Subject::kClient:
      return variable("REMOTE_ADDR", request);
    case Subject::kServer:
      return variable("SERVER_ADDR", request);
    case Subject::kMethod:
      return std::string(request.method);
    case Subject::kProtocol:
      return std::string(request.protocol);
    case Subject::kPath:
      return std::string(request.path);
    default:
      break;
  }
  std::string value = field_value(*request.fields, rule.name);
  const std::string* earlier = request.environment->find(rule.name);
  return value.empty() && earlier != nullptr ? *earlier : value;
}

void apply_to_fields(const EnvironmentRule& rule, const Request& request) {
  Caught groups;
  for (const http::Field& field : *request.fields) {
    if (!rule.names->matches(field.name)) continue;
    if (rule.pattern->find(field.value, 0, groups)) return assign(rule, groups, request);
  }
}

void apply_expression(const EnvironmentRule& rule, const Request& request) {
  std::vector<std::string> caught;
  if (!rule.expression->holds(request, &caught)) return;
  const std::vector<std::string_view> groups(caught.begin(), caught.end());
  assign(rule, groups, request);
}

}  // namespace

void set_variables(const std::vector<EnvironmentRule>& rules, const Request& request) {
  Caught groups;
  for (const EnvironmentRule& rule : rules) {
    if (rule.subject == Subject::kAlways) {
      assign(rule, {}, request);
    } else if (rule.subject == Subject::kExpression) {
      apply_expression(rule, request);
    } else if (rule.subject == Subject::kFields) {
      apply_to_fields(rule, request);
    } else {
      const std::string subject = subject_of(rule, request);
      if (rule.pattern->find(subject, 0, groups)) assign(rule, groups, request);
    }
  }
}

}  // namespace understudy::apache

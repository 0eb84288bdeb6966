// SPDX-License-Identifier: Apache-2.0
// What Header and RequestHeader may ask of Apache's rules: env=, expr=, %{NAME}e and %{NAME}s. They
// stand behind two interfaces of proxy/http, which knows no rules. Immutable; any thread.
#pragma once

#include <memory>
#include <string>

#include "proxy/apache/expression.h"
#include "proxy/http/field_edits.h"

namespace understudy::apache {

// env=NAME, env=!NAME.
std::shared_ptr<const http::EditCondition> when_variable(std::string name, bool is_unset);
std::shared_ptr<const http::EditCondition> when_holds(std::shared_ptr<const Expression> expression);

// %{NAME}e; "(null)" without such a variable, as in Apache.
std::shared_ptr<const http::EditText> text_of_variable(std::string name);
// %{NAME}s: a variable of variables.h.
std::shared_ptr<const http::EditText> text_of_fact(std::string name);
std::shared_ptr<const http::EditText> text_of_expression(std::shared_ptr<const Expression> words);

}  // namespace understudy::apache

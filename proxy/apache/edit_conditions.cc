// SPDX-License-Identifier: Apache-2.0
#include "proxy/apache/edit_conditions.h"

#include <utility>

#include "proxy/apache/request.h"
#include "proxy/apache/variables.h"

namespace understudy::apache {
namespace {

constexpr std::string_view kNull = "(null)";

class WhenVariable final : public http::EditCondition {
 public:
  WhenVariable(std::string name, bool is_unset) : name_(std::move(name)), is_unset_(is_unset) {}
  bool holds(const http::EditFacts& facts) const override {
    const Request* request = facts.request();
    const bool is_set = request != nullptr && request->environment->has(name_);
    return is_set != is_unset_;
  }

 private:
  const std::string name_;
  const bool is_unset_;
};

class WhenHolds final : public http::EditCondition {
 public:
  explicit WhenHolds(std::shared_ptr<const Expression> expression)
      : expression_(std::move(expression)) {}
  bool holds(const http::EditFacts& facts) const override {
    const Request* request = facts.request();
    return request != nullptr && expression_->holds(*request);
  }

 private:
  const std::shared_ptr<const Expression> expression_;
};

class OfVariable final : public http::EditText {
 public:
  explicit OfVariable(std::string name) : name_(std::move(name)) {}
  std::string text(const http::EditFacts& facts) const override {
    const Request* request = facts.request();
    const std::string* value = request == nullptr ? nullptr : request->environment->find(name_);
    return value != nullptr ? *value : std::string(kNull);
  }

 private:
  const std::string name_;
};

class OfFact final : public http::EditText {
 public:
  explicit OfFact(std::string name) : name_(std::move(name)) {}
  std::string text(const http::EditFacts& facts) const override {
    const Request* request = facts.request();
    std::string value = request == nullptr ? std::string() : variable(name_, *request);
    return value.empty() ? std::string(kNull) : value;
  }

 private:
  const std::string name_;
};

class OfExpression final : public http::EditText {
 public:
  explicit OfExpression(std::shared_ptr<const Expression> words) : words_(std::move(words)) {}
  std::string text(const http::EditFacts& facts) const override {
    const Request* request = facts.request();
    return request == nullptr ? std::string() : words_->text(*request);
  }

 private:
  const std::shared_ptr<const Expression> words_;
};

}  // namespace

std::shared_ptr<const http::EditCondition> when_variable(std::string name, bool is_unset) {
  return std::make_shared<const WhenVariable>(std::move(name), is_unset);
}

std::shared_ptr<const http::EditCondition> when_holds(
    std::shared_ptr<const Expression> expression) {
  return std::make_shared<const WhenHolds>(std::move(expression));
}

std::shared_ptr<const http::EditText> text_of_variable(std::string name) {
  return std::make_shared<const OfVariable>(std::move(name));
}

std::shared_ptr<const http::EditText> text_of_fact(std::string name) {
  return std::make_shared<const OfFact>(std::move(name));
}

std::shared_ptr<const http::EditText> text_of_expression(std::shared_ptr<const Expression> words) {
  return std::make_shared<const OfExpression>(std::move(words));
}

}  // namespace understudy::apache

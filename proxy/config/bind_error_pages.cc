// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "conf/files.h"
#include "proxy/config/binding.h"

namespace understudy::config {

namespace {

using Page = std::shared_ptr<const ErrorPage>;

constexpr std::int64_t kErrorStatusMin = 400;
constexpr std::int64_t kErrorStatusMax = 599;

bool is_url(std::string_view text) {
  return text.starts_with("http://") || text.starts_with("https://");
}

bool is_url_byte(char c) {
  return c > ' ' && c < 0x7f && std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos;
}

std::string content_type_of(std::string_view path) {
  if (path.ends_with(".json")) return "application/json";
  if (path.ends_with(".txt")) return "text/plain; charset=utf-8";
  return "text/html; charset=utf-8";
}

class Reader final {
 public:
  Reader(const Scope& scope, Binding& binding) : scope_(scope), binding_(binding) {}

  Page url(const conf::Word& word) {
    const bool is_right = word.text.size() <= kErrorUrlBytesMax &&
                          std::all_of(word.text.begin(), word.text.end(), is_url_byte);
    if (is_right) return page({.url = word.text});
    binding_.diagnostics().error(word, "expected a URL of at most " +
                                           std::to_string(kErrorUrlBytesMax) +
                                           " bytes, with what is not ASCII escaped");
    return nullptr;
  }

  Page text(const conf::Word& word) {
    if (word.text.size() <= kErrorPageBytesMax) {
      return page({.content_type = content_type_of(""), .body = word.text});
    }
    binding_.diagnostics().error(
        word, "the text is longer than " + conf::size_text(kErrorPageBytesMax) + " bytes");
    return nullptr;
  }

  Page file(const conf::Word& word) {
    const std::string path = path_of(word);
    static const conf::DiskFiles disk;
    const conf::Files& files = binding_.options.files != nullptr ? *binding_.options.files : disk;
    conf::FileText read = files.read(path, kErrorPageBytesMax);
    if (read.text) {
      return page({.content_type = content_type_of(path), .body = *std::move(read.text)});
    }
    binding_.diagnostics().error(word, path + " cannot be used as an error page: " + read.error);
    return nullptr;
  }

 private:
  static Page page(ErrorPage page) { return std::make_shared<const ErrorPage>(std::move(page)); }

  // In Apache a path is one of the site's.
  std::string path_of(const conf::Word& word) const {
    if (const auto aliased = behind_alias(word.text)) return *aliased;
    const conf::Directive* root = scope_.settings.directive("DocumentRoot");
    if (root == nullptr || !word.text.starts_with('/')) return binding_.source.resolved_path(word);
    return std::string(without_slash(binding_.source.resolved_path(root->arguments.front()))) +
           word.text;
  }

  // Alias: the first that fits, the host's own before those outside of it.
  std::optional<std::string> behind_alias(std::string_view path) const {
    for (const Scope* scope = &scope_; scope != nullptr; scope = scope->outer) {
      for (const conf::Directive* alias : scope->settings.all_here("Alias")) {
        const std::string_view front = without_slash(alias->arguments[0].text);
        const bool fits =
            path.starts_with(front) && (path.size() == front.size() || path[front.size()] == '/');
        if (!fits) continue;
        return std::string(without_slash(binding_.source.resolved_path(alias->arguments[1]))) +
               std::string(path.substr(front.size()));
      }
    }
    return {};
  }

  const Scope& scope_;
  Binding& binding_;
};

void add_document(const conf::Directive& directive, Reader& reader, ErrorPages& pages,
                  conf::Diagnostics& diagnostics) {
  const conf::Word& number = directive.arguments[0];
  const conf::Word& what = directive.arguments[1];
  const auto status = conf::parse_integer(number.text);
  if (!status || *status < kErrorStatusMin || *status > kErrorStatusMax) {
    diagnostics.error(number,
                      "expected the status of an error, 400 to 599, not '" + number.text + "'");
    return;
  }
  Page page;
  if (is_url(what.text)) {
    page = reader.url(what);
  } else if (what.text.starts_with('/')) {
    page = reader.file(what);
  } else if (!conf::equal_ignoring_case(what.text, "default")) {
    page = reader.text(what);
  }
  pages.by_status.insert_or_assign(static_cast<std::uint16_t>(*status), std::move(page));
}

}  // namespace

void add_error_pages(const Scope& scope, ErrorPages& pages, Binding& binding) {
  Reader reader(scope, binding);
  for (const conf::Directive* directive : scope.settings.all_here("ErrorDocument")) {
    add_document(*directive, reader, pages, binding.diagnostics());
  }
  for (const conf::Directive* directive : scope.settings.all_here("ErrorPage")) {
    const conf::Word& word = directive->arguments.front();
    pages.no_member = is_url(word.text) ? reader.url(word) : reader.file(word);
  }
}

}  // namespace understudy::config

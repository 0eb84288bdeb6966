// SPDX-License-Identifier: Apache-2.0
#include "base/pattern.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"

namespace understudy {
namespace {

// Of one compiled expression; a larger one is refused.
constexpr std::int64_t kMemoryBytesMax = std::int64_t{1} << 20;

}  // namespace

struct Pattern::Compiled {
  Compiled(std::string_view text, const re2::RE2::Options& options)
      : regex(re2::StringPiece(text.data(), text.size()), options) {}
  re2::RE2 regex;
};

Pattern::Pattern(std::string text, std::unique_ptr<Compiled> compiled)
    : text_(std::move(text)), compiled_(std::move(compiled)) {}

Pattern::~Pattern() = default;

Result<std::shared_ptr<const Pattern>> Pattern::compile(std::string_view text) {
  re2::RE2::Options options(re2::RE2::Quiet);
  // Paths and header fields are bytes.
  options.set_encoding(re2::RE2::Options::EncodingLatin1);
  options.set_max_mem(kMemoryBytesMax);
  auto compiled = std::make_unique<Compiled>(text, options);
  if (!compiled->regex.ok()) {
    return Error{.code = ErrorCode::kInvalid, .detail = compiled->regex.error()};
  }
  return std::shared_ptr<const Pattern>(new Pattern(std::string(text), std::move(compiled)));
}

std::size_t Pattern::group_count() const {
  return static_cast<std::size_t>(compiled_->regex.NumberOfCapturingGroups());
}

bool Pattern::matches(std::string_view text) const {
  return find(text, 0, {});
}

bool Pattern::find(std::string_view text, std::size_t from,
                   std::span<std::string_view> groups) const {
  DCHECK(from <= text.size() && groups.size() <= kGroupsMax);
  std::array<re2::StringPiece, kGroupsMax> found;
  const std::size_t wanted = std::min(groups.size(), group_count() + 1);
  const bool is_there =
      compiled_->regex.Match(re2::StringPiece(text.data(), text.size()), from, text.size(),
                             re2::RE2::UNANCHORED, found.data(), static_cast<int>(wanted));
  for (std::size_t i = 0; is_there && i < groups.size(); ++i) {
    groups[i] = i < wanted && found[i].data() != nullptr
                    ? std::string_view(found[i].data(), found[i].size())
                    : std::string_view();
  }
  return is_there;
}

}  // namespace understudy

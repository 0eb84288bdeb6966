// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/line_arena.h"

#include "base/check.h"

namespace understudy::http {
namespace {

// Two digits at a time: each request has a number or two.
class Decimal final {
 public:
  explicit Decimal(uint64_t number) {
    for (; number >= 100; number /= 100) put_two(number % 100);
    if (number >= 10) {
      put_two(number);
    } else {
      digits_[--begin_] = static_cast<char>('0' + number);
    }
  }
  std::string_view text() const { return {digits_ + begin_, sizeof digits_ - begin_}; }

 private:
  void put_two(uint64_t pair) {
    static constexpr char kPairs[] =
        "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243"
        "4445464748495051525354555657585960616263646566676869707172737475767778798081828384858687"
        "888990919293949596979899";
    begin_ -= 2;
    std::memcpy(digits_ + begin_, kPairs + 2 * pair, 2);
  }
  size_t begin_ = 20;  // of the largest number
  char digits_[20];
};

}  // namespace

void LineArena::erase(size_t at, size_t bytes) {
  DCHECK(at + bytes <= size_);
  char* const hole = block_.data() + at;
  std::memmove(hole, hole + bytes, size_ - at - bytes);
  size_ -= bytes;
}

void LineArena::append_number(uint64_t number) {
  append(Decimal(number).text());
}

void LineArena::add_line(std::string_view name, uint64_t value) {
  add_line(name, Decimal(value).text());
}

}  // namespace understudy::http

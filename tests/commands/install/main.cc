// SPDX-License-Identifier: Apache-2.0
// An application outside of this tree: all it knows is what `cmake --install` has put somewhere.
#include <understudy/node.h>
#include <understudy/options.h>

#include <cstdio>

int main() {
  const auto options = understudy::Options::load("there_is_no.conf");
  if (options) return 1;
  std::puts(options.failure().text.c_str());
  return understudy::Node::open(understudy::Options{}) ? 1 : 0;  // a node without a name
}

// SPDX-License-Identifier: Apache-2.0
// The files of AuthUserFile and AuthGroupFile, as htpasswd and its like write them.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "conf/files.h"
#include "proxy/apache/password.h"
#include "proxy/config/binding.h"

namespace understudy::config {

namespace {

constexpr std::size_t kUsersFileBytesMax = std::size_t{4} * 1024 * 1024;

// Each line of a file, without its blanks at both ends, that is no comment.
template <typename Take>
void read_lines(const conf::Word& word, Binding& binding, Take take) {
  const std::string path = binding.source.resolved_path(word);
  static const conf::DiskFiles disk;
  const conf::Files& files = binding.options.files != nullptr ? *binding.options.files : disk;
  const conf::FileText file = files.read(path, kUsersFileBytesMax);
  if (!file.text) {
    binding.diagnostics().error(word, path + " cannot be read: " + file.error);
    return;
  }
  std::string_view rest = *file.text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    while (!line.empty() && std::string_view(" \t\r").find(line.back()) != line.npos) {
      line.remove_suffix(1);
    }
    if (!line.empty() && line.front() != '#') take(line);
  }
}

}  // namespace

std::shared_ptr<const apache::Users> bind_users(const conf::Word& word, Binding& binding) {
  apache::Users users;
  read_lines(word, binding, [&](std::string_view line) {
    const std::size_t colon = line.find(':');
    const std::string name(line.substr(0, colon));
    std::string_view hash = colon == line.npos ? std::string_view() : line.substr(colon + 1);
    hash = hash.substr(0, hash.find(':'));
    if (!name.empty() && apache::is_password_hash(hash)) {
      users.hashes.emplace(name, hash);
    } else {
      binding.diagnostics().error(word, "the hash of user '" + name +
                                            "' is none that can be checked here; make it anew with "
                                            "htpasswd -B");
    }
  });
  return std::make_shared<const apache::Users>(std::move(users));
}

std::shared_ptr<const apache::Groups> bind_groups(const conf::Word& word, Binding& binding) {
  apache::Groups groups;
  read_lines(word, binding, [&groups](std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == line.npos) return;
    auto& members = groups.members[std::string(line.substr(0, colon))];
    for (const std::string_view name : conf::parts(line.substr(colon + 1), ' ')) {
      members.emplace_back(name);
    }
  });
  return std::make_shared<const apache::Groups>(std::move(groups));
}

}  // namespace understudy::config

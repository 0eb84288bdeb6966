// SPDX-License-Identifier: Apache-2.0
// Which requests of a host go where: the sections about paths in the order in which they merge, and
// what ProxyPass and its relatives name as targets. The rule, and the only place that knows it:
//
// - Apache's directives as Apache has it. ProxyPass inside of a section: the last section that
//   matches. Then the ProxyPass and ProxyPassMatch lines outside of sections: the first that
//   matches, those outside of all hosts before the host's own.
// - Our own directives and the plug-in's (BackendCluster, BalancerMember in a location): the
// longest
//   path. Against a target of the other kind the longer path goes first as well.
// - What sections say about access, header fields and errors merges in their order in both cases.
//
// Internal to proxy/config; used during one load.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/apache/host_rules.h"
#include "proxy/config/binding.h"

namespace understudy::config {

struct SectionOfPaths {
  const conf::Directive* written = nullptr;
  apache::Where where = {};
  apache::Section rules = {};
  bool is_outside = false;  // of all hosts
  bool is_of_host = false;  // what stands in no section
  apache::OwnPage page = apache::OwnPage::kNone;
  bool names_members = false;  // by our own directives or the plug-in's
  bool lacks_handler = false;  // the plug-in's members without its handler: warned of

  bool is_plain() const { return where.kind == apache::Where::Kind::kPath; }
};

struct Target {
  conf::Word where = {};     // for what is to be said of it
  apache::Where paths = {};  // kPath or kExpression
  Seeds seeds = {};
  bool is_own = false;                      // not Apache's ProxyPass
  std::optional<std::size_t> section = {};  // whose it is
  std::string url = {};                     // of ProxyPass
  std::string path_template = {};           // of an expression's: what comes behind the authority
  std::uint32_t rank = 0;                   // of Apache's: the lowest that matches
  // Of a worker that shows the state.
  apache::OwnPage page = apache::OwnPage::kNone;
};

class TargetList final {
 public:
  TargetList(const Scope& host, const Balancers& balancers, Binding& binding);

  const std::vector<SectionOfPaths>& sections() const { return sections_; }
  const std::vector<Target>& all() const { return targets_; }

  // Of requests at and below `path`, where nothing longer is configured; null: none.
  const Target* of_path(std::string_view path) const;
  // Plain sections about them, in order.
  std::vector<std::size_t> sections_of_path(std::string_view path) const;
  // The paths at which anything changes.
  std::vector<std::string> paths() const;
  // What <Proxy> says of requests that go to `url`, in order.
  std::vector<apache::Section> proxy_sections(std::string_view url) const;
  bool has_patterns() const;
  // Of rules with [P], by their `target`.
  const std::vector<Target>& rewritten() const { return rewritten_; }
  // All but the targets.
  apache::HostRules take_rules() { return std::move(rules_); }

 private:
  struct At {  // one path
    std::vector<std::size_t> sections = {};
    std::optional<std::size_t> of_section = {};  // Apache's, the last
    std::optional<std::size_t> own = {};
    std::optional<std::size_t> line = {};  // the first
  };
  struct ProxySection {
    std::string pattern = {};
    std::shared_ptr<const Pattern> expression = {};  // of <ProxyMatch>
    apache::Section rules = {};
  };

  void add_host_branches(const Scope& scope);
  void add_sections(const Scope& scope);
  void add_section_target(std::size_t section, const Scope& scope);
  void add_lines(const Scope& scope);
  void add_line(const conf::Directive& directive);
  // bind_jk.cc: what JkMount and its relatives say.
  void add_mounts(const Scope& host);
  std::optional<Target> mounted(const conf::Directive& directive, apache::Where paths);
  std::uint32_t next_line_rank() const;
  void add_proxy_sections(const Scope& scope);
  void add_target(Target target);
  void add_own(const conf::Word& where, std::size_t section, Seeds seeds);
  std::optional<Target> pass_target(const conf::Directive& directive, std::size_t url_at,
                                    apache::Where paths);
  void bind_rules();
  void add_rewritten();
  void warn_of_hidden();

  const Scope& host_;
  const Balancers& balancers_;
  Binding& binding_;
  std::vector<SectionOfPaths> sections_;
  std::vector<Target> targets_;
  std::vector<Target> rewritten_;
  Rewrites rewrites_;
  apache::HostRules rules_;
  std::vector<ProxySection> proxies_;
  std::map<std::string, At, std::less<>> at_;
};

}  // namespace understudy::config

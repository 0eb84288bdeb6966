// SPDX-License-Identifier: Apache-2.0
// One configuration file of one program, read, parsed and checked: the usual way in.
//
//   auto configuration = conf::Configuration::load("a.conf", conf::Program::kBackend);
//   if (configuration->diagnostics().has_errors()) return configuration->diagnostics().text();
//   const conf::Settings settings = configuration->settings();
//   auto interval = settings.duration("HeartbeatInterval");  // 1s unless the file says more
//
// Owns the sources, the tree and the diagnostics; Settings borrow from it. One thread at a time.
#pragma once

#include <memory>
#include <string>

#include "conf/diagnostic.h"
#include "conf/directive_table.h"
#include "conf/files.h"
#include "conf/parser.h"
#include "conf/settings.h"
#include "conf/sources.h"
#include "conf/tree.h"

namespace understudy::conf {

class Configuration final {
 public:
  // Never null: what went wrong is in diagnostics().
  static std::unique_ptr<Configuration> load(const std::string& path, Program program);
  static std::unique_ptr<Configuration> load(const std::string& path, Program program,
                                             const Files& files, const ParseOptions& options);

  // Of the global section: of what is right in it.
  Settings settings() const { return Settings(program_, tree_.directives); }

  // Without what check() has found an error in.
  const Tree& tree() const { return tree_; }
  // False after an error: what is missing now may have been there.
  bool is_whole() const { return is_whole_; }
  const Sources& sources() const { return sources_; }
  // The binder adds what only it can know, as relations between directives.
  Diagnostics& diagnostics() { return diagnostics_; }
  const std::string& path() const { return path_; }

  // A file that a directive names and the binder reads: diagnostics can show its lines. The index
  // for positions.
  std::uint32_t add_source(std::string path, std::string text, Position named_at);
  // A path as written by a directive, seen from ServerRoot, without one from the file the directive
  // stands in.
  std::string resolved_path(const Word& argument) const;

 private:
  Configuration(std::string path, Program program)
      : path_(std::move(path)), program_(program), diagnostics_(sources_) {}

  const std::string path_;
  const Program program_;
  Sources sources_;
  Diagnostics diagnostics_;
  Tree tree_;
  bool is_whole_ = true;
};

}  // namespace understudy::conf

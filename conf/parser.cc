// SPDX-License-Identifier: Apache-2.0
#include "conf/parser.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <utility>

#include "conf/lexer.h"
#include "conf/limits.h"
#include "conf/suggestion.h"
#include "conf/values.h"

namespace understudy::conf {

namespace {

// What a configuration for Apache asks for and finds done by this program.
constexpr std::array<std::string_view, 18> kModules = {
    "mod_understudy.c", "understudy_module", "mod_weblogic.c",       "weblogic_module",
    "mod_wl_24.c",      "mod_wl_22.c",       "mod_wl_20.c",          "mod_proxy.c",
    "proxy_module",     "mod_proxy_http.c",  "mod_proxy_balancer.c", "proxy_balancer_module",
    "mod_log_config.c", "log_config_module", "mod_reqtimeout.c",     "reqtimeout_module",
    "mod_ssl.c",        "ssl_module",
};

bool is_condition(std::string_view name) {
  return equal_ignoring_case(name, "IfModule") || equal_ignoring_case(name, "IfDefine");
}

bool has_wildcard(std::string_view path) {
  return path.find_first_of("*?[") != std::string_view::npos;
}

class Parser final {
 public:
  Parser(const Files& files, const ParseOptions& options, Sources& sources,
         Diagnostics& diagnostics)
      : files_(files),
        sources_(sources),
        diagnostics_(diagnostics),
        variables_(options.environment) {
    for (const std::string& name : options.defines) variables_.define(name, "");
  }

  Tree parse(const std::string& path) {
    Tree tree;
    const FileText file = files_.read(path, kFileBytesMax);
    if (!file.text) {
      diagnostics_.error_in_file(path, "cannot be read: " + file.error);
      return tree;
    }
    read_file(path, *file.text, std::nullopt, tree.directives);
    return tree;
  }

 private:
  // One line of <...> that is open. A condition adds no section of its own: what it holds goes to
  // the section outside, or nowhere.
  struct Open {
    Word name;
    std::vector<Directive>* outside;  // where to return to
    bool was_skipping;
  };

  void read_file(const std::string& path, std::string text, std::optional<Position> from,
                 std::vector<Directive>& into);
  void read_line(Line line, std::vector<Directive>*& into, std::vector<Open>& open);
  void open_section(Line line, std::vector<Directive>*& into, std::vector<Open>& open);
  void close_section(const Line& line, std::vector<Directive>*& into, std::vector<Open>& open);
  bool holds(const Line& line);
  bool is_defined(const std::string& name) const { return variables_.is_defined(name); }
  bool takes_one_more(const Word& name);

  void read_directive(Line line, std::vector<Directive>& into);
  bool expand(std::vector<Word>& words);
  void define(const Line& line);
  void undefine(const Line& line);
  void include(const Line& line, bool is_optional, std::vector<Directive>& into);
  void include_file(const Word& word, const std::string& path, std::vector<Directive>& into);
  std::string beside_including_file(const Word& word) const;

  const Files& files_;
  Sources& sources_;
  Diagnostics& diagnostics_;
  Variables variables_;
  std::vector<std::string> open_files_;  // the chain of includes, for cycles and depth
  std::size_t section_depth_ = 0;
  std::size_t directive_count_ = 0;
  bool is_skipping_ = false;  // inside of a condition that does not hold
  bool is_full_ = false;
};

void Parser::read_file(const std::string& path, std::string text, std::optional<Position> from,
                       std::vector<Directive>& into) {
  const std::uint32_t index =
      sources_.add({.path = path, .text = std::move(text), .included_from = from});
  open_files_.push_back(std::filesystem::path(path).lexically_normal().string());

  Lexer lexer(sources_.at(index).text, index, diagnostics_);
  std::vector<Directive>* current = &into;
  std::vector<Open> open;
  Line line;
  while (!is_full_ && lexer.next(line)) read_line(std::move(line), current, open);
  if (!open.empty()) is_skipping_ = open.front().was_skipping;
  for (const Open& section : open) {
    if (is_full_) break;
    diagnostics_.error(section.name, "<" + section.name.text +
                                         "> is not closed in this file; expected </" +
                                         section.name.text + ">");
  }
  section_depth_ -= open.size();
  open_files_.pop_back();
}

void Parser::read_line(Line line, std::vector<Directive>*& into, std::vector<Open>& open) {
  if (line.kind == LineKind::kOpen) {
    open_section(std::move(line), into, open);
  } else if (line.kind == LineKind::kClose) {
    close_section(line, into, open);
  } else if (!is_skipping_) {
    read_directive(std::move(line), *into);
  }
}

bool Parser::takes_one_more(const Word& name) {
  if (directive_count_ < kDirectivesMax) {
    ++directive_count_;
    return true;
  }
  is_full_ = true;
  diagnostics_.error(name, "more than " + std::to_string(kDirectivesMax) + " directives");
  return false;
}

void Parser::open_section(Line line, std::vector<Directive>*& into, std::vector<Open>& open) {
  if (section_depth_ >= kSectionDepthMax) {
    diagnostics_.error(line.name, "sections are nested deeper than " +
                                      std::to_string(kSectionDepthMax) + " levels");
    is_full_ = true;  // what follows would be read in the wrong section
    return;
  }
  ++section_depth_;
  open.push_back({.name = line.name, .outside = into, .was_skipping = is_skipping_});
  if (is_skipping_) return;
  if (is_condition(line.name.text)) {
    is_skipping_ = !holds(line);
    return;
  }
  if (!takes_one_more(line.name) || !expand(line.arguments)) {
    is_skipping_ = true;
    return;
  }
  into->push_back({.name = std::move(line.name),
                   .arguments = std::move(line.arguments),
                   .is_section = true,
                   .children = {}});
  into = &into->back().children;
}

void Parser::close_section(const Line& line, std::vector<Directive>*& into,
                           std::vector<Open>& open) {
  if (open.empty()) {
    diagnostics_.error(line.name, "</" + line.name.text + "> closes a section that is not open");
    return;
  }
  const Open& last = open.back();
  if (!line.arguments.empty()) {
    diagnostics_.error(line.arguments.front(), "a closing tag has no arguments");
  }
  if (!equal_ignoring_case(last.name.text, line.name.text)) {
    diagnostics_.error(line.name, "</" + line.name.text + "> does not close <" + last.name.text +
                                      "> of line " + std::to_string(last.name.at.line));
    const auto opened = std::find_if(open.rbegin(), open.rend(), [&line](const Open& section) {
      return equal_ignoring_case(section.name.text, line.name.text);
    });
    // A tag that closes nothing is skipped; one that closes an outer section closes those inside.
    if (opened == open.rend()) return;
    while (!equal_ignoring_case(open.back().name.text, line.name.text)) {
      open.pop_back();
      --section_depth_;
    }
  }
  into = open.back().outside;
  is_skipping_ = open.back().was_skipping;
  open.pop_back();
  --section_depth_;
}

bool Parser::holds(const Line& line) {
  if (line.arguments.size() != 1) {
    diagnostics_.error(line.name, "<" + line.name.text + "> takes exactly one name");
    return false;
  }
  std::string name = line.arguments.front().text;
  const bool is_negated = name.starts_with('!');
  if (is_negated) name.erase(0, 1);
  const bool is_there =
      equal_ignoring_case(line.name.text, "IfModule") ? is_module_present(name) : is_defined(name);
  return is_there != is_negated;
}

bool Parser::expand(std::vector<Word>& words) {
  bool is_expanded = true;
  for (Word& word : words) is_expanded &= variables_.expand(word, diagnostics_);
  return is_expanded;
}

void Parser::read_directive(Line line, std::vector<Directive>& into) {
  if (!takes_one_more(line.name)) return;
  const std::string_view name = line.name.text;
  if (equal_ignoring_case(name, "UnDefine")) return undefine(line);
  if (!expand(line.arguments)) return;
  if (equal_ignoring_case(name, "Define")) return define(line);
  if (equal_ignoring_case(name, "Include")) return include(line, false, into);
  if (equal_ignoring_case(name, "IncludeOptional")) return include(line, true, into);
  into.push_back({.name = std::move(line.name),
                  .arguments = std::move(line.arguments),
                  .is_section = false,
                  .children = {}});
}

void Parser::define(const Line& line) {
  if (line.arguments.empty() || line.arguments.size() > 2) {
    diagnostics_.error(line.name, "Define takes a name and at most one value");
    return;
  }
  const Word& name = line.arguments.front();
  if (!Variables::is_name(name.text)) {
    diagnostics_.error(name, "a name consists of letters, digits, '_', '-' and '.'");
    return;
  }
  std::string value = line.arguments.size() == 2 ? line.arguments[1].text : std::string();
  if (!variables_.define(name.text, std::move(value))) {
    diagnostics_.error(name, "more than " + std::to_string(kVariablesMax) + " names are defined");
  }
}

void Parser::undefine(const Line& line) {
  if (line.arguments.size() != 1) {
    diagnostics_.error(line.name, "UnDefine takes exactly one name");
    return;
  }
  variables_.undefine(line.arguments.front().text);
}

std::string Parser::beside_including_file(const Word& word) const {
  const std::filesystem::path path(word.text);
  if (path.is_absolute()) return word.text;
  return (std::filesystem::path(sources_.at(word.at.file).path).parent_path() / path).string();
}

void Parser::include(const Line& line, bool is_optional, std::vector<Directive>& into) {
  if (line.arguments.size() != 1) {
    diagnostics_.error(line.name, line.name.text + " takes exactly one path");
    return;
  }
  const Word& word = line.arguments.front();
  const std::string pattern = beside_including_file(word);
  const bool is_pattern = has_wildcard(pattern);
  if (!is_pattern && !is_optional) return include_file(word, pattern, into);

  const std::vector<std::string> paths = files_.matching(pattern, kFilesMax);
  if (paths.empty() && !is_optional) {
    diagnostics_.error(word, "no file matches; IncludeOptional would accept that");
  }
  for (const std::string& path : paths) {
    if (is_full_) return;
    include_file(word, path, into);
  }
}

void Parser::include_file(const Word& word, const std::string& path, std::vector<Directive>& into) {
  const std::string normal = std::filesystem::path(path).lexically_normal().string();
  if (std::find(open_files_.begin(), open_files_.end(), normal) != open_files_.end()) {
    diagnostics_.error(word, path + " includes itself");
    return;
  }
  if (open_files_.size() > kIncludeDepthMax) {
    diagnostics_.error(word, "files include each other deeper than " +
                                 std::to_string(kIncludeDepthMax) + " levels");
    return;
  }
  if (sources_.count() >= kFilesMax) {
    diagnostics_.error(word, "more than " + std::to_string(kFilesMax) + " files");
    is_full_ = true;
    return;
  }
  FileText file = files_.read(path, kFileBytesMax);
  if (!file.text) {
    diagnostics_.error(word, path + " cannot be read: " + file.error);
    return;
  }
  if (sources_.total_bytes() + file.text->size() > kTotalBytesMax) {
    diagnostics_.error(
        word, "all files together have more than " + std::to_string(kTotalBytesMax) + " bytes");
    is_full_ = true;
    return;
  }
  read_file(path, std::move(*file.text), word.at, into);
}

}  // namespace

bool is_module_present(std::string_view name) {
  return std::find(kModules.begin(), kModules.end(), name) != kModules.end();
}

Tree parse(const std::string& path, const Files& files, const ParseOptions& options,
           Sources& sources, Diagnostics& diagnostics) {
  return Parser(files, options, sources, diagnostics).parse(path);
}

}  // namespace understudy::conf

// SPDX-License-Identifier: Apache-2.0
#include "conf/parser.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <utility>

#include "conf/conditions.h"
#include "conf/lexer.h"
#include "conf/limits.h"
#include "conf/server_root.h"
#include "conf/values.h"

namespace understudy::conf {

namespace {

// At blanks, but not inside of quotes, which go.
std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t start = text.find_first_not_of(" \t");
    if (start == std::string_view::npos) break;
    text.remove_prefix(start);
    const bool is_quoted = text.front() == '"' || text.front() == '\'';
    const std::size_t end = is_quoted ? text.find(text.front(), 1) : text.find_first_of(" \t");
    words.emplace_back(text.substr(is_quoted ? 1 : 0, is_quoted ? end - 1 : end));
    text.remove_prefix(std::min(text.size(), end == std::string_view::npos ? end : end + 1));
  }
  return words;
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
        variables_(options.environment),
        root_(options.server_root, files, sources) {
    for (const std::string& name : options.defines) variables_.define(name, "");
  }

  Tree parse(const std::string& path) {
    const FileText file = files_.read(path, kFileBytesMax);
    if (!file.text) {
      diagnostics_.error_in_file(path, "cannot be read: " + file.error);
      return std::move(tree_);
    }
    std::vector<Directive> directives;
    read_file(path, *file.text, std::nullopt, directives);
    tree_.directives = std::move(directives);
    tree_.server_root = root_.path();
    return std::move(tree_);
  }

 private:
  // One line of <...> that is open. A condition adds no section of its own: what it holds goes to
  // the section outside, or nowhere.
  struct Open {
    Word name;
    std::vector<Directive>* outside;  // where to return to
    bool was_skipping;
    std::optional<Skipped> skipped = {};  // of an <IfModule> that is
  };

  void read_file(const std::string& path, std::string text, std::optional<Position> from,
                 std::vector<Directive>& into);
  void read_line(Line line, std::vector<Directive>*& into, std::vector<Open>& open);
  void open_section(Line line, std::vector<Directive>*& into, std::vector<Open>& open);
  void close_section(const Line& line, std::vector<Directive>*& into, std::vector<Open>& open);
  void open_condition(const Line& line, Open& opened);
  void note_skipped(const Line& line, std::vector<Open>& open);
  void end(const Open& section);
  bool takes_one_more(const Word& name);

  void read_directive(Line line, std::vector<Directive>& into);
  bool expand(std::vector<Word>& words);
  void define(const Line& line);
  void undefine(const Line& line);
  void include(const Line& line, bool is_optional, std::vector<Directive>& into);
  bool is_open(const std::string& path) const;  // the file is being read now
  void include_file(const Word& word, const std::string& path, std::vector<Directive>& into);
  void include_directory(const Word& word, const std::string& path, std::vector<Directive>& into);

  const Files& files_;
  Sources& sources_;
  Diagnostics& diagnostics_;
  Variables variables_;
  ServerRoot root_;
  Tree tree_;                            // but its directives, which grow where they are read
  std::vector<std::string> open_files_;  // the chain of includes, for cycles and depth
  std::size_t open_directories_ = 0;
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
    end(section);
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
  } else if (is_skipping_) {
    note_skipped(line, open);
  } else {
    read_directive(std::move(line), *into);
  }
}

void Parser::note_skipped(const Line& line, std::vector<Open>& open) {
  const bool about_files = std::any_of(open.begin(), open.end(), [](const Open& section) {
    return is_about_files(section.name.text);
  });
  for (Open& section : open) {
    if (section.skipped) section.skipped->add(line, about_files);
  }
}

void Parser::end(const Open& section) {
  if (!section.skipped) return;
  section.skipped->report(diagnostics_);
  if (section.skipped->text().empty()) return;
  tree_.left_out.push_back("<IfModule " + section.skipped->module().text + "> of " +
                           sources_.location(section.name.at));
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
  if (is_skipping_) note_skipped(line, open);
  open.push_back({.name = line.name, .outside = into, .was_skipping = is_skipping_});
  if (is_skipping_) return;
  if (is_condition(line.name.text)) return open_condition(line, open.back());
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
      end(open.back());
      open.pop_back();
      --section_depth_;
    }
  }
  into = open.back().outside;
  is_skipping_ = open.back().was_skipping;
  end(open.back());
  open.pop_back();
  --section_depth_;
}

void Parser::open_condition(const Line& line, Open& opened) {
  Line expanded = line;
  if (!expand(expanded.arguments)) {
    is_skipping_ = true;
    return;
  }
  const ConditionFacts facts{
      .is_defined = [this](const std::string& name) { return variables_.is_defined(name); },
      .is_file =
          [this, &line](const std::string& path) {
            Word word = line.arguments.front();
            word.text = path;
            const auto places = root_.places_of(word);
            return std::any_of(places.begin(), places.end(), [this](const std::string& place) {
              return !files_.matching(place, 1).empty();
            });
          }};
  const Held held = holds(expanded, facts, diagnostics_);
  is_skipping_ = held != Held::kYes;
  if (held == Held::kLacking) opened.skipped.emplace(line.arguments.front());
}

// A value of several words is several words, unless it stands in quotes: Apache replaces variables
// before it cuts the line into words.
bool Parser::expand(std::vector<Word>& words) {
  bool is_expanded = true;
  std::vector<Word> out;
  for (Word& word : words) {
    const std::string written = word.text;
    is_expanded &= variables_.expand(word, diagnostics_);
    if (word.is_quoted || word.text == written) {
      out.push_back(std::move(word));
      continue;
    }
    for (std::string& text : split_words(word.text)) {
      if (out.size() >= kWordsPerLineMax) break;
      out.push_back(word);
      out.back().text = std::move(text);
    }
  }
  words = std::move(out);
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
  if (equal_ignoring_case(name, "ServerRoot") && line.arguments.size() == 1) {
    return root_.set(line.arguments.front(), diagnostics_);
  }
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

void Parser::include(const Line& line, bool is_optional, std::vector<Directive>& into) {
  if (line.arguments.size() != 1) {
    diagnostics_.error(line.name, line.name.text + " takes exactly one path");
    return;
  }
  const Word& word = line.arguments.front();
  const std::vector<std::string> places = root_.places_of(word);
  std::string searched;
  for (const std::string& place : places) {
    searched += (searched.empty() ? "" : " and ") + place;
    std::vector<std::string> paths = files_.matching(place, kFilesMax);
    if (paths.empty() && is_open(place)) paths.push_back(place);
    for (const std::string& path : paths) {
      if (!is_full_) include_file(word, path, into);
    }
    if (!paths.empty()) return;
  }
  tree_.left_out.push_back(line.name.text + " of " + sources_.location(line.name.at));
  if (is_optional) return;
  if (!has_wildcard(word.text)) {
    diagnostics_.error(word, searched + " cannot be read: " +
                                 files_.read(places.front(), kFileBytesMax).error + root_.note());
  } else {
    diagnostics_.error(
        word, "no file matches " + searched + root_.note() + "; IncludeOptional would accept that");
  }
}

// As in Apache: every file in it, and below it.
void Parser::include_directory(const Word& word, const std::string& path,
                               std::vector<Directive>& into) {
  for (const std::string& found : files_.matching(path + "/*", kFilesMax)) {
    if (!is_full_) include_file(word, found, into);
  }
}

bool Parser::is_open(const std::string& path) const {
  const std::string normal = std::filesystem::path(path).lexically_normal().string();
  return std::find(open_files_.begin(), open_files_.end(), normal) != open_files_.end();
}

void Parser::include_file(const Word& word, const std::string& path, std::vector<Directive>& into) {
  if (is_open(path)) {
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
  if (file.is_directory && open_directories_ < kIncludeDepthMax) {
    ++open_directories_;
    include_directory(word, path, into);
    --open_directories_;
    return;
  }
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

Tree parse(const std::string& path, const Files& files, const ParseOptions& options,
           Sources& sources, Diagnostics& diagnostics) {
  return Parser(files, options, sources, diagnostics).parse(path);
}

}  // namespace understudy::conf

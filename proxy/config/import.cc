// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/import.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <string_view>
#include <system_error>
#include <vector>

#include "conf/diagnostic.h"
#include "conf/directive_table.h"
#include "conf/values.h"
#include "proxy/config/jk_properties.h"
#include "proxy/config/rewriting.h"

namespace understudy::config {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kWorkersBytesMax = std::size_t{1024} * 1024;

// A word as the lexer reads it back.
std::string written(const std::string& word) {
  const bool is_plain = !word.empty() && word.find_first_of(" \t\"'\\>#") == std::string::npos;
  if (is_plain) return word;
  std::string text = "\"";
  for (std::size_t i = 0; i < word.size(); ++i) {
    const bool is_escaped =
        word[i] == '"' ||
        (word[i] == '\\' && (i + 1 == word.size() || word[i + 1] == '"' || word[i + 1] == '\\'));
    if (is_escaped) text += '\\';
    text += word[i];
  }
  return text + '"';
}

// The plug-in's names choose its dialect and its defaults, so they stay.
bool chooses_dialect(std::string_view name) {
  return conf::equal_ignoring_case(name.substr(0, 2), "WL") ||
         conf::equal_ignoring_case(name.substr(0, 8), "WebLogic");
}

class Importer final {
 public:
  Importer(const conf::Sources& sources, const Loaded& loaded) : sources_(sources) {
    for (const conf::Diagnostic& one : loaded.said) {
      const bool is_error = one.severity == conf::Severity::kError;
      if (is_error && one.source_line.empty()) {
        ++out_.refused_count;
        out_.text += "# refused because " + one.message + "\n";
        continue;
      }
      const std::size_t column = one.location.rfind(':');
      std::string& said = (is_error ? errors_ : warnings_)[one.location.substr(0, column)];
      said += (said.empty() ? "" : "; ") + one.message;
      if (!one.suggestion.empty()) said += "; did you mean " + one.suggestion + "?";
    }
  }

  Imported run(const std::string& path, const conf::Tree& tree) {
    out_.text = "# Made of " + path + " by understudy check --import.\n" + out_.text;
    for (const std::string& left : tree.left_out) out_.text += "# left out: " + left + "\n";
    const fs::path root =
        tree.server_root.empty() ? fs::path(path).parent_path() : fs::path(tree.server_root);
    std::error_code failed;
    const fs::path absolute = fs::absolute(root, failed).lexically_normal();
    out_.text += "ServerRoot " + written((failed ? root : absolute).string()) + "\n";
    for (const conf::Directive& directive : tree.directives) add(directive, 0);
    return std::move(out_);
  }

 private:
  std::string place_of(const conf::Word& word) const {
    return sources_.location({.file = word.at.file, .line = word.at.line});
  }

  // What was said of the lines that this directive is written on, without those inside.
  std::string said_of(const conf::Directive& directive,
                      const std::map<std::string, std::string>& said) const {
    std::string text;
    std::vector<std::string> places = {place_of(directive.name)};
    for (const conf::Word& word : directive.arguments) places.push_back(place_of(word));
    places.erase(std::unique(places.begin(), places.end()), places.end());
    for (const std::string& place : places) {
      const auto found = said.find(place);
      if (found != said.end()) text += (text.empty() ? "" : "; ") + found->second;
    }
    return text;
  }

  void comment(const conf::Directive& directive, std::size_t depth, std::string_view what) {
    out_.text += std::string(2 * depth, ' ') + "# " + place_of(directive.name) + ": ";
    // One line, whatever was said.
    std::string line(what);
    std::replace(line.begin(), line.end(), '\n', ' ');
    out_.text += line + "\n";
  }

  void line(const conf::Directive& directive, const std::string& name, std::size_t depth,
            bool is_out) {
    out_.text += std::string(2 * depth, ' ') + (is_out ? "# " : "") +
                 (directive.is_section ? "<" : "") + name;
    // A backslash in front of a blank goes on with the word only where there are no quotes.
    const bool is_rewriting = conf::equal_ignoring_case(name, "RewriteCond") ||
                              conf::equal_ignoring_case(name, "RewriteRule");
    const std::vector<conf::Word> words =
        is_rewriting ? rewrite_words(directive.arguments) : directive.arguments;
    for (const conf::Word& word : words) out_.text += " " + written(word.text);
    out_.text += directive.is_section ? ">\n" : "\n";
  }

  void close(const std::string& name, std::size_t depth, bool is_out) {
    out_.text += std::string(2 * depth, ' ') + (is_out ? "# " : "") + "</" + name + ">\n";
  }

  // It and all inside as comments.
  void leave_out(const conf::Directive& directive, std::size_t depth) {
    line(directive, directive.name.text, depth, true);
    if (!directive.is_section) return;
    for (const conf::Directive& child : directive.children) leave_out(child, depth + 1);
    close(directive.name.text, depth, true);
  }

  // Requests that are not proxied get 403 because of it.
  static bool closes_files(const conf::Directive& directive) {
    if (!directive.is_section || directive.name.text != "Directory") return false;
    return std::any_of(directive.children.begin(), directive.children.end(), [](const auto& one) {
      return one.name.text == "Require" || one.name.text == "Deny" || one.name.text == "Allow";
    });
  }

  void add(const conf::Directive& directive, std::size_t depth) {
    const conf::DirectiveSpec* const spec =
        conf::find_directive(conf::Program::kProxy, directive.name.text, directive.is_section);
    const std::string error = said_of(directive, errors_);
    if (!error.empty()) {
      ++out_.refused_count;
      comment(directive, depth, "refused because " + error);
      return leave_out(directive, depth);
    }
    const bool works = spec != nullptr && spec->status == conf::Status::kWorks;
    if (!works && !closes_files(directive)) {
      comment(directive, depth,
              "ignored because " + std::string(spec == nullptr ? "" : spec->description));
      return leave_out(directive, depth);
    }
    const std::string warning = said_of(directive, warnings_);
    std::string name = directive.name.text;
    if (conf::equal_ignoring_case(name, spec->name) || chooses_dialect(name)) {
      comment(directive, depth, "kept" + (warning.empty() ? "" : "; " + warning));
    } else {
      name = spec->name;
      comment(directive, depth, "translated to " + name + (warning.empty() ? "" : "; " + warning));
    }
    line(directive, name, depth, false);
    if (!directive.is_section) return;
    for (const conf::Directive& child : directive.children) add(child, depth + 1);
    close(name, depth, false);
  }

  const conf::Sources& sources_;
  std::map<std::string, std::string> errors_;    // by "file:line"
  std::map<std::string, std::string> warnings_;  // the same
  Imported out_;
};

// ---- workers.properties.

// Which paths the workers serve stands in another file, so one that no worker.NAME.mount names is
// mounted below its name to be looked at, and where it alone is listed, it serves all.
class WorkersImporter final {
 public:
  WorkersImporter(const std::string& path, const std::string& text) : path_(path) {
    add_jk_properties(text, {.file = 0, .line = 1, .column = 1}, properties_);
    for (const JkProperty& property : properties_) {
      const std::string_view name = property.name.text;
      if (name.ends_with(".mount")) has_mounts_ = true;
      if (name != "worker.list") continue;
      std::string list = property.value.text;
      std::replace(list.begin(), list.end(), ',', ' ');
      for (const std::string_view worker : conf::parts(list, ' ')) listed_.emplace_back(worker);
    }
  }

  Result<Imported> run(const LoadOptions& options) {
    if (listed_.empty() && !has_mounts_) {
      return Error{.code = ErrorCode::kInvalid,
                   .detail = path_ + " has no worker.list; is it a workers.properties?"};
    }
    std::string asked = std::string(kListen) + "JkWorkersFile " + written(path_) + "\n";
    for (const std::string& worker : listed_) asked += "JkMount /" + worker + "/* " + worker + "\n";
    judge(load_text("import", asked, options));
    out_.text =
        "# Made of " + path_ +
        " by understudy check --import. Which paths a worker serves stands in\n"
        "# httpd.conf (JkMount) or uriworkermap.properties, and so does where to listen.\n" +
        out_.text + std::string(kListen);
    for (const JkProperty& property : properties_) add(property);
    for (std::size_t i = 0; i < listed_.size(); ++i) {
      const bool is_asked = has_mounts_ || i > 0;
      out_.text += std::string(is_asked ? "# " : "") + "JkMount /* " + listed_[i] + "\n";
    }
    return std::move(out_);
  }

 private:
  static constexpr std::string_view kListen = "Listen 127.0.0.1:8080\n";

  void judge(const Loaded& loaded) {
    for (const conf::Diagnostic& one : loaded.said) {
      const bool is_error = one.severity == conf::Severity::kError;
      const std::string place = one.location.substr(0, one.location.rfind(':'));
      if (place.starts_with(path_ + ":")) {
        std::string& said = (is_error ? errors_ : warnings_)[place];
        said += (said.empty() ? "" : "; ") + one.message;
      } else if (is_error) {
        ++out_.refused_count;
        out_.text += "# refused because " + one.message + "\n";
      }
    }
  }

  void add(const JkProperty& property) {
    const std::string place = path_ + ":" + std::to_string(property.name.at.line);
    const std::string line =
        "JkWorkerProperty " + written(property.name.text + "=" + property.value.text) + "\n";
    const auto error = errors_.find(place);
    if (error != errors_.end()) {
      ++out_.refused_count;
      out_.text += "# " + place + ": refused because " + error->second + "\n# " + line;
      return;
    }
    const auto warning = warnings_.find(place);
    out_.text += "# " + place + ": translated to JkWorkerProperty" +
                 (warning == warnings_.end() ? "" : "; " + warning->second) + "\n" + line;
  }

  const std::string path_;
  std::vector<JkProperty> properties_;
  std::vector<std::string> listed_;
  bool has_mounts_ = false;
  std::map<std::string, std::string> errors_;    // by "file:line"
  std::map<std::string, std::string> warnings_;  // the same
  Imported out_;
};

Result<std::string> main_file(const std::string& path, const conf::Files* files) {
  std::error_code failed;
  if (files != nullptr || !fs::is_directory(path, failed)) return path;
  for (const char* name : {"conf/httpd.conf", "httpd.conf", "apache2.conf"}) {
    const fs::path file = fs::path(path) / name;
    if (fs::is_regular_file(file, failed)) return file.string();
  }
  return Error{.code = ErrorCode::kInvalid,
               .detail = "there is no conf/httpd.conf, httpd.conf or apache2.conf in " + path};
}

}  // namespace

Result<Imported> import_file(const std::string& path, const LoadOptions& options) {
  auto main = main_file(path, options.files);
  if (!main) return std::move(main).error();
  const conf::DiskFiles disk;
  const conf::Files& files = options.files != nullptr ? *options.files : disk;
  if (main->ends_with(".properties")) {
    conf::FileText file = files.read(*main, kWorkersBytesMax);
    if (file.text) return WorkersImporter(*main, *file.text).run(options);
    return Error{.code = ErrorCode::kInvalid, .detail = *main + " cannot be read: " + file.error};
  }
  conf::Sources sources;
  conf::Diagnostics diagnostics(sources);
  const conf::Tree tree = conf::parse(*main, files, options.parse, sources, diagnostics);
  if (diagnostics.has_errors()) {
    return Error{.code = ErrorCode::kInvalid, .detail = diagnostics.text()};
  }
  return Importer(sources, load(*main, options)).run(*main, tree);
}

}  // namespace understudy::config

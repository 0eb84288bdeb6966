// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/load.h"

#include <algorithm>
#include <utility>

#include "proxy/config/binding.h"

namespace understudy::config {

namespace {

// Reads one text under its name, and every other path from the files below.
class TextBesideFiles final : public conf::Files {
 public:
  TextBesideFiles(const std::string& name, const std::string& text, const conf::Files& files)
      : name_(name), text_(text), files_(files) {}

  conf::FileText read(const std::string& path, std::size_t bytes_max) const override {
    if (path != name_) return files_.read(path, bytes_max);
    if (text_.size() <= bytes_max) return {.text = text_, .error = {}};
    return {.text = std::nullopt, .error = "it is too large"};
  }

  std::vector<std::string> matching(const std::string& pattern,
                                    std::size_t count_max) const override {
    return files_.matching(pattern, count_max);
  }

 private:
  const std::string& name_;
  const std::string& text_;
  const conf::Files& files_;
};

void bind(conf::Configuration& source, const LoadOptions& options, Config& config) {
  Binding binding{.source = source, .options = options, .config = config, .keyrings = {}};
  const Scope global{.settings = source.settings(), .outer = nullptr};
  bind_server(global.settings, binding);
  config.hosts = bind_hosts(global, binding);
  config.hash = effective_hash(source);

  const auto& hosts = config.hosts.all();
  const bool proxies = std::any_of(hosts.begin(), hosts.end(), [](const VirtualHost& host) {
    return std::any_of(host.locations.begin(), host.locations.end(),
                       [](const Location& location) { return location.is_proxied; });
  });
  if (!proxies && !source.diagnostics().has_errors()) {
    std::string message =
        "nothing is proxied: there is no ProxyPass, and no <Location> with members";
    for (const std::string& one : source.tree().left_out) {
      message += (&one == &source.tree().left_out.front() ? "; left out: " : ", ") + one;
    }
    source.diagnostics().error_in_file(source.path(), std::move(message));
  }
}

Loaded load_from(const std::string& path, const conf::Files& files, const LoadOptions& options) {
  const auto source = conf::Configuration::load(path, conf::Program::kProxy, files, options.parse);
  conf::Diagnostics& diagnostics = source->diagnostics();
  auto config = std::make_shared<Config>();
  bind(*source, options, *config);

  Loaded loaded;
  loaded.diagnostics = diagnostics.text();
  loaded.said = diagnostics.kept();
  loaded.error_count = diagnostics.error_count();
  loaded.warning_count = diagnostics.warning_count();
  if (!diagnostics.has_errors()) loaded.config = std::move(config);
  return loaded;
}

}  // namespace

Loaded load(const std::string& path, const LoadOptions& options) {
  const conf::DiskFiles disk;
  return load_from(path, options.files != nullptr ? *options.files : disk, options);
}

Loaded load_text(const std::string& name, const std::string& text, const LoadOptions& options) {
  const conf::DiskFiles disk;
  const TextBesideFiles files(name, text, options.files != nullptr ? *options.files : disk);
  return load_from(name, files, options);
}

}  // namespace understudy::config

// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdio>
#include <string>

#include "proxy/config/binding.h"

namespace understudy::config {

namespace {

// FNV-1a: tells configurations apart; it is no secret, and a collision gains nothing.
std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return hash;
}

std::string section_text(const conf::Directive& section, const conf::Settings& outer,
                         conf::Contexts context);

std::string sections_text(const conf::Settings& settings) {
  std::string text;
  for (const conf::Directive* section : settings.all_here("Proxy")) {
    text += section_text(*section, settings, conf::kProxySection);
  }
  for (const conf::Directive* section : settings.all_here("Location")) {
    text += section_text(*section, settings, conf::kLocation);
  }
  for (const conf::Directive* section : settings.all_here("LocationMatch")) {
    text += section_text(*section, settings, conf::kLocation);
  }
  for (const conf::Directive* section : settings.all_here("VirtualHost")) {
    text += section_text(*section, settings, conf::kVirtualHost);
  }
  return text;
}

std::string section_text(const conf::Directive& section, const conf::Settings& outer,
                         conf::Contexts context) {
  std::string text = "<" + std::to_string(context) + section.name.text;
  for (const conf::Word& word : section.arguments) text += ' ' + word.text;
  text += ">\n";
  const conf::Settings inner(conf::Program::kProxy, section.children, &outer);
  return text + inner.effective_text(context) + sections_text(inner);
}

}  // namespace

std::string effective_hash(const conf::Configuration& source) {
  const conf::Settings global = source.settings();
  const std::string text = global.effective_text(conf::kGlobal) + sections_text(global);
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(fnv1a(text)));
  return digits;
}

}  // namespace understudy::config

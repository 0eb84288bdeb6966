// SPDX-License-Identifier: Apache-2.0
#include "cookies/keyring.h"

#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>

#include "cookies/base64url.h"

namespace understudy {
namespace {

constexpr char kFirstKeyId = '1';
constexpr std::string_view kSalt = "understudy";
// In the order of KeyPurpose.
constexpr std::array<std::string_view, kKeyPurposes> kPurposeNames = {"cookie", "view", "beat",
                                                                      "link", "relay"};

// The bytes of a key, wiped when they are no longer needed.
struct Secret {
  std::array<std::uint8_t, kKeyBytesMax> bytes{};
  std::size_t size = 0;

  Secret() = default;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
};

class FileDescriptor final {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int number() const { return fd_; }

 private:
  int fd_;
};

KeyringResult failure(std::string sentence) {
  return {.keyring = nullptr, .error = std::move(sentence)};
}

std::string system_error(std::string_view path, std::string_view what) {
  return std::string(path) + ": " + std::string(what) + ": " + std::strerror(errno);
}

std::string octal(mode_t mode) {
  char text[16];
  std::snprintf(text, sizeof text, "%04o", static_cast<unsigned>(mode & 07777));
  return text;
}

bool derive(std::span<const std::uint8_t> key, std::string_view purpose, SubKey& sub_key) {
  EVP_KDF* kdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  if (kdf == nullptr) return false;
  EVP_KDF_CTX* context = EVP_KDF_CTX_new(kdf);
  EVP_KDF_free(kdf);
  if (context == nullptr) return false;
  std::string digest = "SHA256";
  // OSSL_PARAM has no const, although nothing is written through these.
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, const_cast<std::uint8_t*>(key.data()),
                                        key.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, const_cast<char*>(kSalt.data()),
                                        kSalt.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, const_cast<char*>(purpose.data()),
                                        purpose.size()),
      OSSL_PARAM_construct_end()};
  const bool is_derived = EVP_KDF_derive(context, sub_key.data(), sub_key.size(), params) == 1;
  EVP_KDF_CTX_free(context);
  return is_derived;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return hex_digit(c) >= 0; });
}

// Fills `secret` and returns an empty sentence, or what is wrong with the key.
std::string decode_key(std::string_view text, Secret& secret) {
  constexpr std::string_view kSizes = "a key has 32 to 64 bytes";
  if (text.size() >= 2 * kKeyBytesMin && text.size() % 2 == 0 && is_hex(text)) {
    secret.size = text.size() / 2;
    if (secret.size > kKeyBytesMax) return std::string("the key is too long; ").append(kSizes);
    for (std::size_t i = 0; i < secret.size; ++i) {
      secret.bytes[i] =
          static_cast<std::uint8_t>(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
    }
    return {};
  }
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  if (text.size() > base64url_size(kKeyBytesMax)) {
    return std::string("the key is too long; ").append(kSizes);
  }
  std::array<char, base64url_size(kKeyBytesMax)> url;  // with the two other letters of plain base64
  std::transform(text.begin(), text.end(), url.begin(), [](char c) {
    return c == '+' ? '-' : c == '/' ? '_' : c;
  });
  secret.size = text.size() * 6 / 8;
  const bool is_base64 =
      decode_base64url({url.data(), text.size()}, std::span(secret.bytes).first(secret.size));
  OPENSSL_cleanse(url.data(), url.size());
  if (!is_base64) return "the key is neither hexadecimal nor base64";
  if (secret.size < kKeyBytesMin) return std::string("the key is too short; ").append(kSizes);
  return {};
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

std::string_view take_word(std::string_view& line) {
  while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
  const std::size_t end = line.find_first_of(" \t\r");
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(word.size());
  return word;
}

// Reads at most kKeyFileBytesMax + 1 bytes; false on an error of the system.
bool read_file(int fd, std::string& text) {
  text.resize(kKeyFileBytesMax + 1);
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t n = ::read(fd, text.data() + size, text.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  text.resize(size);
  return true;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

Keyring::~Keyring() {
  for (Slot& slot : slots_) OPENSSL_cleanse(slot.sub_keys.data(), sizeof slot.sub_keys);
}

const Keyring::Slot* Keyring::find(char id) const {
  const auto found =
      std::find_if(slots_.begin(), slots_.end(), [id](const Slot& slot) { return slot.id == id; });
  return found == slots_.end() ? nullptr : &*found;
}

std::string Keyring::why_not_after(const Keyring& earlier) const {
  for (const Slot& slot : slots_) {
    const Slot* before = earlier.find(slot.id);
    if (before == nullptr || before->sub_keys == slot.sub_keys) continue;
    return std::string("key '") + slot.id +
           "' is not the key that had this id until now; give a new key an id of its own";
  }
  return {};
}

std::string Keyring::warning_after(const Keyring& earlier) const {
  if (earlier.find(id(0)) == nullptr) {
    return std::string("key '") + id(0) +
           "' signs at once: who has not installed it refuses this process, its cookies and views";
  }
  if (find(earlier.id(0)) == nullptr) {
    return std::string("key '") + earlier.id(0) +
           "' signed until now and is gone: who still signs with it, and every cookie that it "
           "signed, is refused";
  }
  return {};
}

std::string Keyring::ids_text() const {
  std::string text;
  for (const Slot& slot : slots_) text.append(text.empty() ? "" : ", ").push_back(slot.id);
  return text;
}

KeyringResult Keyring::from_keys(std::span<const NamedKey> keys) {
  if (keys.empty()) return failure("there is no key");
  if (keys.size() > kKeySlotsMax) return failure("there are more than 3 keys");
  const std::shared_ptr<Keyring> ring(new Keyring);
  ring->slots_.reserve(keys.size());  // never moved: no copy is left behind unwiped
  for (const NamedKey& key : keys) {
    if (!is_base64url(key.id)) return failure("a key's id is one of A-Z a-z 0-9 - _");
    if (key.bytes.size() < kKeyBytesMin || key.bytes.size() > kKeyBytesMax) {
      return failure("a key has 32 to 64 bytes");
    }
    for (const Slot& other : ring->slots_) {
      if (other.id == key.id) return failure(std::string("two keys have the id ") + key.id);
    }
    Slot& slot = ring->slots_.emplace_back();
    slot.id = key.id;
    for (std::size_t i = 0; i < kKeyPurposes; ++i) {
      if (!derive(key.bytes, kPurposeNames[i], slot.sub_keys[i])) {
        return failure("OpenSSL offers no HKDF with SHA-256");
      }
    }
  }
  return {.keyring = ring, .error = {}};
}

KeyringResult Keyring::parse(std::string_view text, std::string_view origin) {
  std::array<Secret, kKeySlotsMax> secrets;
  std::array<NamedKey, kKeySlotsMax> keys;
  std::size_t count = 0;
  if (text.size() > kKeyFileBytesMax) {
    return failure(std::string(origin) + ": longer than 8192 bytes, this is no key file");
  }
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto at_line = [&](std::string_view sentence) {
      return failure(std::string(origin) + ":" + std::to_string(number) + ": " +
                     std::string(sentence));
    };
    const std::string_view id = take_word(line);
    if (id.empty() || id.starts_with('#')) continue;
    const std::string_view key = take_word(line);
    if (key.empty() || !take_word(line).empty()) {
      return at_line("expected a line `id key`, such as `1 <64 hexadecimal digits>`");
    }
    if (id.size() != 1 || !is_base64url(id[0])) {
      return at_line("a key's id is one character of A-Z a-z 0-9 - _");
    }
    if (count == kKeySlotsMax) return at_line("there are more than 3 keys; remove the oldest");
    for (std::size_t i = 0; i < count; ++i) {
      if (keys[i].id == id[0]) return at_line("an earlier key has the same id");
    }
    if (const std::string error = decode_key(key, secrets[count]); !error.empty()) {
      return at_line(error);
    }
    keys[count] = {.id = id[0],
                   .bytes = std::span(secrets[count].bytes).first(secrets[count].size)};
    ++count;
  }
  KeyringResult result = from_keys(std::span(keys).first(count));
  if (!result) result.error = std::string(origin) + ": " + result.error;
  return result;
}

KeyringResult Keyring::load(const std::string& path) {
  // Not blocking, lest a FIFO in the file's place stop the start for ever.
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number() < 0) return failure(system_error(path, "cannot open the key file"));
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) {
    return failure(system_error(path, "cannot examine the key file"));
  }
  if (!S_ISREG(status.st_mode)) return failure(path + ": the key file is not a regular file");
  const mode_t mode = status.st_mode & 07777;
  if (mode != 0600 && mode != 0400) {
    return failure(path + ": the key file has mode " + octal(mode) +
                   ", but only its owner may have access; run: chmod 600 " + path);
  }
  std::string text;
  if (!read_file(file.number(), text)) {
    return failure(system_error(path, "cannot read the key file"));
  }
  KeyringResult result = parse(text, path);
  OPENSSL_cleanse(text.data(), text.size());
  return result;
}

std::string Keyring::generate(const std::string& path) {
  std::array<std::uint8_t, kKeyBytesMin> key;
  if (RAND_bytes(key.data(), static_cast<int>(key.size())) != 1) {
    return path + ": the system gives no random bytes for a key";
  }
  const FileDescriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.number() < 0) return system_error(path, "cannot create the key file");
  std::string text =
      "# The cluster's key: the same file, mode 0600, on every member and proxy.\n"
      "# One `id key` a line, at most 3: the first signs, all are accepted.\n";
  text.reserve(text.size() + 4 + 2 * key.size());
  text += {kFirstKeyId, ' '};
  for (std::uint8_t byte : key) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  text += '\n';
  // The umask may have taken away more than others' access.
  const bool is_written = ::fchmod(file.number(), 0600) == 0 && write_all(file.number(), text) &&
                          ::fsync(file.number()) == 0;
  std::string error = is_written ? std::string() : system_error(path, "cannot write the key file");
  if (!is_written) ::unlink(path.c_str());
  OPENSSL_cleanse(text.data(), text.size());
  OPENSSL_cleanse(key.data(), key.size());
  return error;
}

}  // namespace understudy

// SPDX-License-Identifier: Apache-2.0
// Certificates for tests, made on the spot: nothing in the repository can expire or leak.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace understudy {

struct TestCertificate {
  std::string chain;  // PEM; the issuer's certificate behind it, if there is an issuer
  std::string key;    // PEM
};

struct TestCertificateOptions {
  std::vector<std::string> names = {"localhost"};  // and IP addresses
  bool is_rsa = false;                             // else ECDSA over P-256
  bool is_authority = false;
  int64_t valid_from = -3600;  // seconds from now
  int64_t valid_until = 86400;
  const TestCertificate* issuer = nullptr;  // null: itself
};

TestCertificate make_test_certificate(const TestCertificateOptions& options = {});

// What the issuer says of the first certificate in `chain`, in DER; `is_good` false: revoked.
std::string make_test_ocsp_response(const TestCertificate& subject, const TestCertificate& issuer,
                                    bool is_good, int64_t valid_until = 3600);

// The issuer's list of these taken back, PEM.
std::string make_test_revocation_list(const TestCertificate& issuer,
                                      const std::vector<TestCertificate>& revoked,
                                      int64_t valid_until = 3600);

}  // namespace understudy

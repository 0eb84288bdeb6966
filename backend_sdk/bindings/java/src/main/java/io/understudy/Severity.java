// SPDX-License-Identifier: Apache-2.0
package io.understudy;

/** How much a line of the log matters, the least first. */
public enum Severity {
  TRACE,
  DEBUG,
  INFO,
  NOTICE,
  WARN,
  ERROR;

  private static final Severity[] ALL = values();

  static Severity of(int number) {
    return ALL[number];
  }
}

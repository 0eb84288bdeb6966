// SPDX-License-Identifier: Apache-2.0
package io.understudy;

/** What the client's session has been through. */
public enum SessionNote {
  /** A second member holds what this client is shown. */
  NONE,
  /** No other member holds a copy at the moment. */
  SOLO,
  /** The client's session is gone; this is a new one. */
  LOST,
  /** Served from the surviving copy without the last proof that it is the newest. */
  RECOVERED;

  private static final SessionNote[] ALL = values();

  static SessionNote of(int number) {
    return ALL[number];
  }
}

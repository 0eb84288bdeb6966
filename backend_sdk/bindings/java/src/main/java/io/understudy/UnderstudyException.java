// SPDX-License-Identifier: Apache-2.0
package io.understudy;

/** The SDK could not do what it was asked; the message says why, for the operator. */
public class UnderstudyException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** What it failed for. */
  public enum Reason {
    /** A directive is wrong; the message says which, where and why. */
    CONFIGURATION,
    /** The key file is missing, readable by others, or no key file. */
    KEY_FILE,
    /** ClusterListen cannot be bound, or an address not resolved. */
    ADDRESS,
    /** The operating system refused something else. */
    SYSTEM,
    /** A change of the session was refused; the whole request is answered 500. */
    REFUSED,
    /** The time is over, or the node is leaving. */
    NOT_READY;

    static Reason of(int code) {
      switch (code) {
        case 1:
          return CONFIGURATION;
        case 2:
          return KEY_FILE;
        case 3:
          return ADDRESS;
        case 9:
          return NOT_READY;
        default:
          return SYSTEM;
      }
    }
  }

  private final transient Reason reason;

  UnderstudyException(Reason reason, String message) {
    super(message.isEmpty() ? reason.name() : message);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}

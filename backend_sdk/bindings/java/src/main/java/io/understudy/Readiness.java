// SPDX-License-Identifier: Apache-2.0
package io.understudy;

/** How far a node is. It rises, and falls when members die. */
public enum Readiness {
  /** Not in the cluster: requests are answered 503. */
  JOINING,
  /** In it, and no other member can hold copies now; SoloPolicy says what that means. */
  JOINED,
  /** In it, and another member can hold copies. */
  PROTECTED,
  /** Drained, going down, or closed; for good. */
  LEAVING;

  private static final Readiness[] ALL = values();

  static Readiness of(int number) {
    return ALL[number];
  }
}

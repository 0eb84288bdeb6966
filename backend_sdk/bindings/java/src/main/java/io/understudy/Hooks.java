// SPDX-License-Identifier: Apache-2.0
package io.understudy;

/**
 * What a node tells. Called on the node's thread, where it must be quick and must not call a method
 * of {@link Node} or {@link Session} that waits. What it throws goes to the thread's handler of
 * uncaught exceptions.
 */
public interface Hooks {
  /** After every change; the first is from {@link Readiness#JOINING}. */
  default void onReadiness(Readiness readiness) {}

  /** A client named a session that no member holds any more. The id is the client's secret. */
  default void onSessionLost(String id) {}
}

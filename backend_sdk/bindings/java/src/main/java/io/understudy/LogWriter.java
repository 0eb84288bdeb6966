// SPDX-License-Identifier: Apache-2.0
package io.understudy;

/** Takes the lines of the SDK's log: see {@link Node#setLog}. */
@FunctionalInterface
public interface LogWriter {
  /** Called by the thread that has something to say, so by several at once. */
  void write(Severity severity, String line);
}

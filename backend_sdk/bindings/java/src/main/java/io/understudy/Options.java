// SPDX-License-Identifier: Apache-2.0
package io.understudy;

import java.lang.ref.Cleaner;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A member's configuration file; what may stand in it is in conf/directives.md. Needed until the
 * node is open. Any thread.
 */
public final class Options implements AutoCloseable {
  private final long handle;
  private final String memberName;
  private final String listen;
  private final Cleaner.Cleanable cleanable;

  private Options(Packet its) {
    handle = its.u64();
    memberName = its.text();
    listen = its.text();
    cleanable = Node.CLEANER.register(this, free(handle));
  }

  /**
   * Reads a file.
   *
   * @throws UnderstudyException with every error found, each with file, line and caret
   */
  public static Options load(Path file) {
    Native.load();
    byte[] name = file.toString().getBytes(StandardCharsets.UTF_8);
    return new Options(Packet.of(Native.loadOptions(name)));
  }

  public String memberName() {
    return memberName;
  }

  /** What the program binds for its HTTP: {@code host:port}. */
  public String listen() {
    return listen;
  }

  long handle() {
    return handle;
  }

  /** Nodes that were opened with it go on. */
  @Override
  public void close() {
    cleanable.clean();
  }

  // Must not hold the object that it is registered for.
  private static Runnable free(long handle) {
    return () -> Native.freeOptions(handle);
  }
}

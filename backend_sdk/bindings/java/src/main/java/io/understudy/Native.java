// SPDX-License-Identifier: Apache-2.0
package io.understudy;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The methods of {@code libunderstudy_java.so}, and the calls that come back from it. Nothing but
 * handles, numbers and byte arrays crosses; {@link Packet} takes the arrays apart.
 */
final class Native {
  /** The least version of the C ABI that this jar was written for. */
  private static final int ABI_VERSION = 4;

  private static final AtomicBoolean LOADED = new AtomicBoolean();

  private Native() {}

  /**
   * Loads the library once: from the file that the property {@code io.understudy.library} names,
   * else {@code libunderstudy_java.so} of {@code java.library.path}.
   */
  static synchronized void load() {
    if (LOADED.get()) return;
    String file = System.getProperty("io.understudy.library");
    if (file != null) {
      System.load(file);
    } else {
      System.loadLibrary("understudy_java");
    }
    if (abiVersion() < ABI_VERSION) {
      throw new UnsatisfiedLinkError(
          "libunderstudy has ABI version " + abiVersion() + ", needed is " + ABI_VERSION);
    }
    LOADED.set(true);
  }

  static native int abiVersion();

  static native void setLog(LogWriter writer);

  static native byte[] loadOptions(byte[] path);

  static native void freeOptions(long options);

  static native byte[] open(long options, Hooks hooks);

  static native void free(long node, long hooks);

  static native int readiness(long node);

  static native byte[] waitReady(long node, int least, int milliseconds);

  static native void drain(long node);

  static native byte[] reloadKeys(long node);

  static native byte[] statistics(long node);

  static native byte[] metrics(long node);

  static native byte[] begin(long node, byte[] request, boolean isTls, boolean isExclusive);

  static native byte[] finish(long session);

  static native void drop(long session);

  static native byte[] headersFor(long node, byte[] request, boolean isTls);

  static native byte[] get(long session, byte[] name);

  static native byte[] names(long session);

  static native int set(long session, byte[] name, byte[] value);

  static native int remove(long session, byte[] name);

  static native int invalidate(long session);

  static native byte[] rotateId(long session);

  static native int storeResponse(long session, int status, byte[] headers, byte[] body);

  static native byte[] refusal(long session);

  // Called by the library. What a listener throws goes where uncaught exceptions go, and the
  // library's thread goes on.

  static void onReadiness(Hooks hooks, int readiness) {
    guarded(() -> hooks.onReadiness(Readiness.of(readiness)));
  }

  static void onSessionLost(Hooks hooks, byte[] id) {
    guarded(() -> hooks.onSessionLost(new String(id, StandardCharsets.US_ASCII)));
  }

  static void onLog(LogWriter writer, int severity, byte[] line) {
    guarded(() -> writer.write(Severity.of(severity), new String(line, StandardCharsets.UTF_8)));
  }

  private static void guarded(Runnable call) {
    Thread thread = Thread.currentThread();
    try {
      call.run();
    } catch (Throwable thrown) {
      thread.getUncaughtExceptionHandler().uncaughtException(thread, thrown);
    }
  }
}

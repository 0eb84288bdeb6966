// SPDX-License-Identifier: Apache-2.0
package io.understudy.servlet;

import java.nio.ByteBuffer;

/**
 * What a servlet container knows of a session beside its attributes; kept as an attribute of the
 * SDK's session. Not thread-safe.
 */
public final class SessionFacts {
  /** Its attribute, and the beginning of all names that are not the application's. */
  static final String NAME = "io.understudy.session";

  static final String RESERVED = "io.understudy.";

  private static final int VERSION = 1;
  private static final int SIZE = 1 + Long.BYTES + Long.BYTES + Integer.BYTES;
  private static final long TOUCH_MAX_MS = 60_000;

  private final long created;
  private final long lastAccessed;
  private int maxInactiveSeconds;
  private boolean isChanged;

  private SessionFacts(long created, long lastAccessed, int maxInactiveSeconds, boolean isChanged) {
    this.created = created;
    this.lastAccessed = lastAccessed;
    this.maxInactiveSeconds = maxInactiveSeconds;
    this.isChanged = isChanged;
  }

  static SessionFacts fresh(long now, int maxInactiveSeconds) {
    return new SessionFacts(now, now, maxInactiveSeconds, true);
  }

  /** Of a session that has none, or one that cannot be read: as if it began now. */
  static SessionFacts read(byte[] bytes, long now, int maxInactiveSeconds) {
    if (bytes == null || bytes.length < SIZE || bytes[0] != VERSION) {
      return fresh(now, maxInactiveSeconds);
    }
    ByteBuffer in = ByteBuffer.wrap(bytes, 1, SIZE - 1);
    return new SessionFacts(in.getLong(), in.getLong(), in.getInt(), false);
  }

  byte[] bytes(long now) {
    return ByteBuffer.allocate(SIZE)
        .put((byte) VERSION)
        .putLong(created)
        .putLong(now)
        .putInt(maxInactiveSeconds)
        .array();
  }

  /** In milliseconds since 1970. */
  public long created() {
    return created;
  }

  /** Of the last request before this one that changed the session or was due to be noted. */
  public long lastAccessed() {
    return lastAccessed;
  }

  /** 0 or less: as long as SessionTimeout lets it. */
  public int maxInactiveSeconds() {
    return maxInactiveSeconds;
  }

  public void setMaxInactiveSeconds(int seconds) {
    isChanged = isChanged || seconds != maxInactiveSeconds;
    maxInactiveSeconds = seconds;
  }

  boolean isChanged() {
    return isChanged;
  }

  boolean isExpired(long now) {
    return maxInactiveSeconds > 0 && now - lastAccessed >= maxInactiveSeconds * 1000L;
  }

  /** Whether a request that changed nothing is noted all the same, so that it does not expire. */
  boolean isTouchDue(long now) {
    return maxInactiveSeconds > 0
        && now - lastAccessed > Math.min(maxInactiveSeconds * 100L, TOUCH_MAX_MS);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.understudy;

import java.util.List;
import java.util.Objects;

/**
 * What the SDK says about the response. With status 0 the handler's own response is sent, with
 * these headers added to it; with any other, this reply is sent in its place, as it is. A value;
 * any thread.
 */
public final class Reply {
  private final int status;
  private final List<Header> headers;
  private final byte[] body;
  private final SessionNote note;

  Reply(int status, List<Header> headers, byte[] body, SessionNote note) {
    this.status = status;
    this.headers = List.copyOf(headers);
    this.body = body;
    this.note = note;
  }

  /** A handler's answer, for {@link Session#storeResponse}. */
  public static Reply of(int status, List<Header> headers, byte[] body) {
    return new Reply(status, headers, Objects.requireNonNull(body, "body"), SessionNote.NONE);
  }

  public int status() {
    return status;
  }

  /** True when the handler's own response is sent. */
  public boolean isRelease() {
    return status == 0;
  }

  public List<Header> headers() {
    return headers;
  }

  /** The array itself, not a copy. Empty with status 0. */
  public byte[] body() {
    return body;
  }

  public SessionNote note() {
    return note;
  }
}

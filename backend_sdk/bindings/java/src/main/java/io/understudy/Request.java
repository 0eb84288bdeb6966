// SPDX-License-Identifier: Apache-2.0
package io.understudy;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A request, as far as a session cares: method, target and headers as they came. Filled by one
 * thread, then given to {@link Node#begin}.
 */
public final class Request {
  private final String method;
  private final String target;
  private final List<Header> headers = new ArrayList<>();
  private boolean isTls;
  private boolean isExclusive;

  /**
   * @param target as on the request line: {@code /count?x=1}
   */
  public Request(String method, String target) {
    this.method = Objects.requireNonNull(method, "method");
    this.target = Objects.requireNonNull(target, "target");
  }

  /** Repeated headers are added as often as they came. */
  public Request header(String name, String value) {
    headers.add(new Header(name, value));
    return this;
  }

  /** The client's side was TLS; the session's cookie then gets Secure. */
  public Request tls(boolean is) {
    isTls = is;
    return this;
  }

  /** No other exclusive request of this session runs at the same time, in the whole cluster. */
  public Request exclusive(boolean is) {
    isExclusive = is;
    return this;
  }

  boolean isTls() {
    return isTls;
  }

  boolean isExclusive() {
    return isExclusive;
  }

  byte[] packed() {
    return new Packet.Writer().text(method).text(target).headers(headers).bytes();
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.understudy.servlet;

import io.understudy.Header;
import io.understudy.Reply;
import jakarta.servlet.http.HttpServletResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** A whole response, as it can be sent again: see {@link io.understudy.Session#storeResponse}. */
final class Recorded {
  /** What the container writes anew, and what belongs to one connection. */
  private static final Set<String> NOT_KEPT =
      Set.of("date", "content-length", "transfer-encoding", "connection", "keep-alive", "server");

  private final HttpServletResponse response;
  private final byte[] body;

  Recorded(HttpServletResponse response, byte[] body) {
    this.response = response;
    this.body = body;
  }

  Reply reply() {
    List<Header> headers = new ArrayList<>();
    for (String name : Set.copyOf(response.getHeaderNames())) {
      String lower = name.toLowerCase(Locale.ROOT);
      if (NOT_KEPT.contains(lower) || lower.equals("content-type")) continue;
      for (String value : response.getHeaders(name)) headers.add(new Header(name, value));
    }
    String type = response.getContentType();
    if (type != null) headers.add(new Header("Content-Type", type));
    return Reply.of(response.getStatus(), headers, body);
  }
}

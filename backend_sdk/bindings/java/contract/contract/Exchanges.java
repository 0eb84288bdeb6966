// SPDX-License-Identifier: Apache-2.0
package contract;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import io.understudy.Decision;
import io.understudy.Header;
import io.understudy.Node;
import io.understudy.Reply;
import io.understudy.Request;
import io.understudy.Session;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** Carries requests of the JDK's HTTP server to the SDK and to the endpoints, and back. */
final class Exchanges implements HttpHandler {
  /** What answers a path. */
  record Endpoint(boolean hasSession, boolean isExclusive, Handler handler) {}

  /** The session is null where the endpoint has none. */
  interface Handler {
    Reply answer(Session session, Call call) throws Exception;
  }

  /** A request as an endpoint sees it. */
  record Call(String method, Map<String, String> query, byte[] body) {}

  private final Node node;
  private final Map<String, Endpoint> endpoints;

  Exchanges(Node node, Map<String, Endpoint> endpoints) {
    this.node = node;
    this.endpoints = endpoints;
  }

  @Override
  public void handle(HttpExchange http) throws IOException {
    try (http) {
      String path = http.getRequestURI().getRawPath();
      Endpoint endpoint = endpoints.get(http.getRequestMethod() + " " + path);
      byte[] body = http.getRequestBody().readAllBytes();
      if (path.startsWith("/.understudy/")) {
        send(http, node.begin(request(http, false)).reply(), List.of());
      } else if (endpoint == null) {
        send(http, Endpoints.text(404, "There is nothing at this path.\n"), news(http));
      } else if (!endpoint.hasSession()) {
        send(http, answer(endpoint, null, http, body), news(http));
      } else {
        withSession(http, endpoint, body);
      }
    }
  }

  private void withSession(HttpExchange http, Endpoint endpoint, byte[] body) throws IOException {
    Decision decision = node.begin(request(http, endpoint.isExclusive()));
    if (decision.reply() != null) {
      send(http, decision.reply(), List.of());
      return;
    }
    Reply answer;
    Reply release;
    try (Session session = decision.session()) {
      answer = answer(endpoint, session, http, body);
      if (answer == null) { // it threw: nothing is committed
        session.close();
        send(http, Endpoints.text(500, "The application failed to make a response.\n"), news(http));
        return;
      }
      release = session.finish();
    }
    if (release.isRelease()) {
      send(http, answer, release.headers());
    } else {
      send(http, release, List.of());
    }
  }

  /** Null: it threw. */
  private static Reply answer(Endpoint endpoint, Session session, HttpExchange http, byte[] body) {
    try {
      return endpoint
          .handler()
          .answer(session, new Call(http.getRequestMethod(), Endpoints.query(http), body));
    } catch (Exception thrown) {
      System.err.println(
          http.getRequestMethod() + " " + http.getRequestURI().getRawPath() + " threw " + thrown);
      return null;
    }
  }

  private List<Header> news(HttpExchange http) {
    return node.headersFor(request(http, false)).headers();
  }

  private static Request request(HttpExchange http, boolean isExclusive) {
    Request request = new Request(http.getRequestMethod(), http.getRequestURI().toString());
    http.getRequestHeaders()
        .forEach((name, values) -> values.forEach(value -> request.header(name, value)));
    return request.exclusive(isExclusive);
  }

  private static void send(HttpExchange http, Reply reply, List<Header> more) throws IOException {
    if (reply == null) {
      reply = Endpoints.text(500, "The application failed to make a response.\n");
    }
    reply.headers().forEach(each -> http.getResponseHeaders().add(each.name(), each.value()));
    more.forEach(each -> http.getResponseHeaders().add(each.name(), each.value()));
    boolean hasBody = reply.body().length > 0 && !http.getRequestMethod().equals("HEAD");
    http.sendResponseHeaders(reply.status(), hasBody ? reply.body().length : -1);
    if (hasBody) http.getResponseBody().write(reply.body());
  }

  /** A JSON text of HTTP's characters. */
  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}

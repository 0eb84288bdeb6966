// SPDX-License-Identifier: Apache-2.0
package contract;

import com.sun.net.httpserver.HttpExchange;
import contract.Exchanges.Call;
import contract.Exchanges.Endpoint;
import contract.Exchanges.Handler;
import io.understudy.Header;
import io.understudy.Node;
import io.understudy.Readiness;
import io.understudy.Reply;
import io.understudy.Session;
import io.understudy.SessionRefusedException;
import io.understudy.Statistics;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What the contract's driver asks: see tests/contract. */
final class Endpoints {
  private static final int SIZE_MAX = 64 << 20;
  private static final int SLOW_MAX_MS = 60_000;

  private final Node node;
  private final Map<String, Endpoint> all = new HashMap<>();

  private Endpoints(Node node) {
    this.node = node;
    without("GET /ready", (session, call) -> ready());
    without("GET /statistics", (session, call) -> json(node.statistics()));
    without("POST /fork", (session, call) -> text(501, "A JVM does not fork.\n"));
    shared("POST /set", Endpoints::set);
    shared("GET /get", Endpoints::get);
    shared("POST /remove", Endpoints::remove);
    exclusive("POST /count", this::count);
    shared("GET /value", (session, call) -> counter(session, countOf(session)));
    shared("POST /login", Endpoints::login);
    shared("GET /whoami", (session, call) -> json("{\"user\":" + quoted(user(session)) + "}\n"));
    shared("POST /logout", Endpoints::logout);
    exclusive("POST /append", Endpoints::append);
    shared("POST /size", Endpoints::size);
    shared("GET /throw", Endpoints::fail);
    shared("GET /slow", Endpoints::slow);
  }

  /** By method and path. */
  static Map<String, Endpoint> all(Node node) {
    return Map.copyOf(new Endpoints(node).all);
  }

  private void without(String what, Handler handler) {
    all.put(what, new Endpoint(false, false, handler));
  }

  private void shared(String what, Handler handler) {
    all.put(what, new Endpoint(true, false, handler));
  }

  private void exclusive(String what, Handler handler) {
    all.put(what, new Endpoint(true, true, handler));
  }

  private Reply ready() {
    Readiness now = node.readiness();
    return text(now == Readiness.PROTECTED ? 200 : 503, now.name().toLowerCase(Locale.ROOT));
  }

  private static Reply set(Session session, Call call) {
    session.set(call.query().get("name"), call.body());
    return empty();
  }

  private static Reply get(Session session, Call call) {
    byte[] value = session.get(call.query().get("name"));
    if (value == null) return text(404, "There is no such attribute.\n");
    return reply(200, "application/octet-stream", value);
  }

  private static Reply remove(Session session, Call call) {
    session.remove(call.query().get("name"));
    return empty();
  }

  private Reply count(Session session, Call call) {
    if (session.isReplayed()) return counter(session, countOf(session));
    long count = countOf(session) + 1;
    session.set("count", Exchanges.bytes(Long.toString(count)));
    session.storeResponse(json(counterText(session, count, true)));
    return counter(session, count);
  }

  private static long countOf(Session session) {
    byte[] count = session.get("count");
    return count == null ? 0 : Long.parseLong(new String(count, StandardCharsets.US_ASCII));
  }

  private Reply counter(Session session, long count) {
    return json(counterText(session, count, session.isReplayed()));
  }

  private String counterText(Session session, long count, boolean isReplayed) {
    return String.format(
        "{\"session\":\"%s\",\"count\":%d,\"member\":\"%s\",\"replayed\":%b}\n",
        session.id(), count, node.memberName(), isReplayed);
  }

  private static Reply login(Session session, Call call) {
    session.set("user", Exchanges.bytes(call.query().getOrDefault("user", "")));
    String id = session.rotateId();
    return json("{\"session\":\"" + id + "\",\"user\":" + quoted(user(session)) + "}\n");
  }

  private static String user(Session session) {
    byte[] user = session.get("user");
    return user == null ? null : new String(user, StandardCharsets.UTF_8);
  }

  private static Reply logout(Session session, Call call) {
    session.invalidate();
    return empty();
  }

  private static Reply append(Session session, Call call) {
    byte[] before = session.get("log");
    String log = before == null ? "" : new String(before, StandardCharsets.UTF_8);
    if (!session.isReplayed()) log += call.query().getOrDefault("text", "");
    session.set("log", Exchanges.bytes(log));
    return text(200, log);
  }

  private static Reply size(Session session, Call call) {
    int bytes = Integer.parseInt(call.query().getOrDefault("bytes", "0"));
    if (bytes < 0 || bytes > SIZE_MAX) return text(400, "bytes is 0 to " + SIZE_MAX + "\n");
    try {
      session.set("big", new byte[bytes]);
    } catch (SessionRefusedException refused) {
      return empty(); // finish() answers 500 with the text
    }
    return empty();
  }

  private static Reply fail(Session session, Call call) {
    session.set("thrown", Exchanges.bytes("1"));
    throw new IllegalStateException("the contract's /throw");
  }

  private static Reply slow(Session session, Call call) throws InterruptedException {
    int milliseconds = Integer.parseInt(call.query().getOrDefault("ms", "0"));
    Thread.sleep(Math.min(milliseconds, SLOW_MAX_MS));
    return text(200, "slow\n");
  }

  // --- replies -----------------------------------------------------------------------------------

  private static Reply reply(int status, String type, byte[] body) {
    return Reply.of(status, List.of(new Header("Content-Type", type)), body);
  }

  private static Reply empty() {
    return Reply.of(204, List.of(), new byte[0]);
  }

  static Reply text(int status, String text) {
    return reply(status, "text/plain; charset=utf-8", Exchanges.bytes(text));
  }

  private static Reply json(String text) {
    return reply(200, "application/json", Exchanges.bytes(text));
  }

  private static Reply json(Statistics its) throws ReflectiveOperationException {
    StringBuilder text = new StringBuilder("{");
    for (var component : Statistics.class.getRecordComponents()) {
      String name = component.getName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
      if (text.length() > 1) text.append(',');
      text.append('"').append(name).append("\":").append(component.getAccessor().invoke(its));
    }
    return json(text.append("}\n").toString());
  }

  private static String quoted(String text) {
    if (text == null) return "null";
    StringBuilder out = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\') out.append('\\');
      out.append(c < ' ' ? String.format("\\u%04x", (int) c) : String.valueOf(c));
    }
    return out.append('"').toString();
  }

  static Map<String, String> query(HttpExchange http) {
    Map<String, String> query = new HashMap<>();
    String raw = http.getRequestURI().getRawQuery();
    for (String part : raw == null ? new String[0] : raw.split("&")) {
      int equals = part.indexOf('=');
      if (equals > 0) query.put(part.substring(0, equals), decoded(part.substring(equals + 1)));
    }
    return query;
  }

  private static String decoded(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }
}

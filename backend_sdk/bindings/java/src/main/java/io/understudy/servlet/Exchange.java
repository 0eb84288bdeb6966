// SPDX-License-Identifier: Apache-2.0
package io.understudy.servlet;

import io.understudy.Decision;
import io.understudy.Header;
import io.understudy.Node;
import io.understudy.Reply;
import io.understudy.Request;
import io.understudy.Session;
import io.understudy.SessionRefusedException;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * One request with its session: begun before the servlet runs, finished before the first byte of
 * the response leaves. The threads of one request may share it.
 *
 * <p>A session that is invalidated and asked for again in the same request goes on under a new id
 * and with no attribute: the SDK has one session for a request.
 */
public final class Exchange {
  /** The request's attribute in which it is kept. */
  public static final String ATTRIBUTE = "io.understudy.exchange";

  private static final String LOGIN = SessionFacts.RESERVED + "login";

  private static final Logger LOG = Logger.getLogger(Exchange.class.getName());

  private final Node node;
  private final Settings settings;
  private final HttpServletRequest request;
  private final Session session;
  private final SessionValues values;
  private final String requestedId;
  private final boolean isSentByProxy;
  private SessionFacts facts;
  private Object face;
  private boolean exists;
  private boolean isNew;
  private boolean isInvalidated;
  private boolean isLoginChanged;
  private byte[] login;
  private boolean isOver;

  private Exchange(
      Node node,
      Settings settings,
      ValueCodec codec,
      HttpServletRequest request,
      Session session,
      ClassLoader loader,
      Supplier<HttpSession> listening) {
    this.node = node;
    this.settings = settings;
    this.request = request;
    this.session = session;
    values = new SessionValues(session, settings, codec, loader, listening);
    exists = !session.isNew();
    requestedId = exists ? session.id() : null;
    isSentByProxy = request.getHeader("Understudy-Request-Id") != null;
  }

  /** What {@link #begin} found: exactly one of both is there. */
  public record Begun(Exchange exchange, Reply reply) {}

  /**
   * Waits for the session.
   *
   * @param loader of the application's classes
   * @param maxInactiveSeconds of a new session
   * @param face what values that listen are told is their session; asked with the exchange
   */
  public static Begun begin(
      Node node,
      Settings settings,
      ValueCodec codec,
      HttpServletRequest request,
      ClassLoader loader,
      int maxInactiveSeconds,
      Function<Exchange, HttpSession> face) {
    Decision decision =
        node.begin(
            sdkRequest(request)
                .tls(request.isSecure())
                .exclusive(settings.isExclusive(request.getMethod())));
    if (decision.reply() != null) return new Begun(null, decision.reply());
    Exchange[] self = new Exchange[1];
    self[0] =
        new Exchange(
            node, settings, codec, request, decision.session(), loader, () -> face.apply(self[0]));
    self[0].readFacts(maxInactiveSeconds);
    return new Begun(self[0], null);
  }

  /** A request as the SDK takes it. */
  public static Request sdkRequest(HttpServletRequest request) {
    String query = request.getQueryString();
    String target = request.getRequestURI() + (query == null ? "" : "?" + query);
    Request out = new Request(request.getMethod(), target);
    for (String name : Collections.list(request.getHeaderNames())) {
      for (String value : Collections.list(request.getHeaders(name))) out.header(name, value);
    }
    return out;
  }

  private void readFacts(int maxInactiveSeconds) {
    long now = System.currentTimeMillis();
    facts =
        exists
            ? SessionFacts.read(session.get(SessionFacts.NAME), now, maxInactiveSeconds)
            : SessionFacts.fresh(now, maxInactiveSeconds);
  }

  // --- the session, as a container sees it -------------------------------------------------------

  /** Whether there is a session now. */
  public synchronized boolean exists() {
    return exists;
  }

  /** The client's session has been idle for longer than it may be; the container ends it. */
  public synchronized boolean isExpired() {
    return exists && facts.isExpired(System.currentTimeMillis());
  }

  /**
   * Makes a session, if there is none. When the exchange is over (an error page asks) it is an
   * empty one that cannot be changed.
   */
  public synchronized void create(int maxInactiveSeconds) {
    if (exists) return;
    if (isInvalidated && !isOver) {
      values.clear();
      session.rotateId();
      login = null;
      isLoginChanged = true;
      isInvalidated = false;
    }
    exists = true;
    isNew = true;
    face = null;
    facts = SessionFacts.fresh(System.currentTimeMillis(), maxInactiveSeconds);
  }

  /** Ends the session; its attributes can be read and removed until another one is made. */
  public synchronized void invalidate() {
    if (!exists) return;
    checkOpen();
    exists = false;
    isInvalidated = true;
  }

  /** Gives the new id. */
  public synchronized String rotateId() {
    checkOpen();
    return session.rotateId();
  }

  /** The client's secret. */
  public synchronized String id() {
    return session.id();
  }

  /** The id that the client's cookie named; null when there was no such session. */
  public String requestedId() {
    return requestedId;
  }

  public synchronized boolean isNew() {
    return isNew;
  }

  /** The proxy has sent this request before, and it was committed: changes have no effect. */
  public boolean isReplayed() {
    return session.isReplayed();
  }

  public Session session() {
    return session;
  }

  public SessionValues values() {
    return values;
  }

  public synchronized SessionFacts facts() {
    return facts;
  }

  /** The object that the container shows as this request's session; null before it has made one. */
  public synchronized Object face() {
    return face;
  }

  public synchronized void setFace(Object made) {
    face = made;
  }

  /** What a container keeps beside the attributes: who has logged in. Null: none. */
  public synchronized byte[] login() {
    if (!isLoginChanged && !isOver) login = session.get(LOGIN);
    return login;
  }

  public synchronized void setLogin(byte[] bytes) {
    checkOpen();
    login = bytes;
    isLoginChanged = true;
  }

  // --- the end -----------------------------------------------------------------------------------

  public synchronized boolean isOver() {
    return isOver;
  }

  /**
   * Commits, unless the servlet has failed, and waits for the copy.
   *
   * @param whole the response, if it is all there; null: the servlet goes on
   * @return null when it was over before
   */
  synchronized Reply finish(Recorded whole) {
    if (isOver) return null;
    if (request.getAttribute(RequestDispatcher.ERROR_EXCEPTION) != null) {
      if (whole == null) values.load();
      drop();
      return news();
    }
    try {
      boolean isChanged = write(whole == null);
      if (isChanged && whole != null && isSentByProxy && settings.isStored(request.getMethod())) {
        session.storeResponse(whole.reply());
      }
    } catch (SessionRefusedException refused) {
      LOG.log(Level.WARNING, "{0} {1}: {2}", about(refused)); // finish() answers 500
    } catch (IOException | RuntimeException failed) {
      LOG.log(Level.SEVERE, "{0} {1}: the session was not changed: {2}", about(failed));
      drop();
      return failure("The session was not changed: " + failed.getMessage() + ".\n");
    }
    isOver = true;
    values.seal();
    return session.finish();
  }

  /** For a response that a container has written by itself. It must not be over. */
  public Reply finishLate() {
    return finish(null);
  }

  /** Commits nothing. */
  public synchronized void drop() {
    isOver = true;
    values.seal();
    session.close();
  }

  /** Whether anything was changed. */
  private boolean write(boolean goesOn) throws IOException {
    if (isInvalidated && !exists) {
      if (!session.isNew()) session.invalidate();
      return !session.isNew();
    }
    if (!exists) return false;
    if (goesOn) {
      login();
      values.load();
    }
    boolean isChanged = values.flush(goesOn);
    if (isLoginChanged) {
      isChanged = true;
      if (login == null) {
        session.remove(LOGIN);
      } else {
        session.set(LOGIN, login);
      }
    }
    long now = System.currentTimeMillis();
    if (isChanged || facts.isChanged() || facts.isTouchDue(now)) {
      session.set(SessionFacts.NAME, facts.bytes(now));
      return true;
    }
    return false;
  }

  private Object[] about(Exception failed) {
    return new Object[] {request.getMethod(), request.getRequestURI(), failed.getMessage()};
  }

  private Reply news() {
    return node.headersFor(sdkRequest(request));
  }

  private Reply failure(String text) {
    List<Header> headers = new ArrayList<>(news().headers());
    headers.add(new Header("Content-Type", "text/plain; charset=utf-8"));
    return Reply.of(500, headers, text.getBytes(StandardCharsets.UTF_8));
  }

  private void checkOpen() {
    if (isOver) {
      throw new IllegalStateException("the response has begun and its session is committed");
    }
  }
}
